"""The few system calls that Python does not offer, through ctypes."""

import ctypes
import os
import struct
from typing import Any

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 1024, 4096, 16384, 1 << 18, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP = 1, 4, 22
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR = -100, 0x8000, 442

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    """Return a system call's result; raises OSError where it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call by its number."""
    wide: list[Any] = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return checked(_libc.syscall(ctypes.c_long(number), *wide))


def prctl(option: int, value: int) -> None:
    """Set one thing about this process."""
    checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def unshare(flags: int) -> None:
    """Leave the namespaces that are named by the flags for new ones."""
    checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system."""
    checked(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
        )
    )


def unmount(target: str) -> None:
    """Take a mount out of sight now; it goes when nobody uses it."""
    checked(_libc.umount2(target.encode(), MNT_DETACH))


def set_host_name(name: bytes) -> None:
    """Set what this machine and its domain are called, in a namespace of its own."""
    checked(_libc.sethostname(name, len(name)))
    checked(_libc.setdomainname(b"", 0))


def add_mount_flags(path: str, flags: int) -> None:
    """Give a mount and all below it flags such as MS_RDONLY; needs Linux 5.12 or newer."""
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
    arguments = (_AT_FDCWD, path.encode(), _AT_RECURSIVE, attributes, len(attributes))
    syscall(_MOUNT_SETATTR, *arguments)


def install_filter(packed: bytes) -> None:
    """Install a seccomp filter given as packed instructions."""
    buffer = ctypes.create_string_buffer(packed)
    program = struct.pack("=HxxxxxxQ", len(packed) // 8, ctypes.addressof(buffer))
    checked(_libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), program, 0, 0))
