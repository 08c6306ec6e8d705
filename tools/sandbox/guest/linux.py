"""System calls that Python does not provide, through ctypes."""

import ctypes
import os
import struct
from collections.abc import Callable
from typing import Any

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1024, 4096, 16384, 1 << 18, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP = 1, 4, 22
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
_FILTER_MODE = 2
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR = -100, 0x8000, 442

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    """Return the result of a system call; raises OSError if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call by number."""
    return checked(_libc.syscall(*_converted(number, *arguments)))


def prepared_syscall(number: int, *arguments: Any) -> Callable[[], None]:
    """Return a function that makes a system call with arguments converted in advance.

    A fresh fork copies every page that it writes to, so a fork calls this rather than `syscall`.
    """
    converted, call = _converted(number, *arguments), _libc.syscall

    def make() -> None:
        if call(*converted) < 0:
            checked(-1)

    return make


def _converted(*arguments: Any) -> tuple[Any, ...]:
    return tuple(
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    )


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process."""
    checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def unshare(flags: int) -> None:
    """Move this process to new namespaces of the kinds in `flags`."""
    checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system."""
    checked(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
        )
    )


def unmount(target: str) -> None:
    """Detach a mount; the kernel removes it once it is no longer in use."""
    checked(_libc.umount2(target.encode(), MNT_DETACH))


def set_host_name(name: bytes) -> None:
    """Set the host name and clear the domain name in this UTS namespace."""
    checked(_libc.sethostname(name, len(name)))
    checked(_libc.setdomainname(b"", 0))


def add_mount_flags(path: str, flags: int) -> None:
    """Add flags such as MS_RDONLY to a mount and all mounts below it; needs Linux 5.12."""
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
    arguments = (_AT_FDCWD, path.encode(), _AT_RECURSIVE, attributes, len(attributes))
    syscall(_MOUNT_SETATTR, *arguments)


class Filter:
    """A seccomp filter of packed instructions, converted in advance."""

    def __init__(self, packed: bytes) -> None:
        self._instructions = ctypes.create_string_buffer(packed)
        address = ctypes.addressof(self._instructions)
        program = struct.pack("=HxxxxxxQ", len(packed) // 8, address)
        self._arguments = (PR_SET_SECCOMP, ctypes.c_ulong(_FILTER_MODE), program, 0, 0)

    def install(self) -> None:
        """Install the filter for this process, which must have `no_new_privileges` set."""
        checked(_libc.prctl(*self._arguments))


def install_filter(packed: bytes) -> None:
    """Install a seccomp filter from packed instructions."""
    Filter(packed).install()
