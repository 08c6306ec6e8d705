"""The seccomp filters of workers and of programs.

The worker's filter is an allow list. The program's filter is added to it; it is short, because it
is installed anew for every run.
"""

import errno
import struct
from collections.abc import Iterable

from refinegraph.tools.sandbox.guest import syscalls
from refinegraph.tools.sandbox.guest.syscalls import Numbers

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_GRANT = _REFUSE
"""Skips the call with the error number 0, which the caller takes for success."""
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_CLONE_THREAD = 0x10000
_TERMINAL_QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: used by `isatty` and sockets."""
_OWN_NAME = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: used by the C library for threads."""
_ITSELF = 0
_UNIX, _STREAM, _TYPE_BITS = 1, 1, 0xF
"""The only allowed kind of socket pair. A datagram socket could send to any socket with a path."""
_LOCKS = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW."""
_OWN_DESCRIPTOR = (0, 1, 2, 3, 4, 5, 36, 1030, 1031, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_OFD_GETLK, F_DUPFD_CLOEXEC,
F_SETPIPE_SZ, F_GETPIPE_SZ. F_SETLEASE and F_NOTIFY are left out, since they affect other processes
through a shared file."""
_SIGNALS = ("kill", "tkill", "tgkill")
_UNWATCHED = ("chmod", "fchmod", "fchmodat", "utimensat")

Instruction = tuple[int, int, int, int]


def worker_filter() -> bytes:
    """Return the filter that allows what programs need and what preparing a run needs.

    Locks appear to succeed but are not taken: nothing else sees a run's own files, and a lock on a
    file of the host would block the host and other runs.
    """
    column = syscalls.this_machine().column
    tables: list[dict[str, Numbers]] = [syscalls.ALLOWED, syscalls.WORKER_ONLY]
    numbers = [call[column] for table in tables for call in table.values()]
    program = [*_only_this_machine(), *_own_sockets(column), *_own_descriptors(column)]
    program += _answers([syscalls.ALLOWED["flock"][column]], _GRANT)
    program += _answers(numbers, _ALLOW)
    refused = [call[column] for call in syscalls.FORKS.values()]
    program += _answers(refused, _REFUSE | errno.EAGAIN)
    program += [
        (_EQUAL, 0, 1, syscalls.CLONE3),
        (_GIVE, 0, 0, _REFUSE | errno.ENOSYS),
        (_AT_LEAST, 0, 1, syscalls.NEWEST_KNOWN + 1),
        (_GIVE, 0, 0, _REFUSE | errno.ENOSYS),
        (_GIVE, 0, 0, _REFUSE | errno.EPERM),
    ]
    return _packed(program)


def program_filter(*, signals: bool, own_files: bool) -> bytes:
    """Return the filter that forbids new processes and all calls that only a worker needs.

    Signals remain allowed if they cannot reach other processes. Changes to the modes and times of
    files, which Landlock does not control, remain allowed if all files are the program's own.
    """
    column = syscalls.this_machine().column
    refused = [call[column] for call in syscalls.WORKER_ONLY.values()]
    names = [*(() if signals else _SIGNALS), *(() if own_files else _UNWATCHED)]
    refused += [syscalls.ALLOWED[name][column] for name in names]
    program = [*_only_this_machine(), *_answers(refused, _REFUSE | errno.EPERM)]
    program += _only_where(
        syscalls.ALLOWED["ioctl"][column], _SECOND, _TERMINAL_QUERIES, errno.ENOTTY
    )
    program += _only_where(syscalls.ALLOWED["prctl"][column], _FIRST, _OWN_NAME, errno.EPERM)
    program += _only_where(syscalls.ALLOWED["prlimit64"][column], _FIRST, (_ITSELF,), errno.EPERM)
    program += [
        (_EQUAL, 0, 3, syscalls.ALLOWED["clone"][column] or 0),
        (_LOAD, 0, 0, _FIRST),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_GIVE, 0, 0, _REFUSE | errno.EAGAIN),
        (_GIVE, 0, 0, _ALLOW),
    ]
    return _packed(program)


def _only_this_machine() -> list[Instruction]:
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, syscalls.this_machine().audit),
        (_GIVE, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, syscalls.X32),
        (_GIVE, 0, 0, _REFUSE | errno.ENOSYS),
    ]


def _answers(numbers: Iterable[int | None], answer: int) -> list[Instruction]:
    program: list[Instruction] = []
    for number in numbers:
        if number is not None:
            program += [(_EQUAL, 0, 1, number), (_GIVE, 0, 0, answer)]
    return program


def _own_sockets(column: int) -> list[Instruction]:
    """Allow only pairs of connected stream sockets, with any flags in the type."""
    body: list[Instruction] = [
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 0, 4, _UNIX),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _TYPE_BITS),
        (_EQUAL, 0, 1, _STREAM),
        (_GIVE, 0, 0, _ALLOW),
        (_GIVE, 0, 0, _REFUSE | errno.EPERM),
    ]
    return [(_EQUAL, 0, len(body), syscalls.ALLOWED["socketpair"][column] or 0), *body]


def _own_descriptors(column: int) -> list[Instruction]:
    """Allow `fcntl` on a program's own descriptors; let locks succeed without taking them."""
    body: list[Instruction] = [
        (_LOAD, 0, 0, _SECOND),
        *_answers(_OWN_DESCRIPTOR, _ALLOW),
        *_answers(_LOCKS, _GRANT),
        (_GIVE, 0, 0, _REFUSE | errno.EPERM),
    ]
    return [(_EQUAL, 0, len(body), syscalls.ALLOWED["fcntl"][column] or 0), *body]


def _only_where(
    number: int | None, argument: int, values: tuple[int, ...], error: int
) -> list[Instruction]:
    """Refuse a call unless an argument has one of the given values."""
    assert number is not None
    body: list[Instruction] = [(_LOAD, 0, 0, argument)]
    for value in values:
        body += [(_EQUAL, 0, 1, value), (_GIVE, 0, 0, _ALLOW)]
    body.append((_GIVE, 0, 0, _REFUSE | error))
    return [(_EQUAL, 0, len(body), number), *body]


def _packed(program: list[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
