"""Shrink the input on which a program fails."""

import ast
from collections.abc import Iterator, Sequence
from typing import Any, cast

from refinegraph.schema import CallCase, CaseOutcome, Problem
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import check_program

_ROUNDS = 8
"""A round moves on to the first smaller input that still fails. Lists halve, so eight rounds
suffice for most inputs."""
_INPUTS_PER_ROUND = 24
"""Inputs that are run together in one process: a choice."""
_UNMATCHABLE = "'\\x00 no program returns this'"
"""The expected value of a call that is run only to observe its result."""


async def shrink_failure(
    sandbox: Sandbox,
    problem: Problem,
    program: str,
    case: CallCase,
    *,
    passing: str | None = None,
) -> CaseOutcome | None:
    """Return the outcome of the smallest input found on which a program fails as it does on a test.

    With `passing`, a program that passes the test, a smaller input fails if the two programs
    return different values. Without it, a smaller input fails if the program raises the same type
    of exception; whether the problem allows that input is unknown. Returns None if no smaller
    input fails, if the arguments are not literals, or if there is neither a passing program nor an
    exception. Costs up to nine sandbox runs, or 17 with a passing program.
    """
    try:
        arguments: Any = ast.literal_eval(case.arguments)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not isinstance(arguments, tuple):
        return None
    values = cast("tuple[object, ...]", arguments)
    reference = await _run(sandbox, problem, program, [case])
    error = _error_type(reference[0]) if reference else None
    if passing is None and error is None:
        return None
    best: CaseOutcome | None = None
    for _ in range(_ROUNDS):
        cases = [_case(case, smaller) for smaller in _smaller_arguments(values)][:_INPUTS_PER_ROUND]
        failing = await _first_failing(sandbox, problem, program, cases, passing, error)
        if failing is None:
            return best
        number, best = failing
        values = ast.literal_eval(cases[number].arguments)
    return best


async def _first_failing(
    sandbox: Sandbox,
    problem: Problem,
    program: str,
    cases: Sequence[CallCase],
    passing: str | None,
    error: str | None,
) -> tuple[int, CaseOutcome] | None:
    if not cases:
        return None
    outcomes = await _run(sandbox, problem, program, cases)
    references = await _run(sandbox, problem, passing, cases) if passing else [None] * len(cases)
    for number, (outcome, reference) in enumerate(zip(outcomes, references, strict=False)):
        if reference is not None and _disagree(outcome, reference):
            return number, outcome.model_copy(update={"expected": reference.got})
        if passing is None and error and _error_type(outcome) == error:
            return number, outcome.model_copy(update={"expected": None})
    return None


def _disagree(outcome: CaseOutcome, reference: CaseOutcome) -> bool:
    """Return whether the reference returned a value that the program did not return.

    A call that returned has the status "failed", because `_UNMATCHABLE` is expected of all calls.
    """
    returned = reference.status == "failed"
    return returned and outcome.status in ("failed", "error") and outcome.got != reference.got


async def _run(
    sandbox: Sandbox, problem: Problem, program: str, cases: Sequence[CallCase]
) -> list[CaseOutcome]:
    observed = [case.model_copy(update={"expected": _UNMATCHABLE}) for case in cases]
    return list((await check_program(sandbox, program, observed, problem=problem)).tests)


def _case(case: CallCase, arguments: tuple[object, ...]) -> CallCase:
    return case.model_copy(update={"arguments": repr(arguments)})


def _error_type(outcome: CaseOutcome) -> str | None:
    if outcome.status != "error" or not outcome.error:
        return None
    return outcome.error.partition(":")[0]


def _smaller_arguments(arguments: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    for at, argument in enumerate(arguments):
        for smaller in smaller_values(argument):
            yield (*arguments[:at], smaller, *arguments[at + 1 :])


def smaller_values(value: object) -> Iterator[object]:
    """Yield simpler values of the same type, the simplest first, but no empty ones.

    >>> list(smaller_values([5, 7])), list(smaller_values(9)), list(smaller_values("ab"))
    ([[5], [7], [0, 7], [2, 7], [5, 0], [5, 3]], [0, 4, 8], ['a', 'b'])
    """
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        simpler = (0, value // 2, value - 1)
        yield from dict.fromkeys(small for small in simpler if 0 <= small < value)
    elif isinstance(value, str):
        yield from ("".join(map(str, part)) for part in _shorter(list(value)))
    elif isinstance(value, list):
        yield from _smaller_items(cast("list[object]", value))
    elif isinstance(value, tuple):
        yield from map(tuple, _smaller_items(list(cast("tuple[object, ...]", value))))


def _smaller_items(items: list[object]) -> Iterator[list[object]]:
    yield from _shorter(items)
    for at, item in enumerate(items):
        for simpler in list(smaller_values(item))[:2]:
            yield [*items[:at], simpler, *items[at + 1 :]]


def _shorter(items: list[object]) -> Iterator[list[object]]:
    half = len(items) // 2
    cuts = [items[:half], items[half:]] if half else []
    if len(items) > 2:
        cuts += [items[:at] + items[at + 1 :] for at in range(min(len(items), 8))]
    yield from (cut for cut in cuts if cut)
