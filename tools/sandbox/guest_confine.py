# pyright: basic
"""Confine the process that calls it, layer by layer. Linux; standard library only.

Each layer is applied by doing it; what the system refuses is reported with its error and never
passed over in silence. Applied before any line of a program is read.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

UNPRIVILEGED = 61_000
"""The user that programs run as where the caller is root."""

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 4096, 16384, 1 << 18, 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column in the tables below, and the architecture as seccomp names it."""

_PIVOT_ROOT, _CAPSET, _CLONE = (155, 41), (126, 91), (56, 220)
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_ABI_NEEDED = 6
_CLONE_THREAD = 0x10000

_DENIED = (
    # processes
    *((57, None), (58, None), (59, 221), (322, 281), (101, 117), (62, 129), (200, 130)),
    *((310, 270), (311, 271), (312, 272), (424, 424), (434, 434), (438, 438), (440, 440)),
    # networks, other ways to talk, and shared memory
    *((41, 198), (319, 279), (447, 447), (29, 194), (30, 196), (31, 195), (68, 186), (64, 190)),
    *((240, 180), (65, 193), (69, 189), (70, 188)),
    # mounts, namespaces, other users' files
    *((165, 40), (166, 39), (155, 41), (161, 51), (272, 97), (308, 268), (303, 264), (304, 265)),
    *((428, 428), (429, 429), (430, 430), (431, 431), (432, 432), (433, 433), (442, 442)),
    # the kernel itself
    *((321, 280), (298, 241), (248, 217), (249, 218), (250, 219), (323, 282), (425, 425)),
    *((426, 426), (427, 427), (175, 105), (313, 273), (176, 106), (246, 104), (320, 294)),
    *((135, 92), (317, 277), (169, 142), (167, 224), (168, 225), (170, 161), (171, 162)),
    *((164, 170), (227, 112), (172, None), (173, None), (163, 89), (179, 60), (103, 116)),
)
"""System calls refused with EPERM, as numbers on x86-64 and arm64."""

_libc = ctypes.CDLL(None, use_errno=True)


def confine(limits: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Apply every layer and return the names of those in force and of those missing, with why."""
    done: list[str] = []
    missing: list[str] = []

    def layer(name: str, apply: Callable[[], None]) -> None:
        try:
            apply()
        except OSError as error:
            missing.append(f"{name}: {error.strerror or error}")
        except Exception as error:
            missing.append(f"{name}: {error}")
        else:
            done.append(name)

    if sys.platform != "linux":
        layer("limits", lambda: _limit(limits))
        return done, [*missing, "landlock: not on this system", "seccomp: not on this system"]
    root = os.geteuid() == 0
    layer("parent_death", lambda: _prctl(_PR_SET_PDEATHSIG, 9))
    layer("namespaces", lambda: _unshare(root))
    home = ["/tmp"]
    if "namespaces" in done:
        layer("private_root", lambda: _enter_private_root(limits))
    if "private_root" not in done:
        home[0] = tempfile.mkdtemp(prefix="refinegraph-") if not root else "/tmp"
    os.chdir(home[0])
    if root:
        _become_unprivileged()
        done.append("unprivileged_user")
    layer("no_new_privileges", lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1))
    layer("no_capabilities", _drop_capabilities)
    layer("landlock", lambda: _landlock(home[0]))
    layer("limits", lambda: _limit(limits))
    layer("seccomp", _seccomp)
    _prctl(_PR_SET_DUMPABLE, 0)
    return done, missing


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _column() -> tuple[int, int]:
    machine = platform.machine()
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, "no table of system calls for " + machine)
    return _MACHINES[machine]


def _syscall(number: int, *arguments: Any) -> int:
    wide: list[Any] = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *wide))


def _prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def _unshare(root: bool) -> None:
    user, group = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWUTS | _NEWIPC | _NEWNET
    _check(_libc.unshare(flags if root else flags | _NEWUSER))
    if root:
        return
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"1000 {user} 1"),
        ("gid_map", f"1000 {group} 1"),
    ):
        Path("/proc/self", name).write_text(text)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _check(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
        )
    )


def _enter_private_root(limits: dict[str, Any]) -> None:
    """Make a root that holds nothing but the interpreter, read-only, and an empty /tmp."""
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    new = tempfile.mkdtemp(prefix="refinegraph-root-")
    try:
        _fill_root(new, limits)
    finally:
        _leave_no_folder(new)


def _fill_root(new: str, limits: dict[str, Any]) -> None:
    _mount("none", new, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path in readable_paths():
        _show(path, new)
    Path(new, "tmp").mkdir()
    size = max(1, limits["file_mb"])
    _mount(
        "none",
        new + "/tmp",
        "tmpfs",
        _MS_NOSUID | _MS_NODEV,
        f"size={size}m,nr_inodes=1024,mode=1777",
    )
    Path(new, "old").mkdir()
    _syscall(_PIVOT_ROOT[_column()[0]], new.encode(), (new + "/old").encode())
    os.chdir("/")
    _check(_libc.umount2(b"/old", _MNT_DETACH))
    Path("/old").rmdir()
    _mount("none", "/", "", _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _leave_no_folder(new: str) -> None:
    """Remove the folder that the root was mounted on; gone from sight once inside it."""
    with suppress(OSError):
        Path(new).rmdir()


def readable_paths() -> list[str]:
    """Return what the interpreter needs to go on importing its standard library."""
    wanted = (sys.base_prefix, sys.base_exec_prefix, "/usr/lib", "/usr/lib64", "/lib", "/lib64")
    found: list[str] = []
    for path in wanted:
        inside = any(path == other or path.startswith(other + "/") for other in found)
        if Path(path).is_dir() and not inside:
            found.append(path)
    return found


def _show(path: str, new: str) -> None:
    target = new + path
    if Path(path).is_symlink():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).symlink_to(Path(path).readlink())
        return
    Path(target).mkdir(parents=True, exist_ok=True)
    _mount(path, target, "", _MS_BIND | _MS_REC)
    flags = _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV
    _mount("none", target, "", flags)


def _become_unprivileged() -> None:
    os.setgroups([])
    os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)


def _drop_capabilities() -> None:
    header = struct.pack("=Ii", 0x20080522, 0)
    _syscall(_CAPSET[_column()[0]], header, struct.pack("=6I", *[0] * 6))


def _landlock(home: str) -> None:
    """Allow reading the interpreter and writing one folder; no TCP, no signals outside."""
    version = _syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < _LANDLOCK_ABI_NEEDED:
        raise OSError(errno.ENOSYS, f"ABI {version}, {_LANDLOCK_ABI_NEEDED} is needed")
    attributes = struct.pack("=QQQ", (1 << 16) - 1, 3, 3)
    rules = _syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    reading, all_but_execute = 0b1101, ((1 << 16) - 1) & ~1
    for path, access in [*((each, reading) for each in readable_paths()), (home, all_but_execute)]:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        _syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, folder), 0)
        os.close(folder)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _syscall(_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _limit(limits: dict[str, Any]) -> None:
    used = _address_space()
    space = used + limits["memory_mb"] * 1024 * 1024
    file_size = limits["file_mb"] * 1024 * 1024
    for kind, value in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NPROC, 64),
    ):
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    """Return the bytes of address space in use; a guess where they cannot be read."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
        return int(pages) * resource.getpagesize()
    except OSError:
        return 128 * 1024 * 1024


def _seccomp() -> None:
    """Refuse the system calls that no program under test needs, and every new process."""
    column, architecture = _column()
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, refuse = 0x80000000, 0x7FFF0000, 0x00050000
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, 0, 1, 0x40000000),
        (give, 0, 0, refuse | errno.ENOSYS),
        (equal, 0, 1, 435),
        (give, 0, 0, refuse | errno.ENOSYS),
    ]
    for numbers in _DENIED:
        number = numbers[column]
        if number is not None:
            program += [(equal, 0, 1, number), (give, 0, 0, refuse | errno.EPERM)]
    program += [
        (equal, 0, 3, _CLONE[column]),
        (load, 0, 0, 16),
        (any_bit, 1, 0, _CLONE_THREAD),
        (give, 0, 0, refuse | errno.EAGAIN),
        (give, 0, 0, allow),
    ]
    packed = b"".join(struct.pack("=HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(packed)
    filters = struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(buffer))
    _check(_libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(2), filters, 0, 0))
