"""Restrict a program's file access, TCP connections and signals with Landlock."""

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux, private_root, syscalls
from refinegraph.tools.sandbox.guest.settings import Settings

ABI_NEEDED = 6
"""The first version that confines signals and abstract sockets."""

_ALL_FILES = (1 << 16) - 1
_RESOLVE_UNIX, _ABI_RESOLVE_UNIX = 1 << 16, 9
"""The right to connect to a socket by path; on older kernels the seccomp filter prevents it."""
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TCP, _SCOPES = 3, 3


def prepare(settings: Settings, folder: str | None) -> int:
    """Return a ruleset as a descriptor that any number of runs can apply."""
    version = linux.syscall(syscalls.LANDLOCK_CREATE, None, 0, 1)
    if version < ABI_NEEDED:
        raise OSError(errno.ENOSYS, f"ABI {version}, {ABI_NEEDED} is needed (Linux 6.12 or newer)")
    files = _ALL_FILES | (_RESOLVE_UNIX if version >= _ABI_RESOLVE_UNIX else 0)
    attributes = struct.pack("=QQQ", files, _TCP, _SCOPES)
    rules = linux.syscall(syscalls.LANDLOCK_CREATE, attributes, len(attributes), 0)
    for path in private_root.readable_paths(settings.readable):
        _allow(rules, path, _READ_FILE | _READ_FOLDER)
    for name in private_root.DEVICES:
        _allow(rules, f"/dev/{name}", _READ_FILE | _WRITE_FILE)
    if folder:
        _allow(rules, folder, _ALL_FILES & ~_EXECUTE)
    return rules


def restricting(rules: int) -> Callable[[], None]:
    """Return a function that applies a ruleset to the process that calls it."""
    return linux.prepared_syscall(syscalls.LANDLOCK_RESTRICT, rules, 0)


def _allow(rules: int, path: str, access: int) -> None:
    number = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not Path(path).is_dir():
            access &= _EXECUTE | _WRITE_FILE | _READ_FILE
        linux.syscall(syscalls.LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, number), 0)
    finally:
        os.close(number)
