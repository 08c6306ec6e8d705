"""The seccomp filter of commands.

Commands are compilers, interpreters and test runners in any language, so the filter is a deny list.
System calls that are newer than its table are refused as unknown.
"""

import errno
import struct
from functools import cache

from refinegraph.tools.sandbox.guest import syscalls
from refinegraph.tools.sandbox.guest.seccomp import Instruction
from refinegraph.tools.sandbox.guest.syscalls import Numbers

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_NEWEST_KNOWN = 462
_NEW_NAMESPACES = 0x7E020000
_TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: type into a terminal."""
_UNIX, _INTERNET, _INTERNET6, _NETLINK = 1, 2, 10, 16

REFUSED: dict[str, Numbers] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # the kernel itself
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "personality": (135, 92),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # objects that outlive their process, and memory without an owner
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}
_UNWATCHED: dict[str, Numbers] = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
_CLONE: Numbers = (56, 220)
_SOCKET: Numbers = (41, 198)
_IOCTL: Numbers = (16, 29)
_LIMITS: Numbers = (302, 261)


@cache
def command_filter(*, sockets: bool = True, own_files: bool = True) -> bytes:
    """Return the packed filter.

    Without `sockets`, only pairs of connected sockets are allowed. Without `own_files`, calls that
    change the modes, times and owners of files, which Landlock does not control, appear to succeed
    but do nothing.
    """
    column = syscalls.this_machine().column
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, syscalls.this_machine().audit),
        (_GIVE, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _NEWEST_KNOWN + 1),
        (_GIVE, 0, 0, _REFUSE | errno.ENOSYS),
        *_refused(syscalls.CLONE3, errno.ENOSYS),
    ]
    for numbers in REFUSED.values():
        program += _refused(numbers[column], errno.EPERM)
    for numbers in () if own_files else _UNWATCHED.values():
        program += _refused(numbers[column], 0)
    program += _clone(column)
    program += _terminal(column)
    program += _own_limits(column)
    program += _sockets(column) if sockets else _refused(_SOCKET[column], errno.EPERM)
    program.append((_GIVE, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _refused(number: int | None, error: int) -> list[Instruction]:
    if number is None:
        return []
    return [(_EQUAL, 0, 1, number), (_GIVE, 0, 0, _REFUSE | error)]


def _within(number: int | None, body: list[Instruction]) -> list[Instruction]:
    """Return instructions that apply to one system call and are skipped for others."""
    assert number is not None
    return [(_EQUAL, 0, len(body), number), *body]


def _clone(column: int) -> list[Instruction]:
    return _within(
        _CLONE[column],
        [
            (_LOAD, 0, 0, _FIRST),
            (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
            (_GIVE, 0, 0, _REFUSE | errno.EPERM),
            (_GIVE, 0, 0, _ALLOW),
        ],
    )


def _terminal(column: int) -> list[Instruction]:
    body: list[Instruction] = [(_LOAD, 0, 0, _SECOND)]
    for request in _TERMINAL_INPUT:
        body += [(_EQUAL, 0, 1, request), (_GIVE, 0, 0, _REFUSE | errno.EPERM)]
    return _within(_IOCTL[column], [*body, (_GIVE, 0, 0, _ALLOW)])


def _own_limits(column: int) -> list[Instruction]:
    """Allow a process to change its own limits, which it can only lower."""
    return _within(
        _LIMITS[column],
        [
            (_LOAD, 0, 0, _FIRST),
            (_EQUAL, 1, 0, 0),
            (_GIVE, 0, 0, _REFUSE | errno.EPERM),
            (_GIVE, 0, 0, _ALLOW),
        ],
    )


def _sockets(column: int) -> list[Instruction]:
    """Allow local sockets, loopback connections and route queries."""
    body: list[Instruction] = [(_LOAD, 0, 0, _FIRST)]
    for family in (_UNIX, _INTERNET, _INTERNET6):
        body += [(_EQUAL, 0, 1, family), (_GIVE, 0, 0, _ALLOW)]
    body += [
        (_EQUAL, 0, 3, _NETLINK),
        (_LOAD, 0, 0, _THIRD),
        (_EQUAL, 0, 1, 0),
        (_GIVE, 0, 0, _ALLOW),
        (_GIVE, 0, 0, _REFUSE | errno.EAFNOSUPPORT),
    ]
    return _within(_SOCKET[column], body)
