"""Two seccomp filters: what a worker may call, and what is taken away before a program runs.

The worker's filter is a list of what is allowed. The program's filter lies on top of it and is
short, since it is installed anew for every run.
"""

import errno
import struct
from collections.abc import Iterable

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.sandbox.guest.syscalls import Numbers

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_CLONE_THREAD = 0x10000
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what `isatty` and sockets ask."""
_OWN_NAME = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: what the C library does for threads."""
_ITSELF = 0
_SIGNALS = ("kill", "tkill", "tgkill")
_UNWATCHED = ("chmod", "fchmod", "fchmodat", "utimensat")

Instruction = tuple[int, int, int, int]


def worker_filter() -> bytes:
    """Return the filter that allows what programs need and what preparing a run needs."""
    column = syscalls.this_machine().column
    tables: list[dict[str, Numbers]] = [syscalls.ALLOWED, syscalls.WORKER_ONLY]
    numbers = [each[column] for table in tables for each in table.values()]
    program = [*_only_this_machine(), *_answers(numbers, _ALLOW)]
    refused = [each[column] for each in syscalls.FORKS.values()]
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
    """Return the filter that takes away new processes and all that only a worker needs.

    Signals stay where nothing outside can be reached by them, and changes to what Landlock does
    not watch, the modes and times of files, where all files are the program's own.
    """
    column = syscalls.this_machine().column
    refused = [each[column] for each in syscalls.WORKER_ONLY.values()]
    names = [*(() if signals else _SIGNALS), *(() if own_files else _UNWATCHED)]
    refused += [syscalls.ALLOWED[name][column] for name in names]
    program = [*_only_this_machine(), *_answers(refused, _REFUSE | errno.EPERM)]
    program += _only_where(
        syscalls.ALLOWED["ioctl"][column], _SECOND, _TERMINAL_QUESTIONS, errno.ENOTTY
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


def install(packed: bytes) -> None:
    """Put a filter in force for this process; it needs `no_new_privileges`."""
    linux.install_filter(packed)


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


def _only_where(
    number: int | None, argument: int, values: tuple[int, ...], error: int
) -> list[Instruction]:
    """Refuse a call unless an argument has one of these values; reload its number otherwise."""
    assert number is not None
    body: list[Instruction] = [(_LOAD, 0, 0, argument)]
    for value in values:
        body += [(_EQUAL, 0, 1, value), (_GIVE, 0, 0, _ALLOW)]
    body.append((_GIVE, 0, 0, _REFUSE | error))
    return [(_EQUAL, 0, len(body), number), *body]


def _packed(program: list[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *each) for each in program)
