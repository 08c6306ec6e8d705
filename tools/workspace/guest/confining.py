"""The isolation layers of a command besides its view: user, limits, Landlock and seccomp."""

import errno
import os
import resource
import signal
import struct
from contextlib import suppress
from pathlib import Path

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.sandbox.guest.landlock import ABI_NEEDED
from refinegraph.tools.workspace.guest import profile
from refinegraph.tools.workspace.guest.namespaces import User
from refinegraph.tools.workspace.guest.settings import Command, Settings

_MB = 1 << 20
_READ = 1 | 4 | 8
"""Landlock: execute, read files, list folders."""
_WRITE_DEVICE = 2 | 4 | 1 << 15
_ALL = (1 << 16) - 1
_FILE_RIGHTS = 1 | 2 | 4 | 1 << 14 | 1 << 15
_TCP, _SCOPES = 3, 3
_NAMES = ("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


class Confinement:
    """The layers that every command of a tree applies to itself before it is executed."""

    def __init__(self, settings: Settings, user: User, writable: tuple[str, ...]) -> None:
        self._settings = settings
        self._user = user
        self._writable = writable
        self.walled = not settings.copy
        """Whether commands have private namespaces and a private root."""
        self.max_files = settings.files
        self.missing: list[str] = []
        self._landlock = self._probe_landlock()
        own_files = self.walled or user.root
        self._filter = profile.command_filter(sockets=self.walled, own_files=own_files)
        walls = ("namespaces", "pid_namespace", "private_root", "private_folder")
        self.layers = [
            *(walls if self.walled else ()),
            *("limits", "unprivileged_user", "no_capabilities", "no_new_privileges", "seccomp"),
            *(("landlock",) if self._landlock else ()),
        ]

    def _probe_landlock(self) -> bool:
        if "landlock" in self._settings.disabled_layers:
            self.missing.append("landlock: left out")
            return False
        try:
            version = linux.syscall(syscalls.LANDLOCK_CREATE, None, 0, 1)
            if version < ABI_NEEDED:
                raise OSError(errno.ENOSYS, f"ABI {version}, {ABI_NEEDED} is needed (Linux 6.12)")
        except OSError as error:
            if not self.walled:
                error.add_note("landlock")
                raise
            self.missing.append(f"landlock: {error.strerror}")
            return False
        return True

    def take_up(self, command: Command) -> None:
        """Apply all layers to this process; on OSError, nothing may be executed."""
        rules = self._rules() if self._landlock else -1
        _drop_bounding_set()
        self._become_user()
        _limit(command)
        _drop_capabilities()
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        if rules >= 0:
            linux.syscall(syscalls.LANDLOCK_RESTRICT, rules, 0)
        linux.install_filter(self._filter)

    def _become_user(self) -> None:
        if self._user.root:
            number = self._user.number
            os.setgroups([])
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)

    def _rules(self) -> int:
        network = 0 if self.walled else _TCP
        attributes = struct.pack("=QQQ", _ALL, network, _SCOPES)
        rules = linux.syscall(syscalls.LANDLOCK_CREATE, attributes, len(attributes), 0)
        paths = ("/",) if self.walled else (*self._settings.readable, "/proc", *_NAMES)
        for path in paths:
            _allow(rules, path, _READ)
        for name in self._settings.frozen if not self.walled else ():
            _allow(rules, f"{self._settings.root}/{name}", _READ)
        for path in self._writable:
            _allow(rules, path, _ALL)
        for name in _DEVICES:
            _allow(rules, f"/dev/{name}", _WRITE_DEVICE)
        if self.walled:
            _allow(rules, "/dev/pts", _WRITE_DEVICE | 8)
            _allow(rules, "/proc", _READ | 2)
        return rules

    def end_everything(self) -> None:
        """Kill all remaining processes of the PID namespace."""
        if not self.walled:
            return
        with suppress(OSError):
            os.kill(-1, signal.SIGKILL)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        number = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            access &= _FILE_RIGHTS
        linux.syscall(syscalls.LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, number), 0)
    finally:
        os.close(number)


def _limit(command: Command) -> None:
    values = (
        (resource.RLIMIT_NPROC, command.processes),
        (resource.RLIMIT_NOFILE, command.open_files),
        (resource.RLIMIT_FSIZE, command.file_mb * _MB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    )
    for kind, value in values:
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _drop_bounding_set() -> None:
    """Drop the capabilities that an executed program could gain, while that is still allowed."""
    for capability in range(64):
        try:
            linux.prctl(linux.PR_CAPBSET_DROP, capability)
        except OSError:
            break


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", 0x20080522, 0)
    number = syscalls.number_of(syscalls.WORKER_ONLY["capset"])
    linux.syscall(number, header, struct.pack("=6I", *[0] * 6))
