"""Run a program against tests of every form and combine the outcomes into one verdict."""

import ast
import re
from collections.abc import Sequence
from decimal import Decimal

from refinegraph.errors import InputError
from refinegraph.schema import (
    STRENGTHS,
    AssertCase,
    CallCase,
    CaseOutcome,
    LabelledProblem,
    Problem,
    StdioCase,
    Verdict,
    VerdictStatus,
    VisibleTest,
)
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.sandbox.units import test_units
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.objects import ENTRY_POINT as INSIDE_ENTRY_POINT
from refinegraph.tools.test_cases.objects import InsideCall, inside_call, with_calls


async def check_program(
    sandbox: Sandbox, program: str, tests: Sequence[VisibleTest], *, problem: Problem
) -> Verdict:
    """Return one verdict on all tests, with the outcomes in the order of the tests.

    Costs one sandbox run per called function, one for all assert tests together, one more if some
    of them pass objects, and one per pair of standard input and output. Raises the sandbox's errors
    if the sandbox itself fails, and `InputError` if there is no test.
    """
    if not tests:
        raise InputError("a program can only be checked with at least one test, got none.")
    parts: list[Verdict] = []
    for entry_point, cases in _by_entry_point(tests).items():
        parts.append(await _check_calls(sandbox, program, entry_point, cases))
    asserts = [test for test in tests if isinstance(test, AssertCase)]
    if asserts:
        parts.append(await _check_asserts(sandbox, program, asserts, problem))
    for test in tests:
        if isinstance(test, StdioCase):
            parts.append(await _check_output(sandbox, program, test))
    return _joined(parts, [test.id for test in tests])


class HiddenTests:
    """The hidden tests of a problem, parsed once and run on any number of programs.

    Raises `InputError` for tests that are neither in a supported form nor valid Python.
    """

    def __init__(self, labelled: LabelledProblem) -> None:
        self.problem, self.gold = labelled
        try:
            self.cases = parse_tests(self.gold.tests, entry_point=self.problem.entry_point)
        except InputError:
            self.cases = ()
            test_units(self.gold.tests, entry_point=self.problem.entry_point)

    async def check(self, sandbox: Sandbox, program: str) -> Verdict:
        """Return the verdict on one program.

        Tests in a form that `parse_tests` does not support are run as Python source.
        """
        if self.cases:
            return await check_program(sandbox, program, self.cases, problem=self.problem)
        return await sandbox.test(
            program,
            self.gold.tests,
            preamble=self.problem.preamble,
            entry_point=self.problem.entry_point,
        )


def same_output(got: str, expected: str) -> bool:
    r"""Compare printed output, ignoring trailing whitespace and trailing empty lines.

    Lines of decimal numbers compare by value, so `0.50` equals `0.5` and `1.0` equals `1`; integers
    compare as text.

    >>> same_output("1 \n0.50\n\n", "1\n0.5")
    True
    """
    got_lines, expected_lines = _lines(got), _lines(expected)
    return len(got_lines) == len(expected_lines) and all(map(_same_line, got_lines, expected_lines))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _same_line(got: str, expected: str) -> bool:
    if got == expected:
        return True
    got_words, expected_words = got.split(), expected.split()
    return len(got_words) == len(expected_words) and all(
        map(_same_number, got_words, expected_words)
    )


_PLAIN_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


def _same_number(got: str, expected: str) -> bool:
    if got == expected:
        return True
    if "." not in got + expected:
        return False
    both = _PLAIN_NUMBER.fullmatch(got) and _PLAIN_NUMBER.fullmatch(expected)
    return bool(both) and Decimal(got) == Decimal(expected)


def _by_entry_point(tests: Sequence[VisibleTest]) -> dict[str, list[CallCase]]:
    calls: dict[str, list[CallCase]] = {}
    for test in tests:
        if isinstance(test, CallCase):
            calls.setdefault(test.entry_point, []).append(test)
    return calls


async def _check_calls(
    sandbox: Sandbox, program: str, entry_point: str, cases: Sequence[CallCase]
) -> Verdict:
    values = [
        (tuple(ast.literal_eval(case.arguments)), ast.literal_eval(case.expected)) for case in cases
    ]
    return await sandbox.check(program, entry_point, values, ids=[case.id for case in cases])


async def _check_asserts(
    sandbox: Sandbox, program: str, cases: Sequence[AssertCase], problem: Problem
) -> Verdict:
    verdict = await sandbox.test(
        program,
        [case.source for case in cases],
        ids=[case.id for case in cases],
        preamble=problem.preamble,
        entry_point=problem.entry_point,
    )
    stuck = {outcome.id for outcome in verdict.tests if outcome.status == "unserializable"}
    calls = {
        case.id: call
        for case in cases
        if case.id in stuck and (call := inside_call(case.source, problem.entry_point))
    }
    return await _checked_inside(sandbox, program, calls, verdict) if calls else verdict


async def _checked_inside(
    sandbox: Sandbox, program: str, calls: dict[str, InsideCall], verdict: Verdict
) -> Verdict:
    """Repeat the tests that pass objects, making their calls in the program's own process."""
    expected = [((number,), call.expected) for number, call in enumerate(calls.values())]
    source = with_calls(program, list(calls.values()))
    inside = await sandbox.check(source, INSIDE_ENTRY_POINT, expected, ids=list(calls))
    if inside.status == "sandbox_error":
        return inside
    repeated = {outcome.id: outcome for outcome in inside.tests}
    outcomes = tuple(
        repeated[outcome.id].model_copy(update={"call": outcome.call})
        if outcome.id in repeated
        else outcome
        for outcome in verdict.tests
    )
    return _with_outcomes(verdict, outcomes, seconds=verdict.seconds + inside.seconds)


def _with_outcomes(
    verdict: Verdict, outcomes: tuple[CaseOutcome, ...], *, seconds: float
) -> Verdict:
    worst = next((outcome for outcome in outcomes if not outcome.passed), None)
    status: VerdictStatus = "passed"
    if worst is not None:
        status = "failed" if worst.status == "not_run" else worst.status
    return verdict.model_copy(
        update={
            "passed": worst is None,
            "status": status,
            "tests": outcomes,
            "detail": worst.error or "" if worst else "",
            "seconds": seconds,
        }
    )


async def _check_output(sandbox: Sandbox, program: str, test: StdioCase) -> Verdict:
    verdict = await sandbox.run(program, stdin=test.stdin)
    passed = verdict.passed and same_output(verdict.stdout, test.stdout)
    status: VerdictStatus = verdict.status
    if verdict.passed and not passed:
        status = "failed"
    outcome = CaseOutcome(
        id=test.id,
        status="not_run" if status == "sandbox_error" else status,
        call=f"standard input {test.stdin[:200]!r}",
        expected=test.stdout[:600],
        got=verdict.stdout[:600],
        error=None if verdict.passed else verdict.detail or verdict.stderr[-600:],
        seconds=verdict.seconds,
    )
    return verdict.model_copy(
        update={"passed": passed, "status": status, "tests": (outcome,), "stdout": ""}
    )


def _joined(parts: Sequence[Verdict], order: Sequence[str]) -> Verdict:
    if len(parts) == 1:
        return parts[0]
    outcomes = {outcome.id: outcome for part in parts for outcome in part.tests}
    worst = next((part for part in parts if not part.passed), parts[0])
    return worst.model_copy(
        update={
            "passed": all(part.passed for part in parts),
            "tests": tuple(outcomes[test_id] for test_id in order if test_id in outcomes),
            "strength": max((part.strength for part in parts), key=STRENGTHS.index),
            "seconds": sum(part.seconds for part in parts),
        }
    )
