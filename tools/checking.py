"""Run a program against visible tests of every form and put the outcomes into one verdict."""

import ast
from collections.abc import Sequence

from refinegraph.schema import (
    AssertCase,
    CallCase,
    CaseOutcome,
    Problem,
    StdioCase,
    Verdict,
    VerdictStatus,
    VisibleTest,
)
from refinegraph.tools.sandbox import Sandbox


async def check_program(
    sandbox: Sandbox, program: str, tests: Sequence[VisibleTest], *, problem: Problem
) -> Verdict:
    """Return one verdict on all tests, in their order.

    Costs one sandbox run a function called, one for all assert tests together, and one a pair
    of standard input and output. Raises what the sandbox raises when it fails itself.
    """
    parts: list[Verdict] = []
    for entry_point, cases in _by_entry_point(tests).items():
        parts.append(await _check_calls(sandbox, program, entry_point, cases))
    asserts = [test for test in tests if isinstance(test, AssertCase)]
    if asserts:
        parts.append(
            await sandbox.test(
                program,
                [test.source for test in asserts],
                ids=[test.id for test in asserts],
                preamble=problem.preamble,
                entry_point=problem.entry_point,
            )
        )
    for test in tests:
        if isinstance(test, StdioCase):
            parts.append(await _check_output(sandbox, program, test))
    return _joined(parts, [test.id for test in tests])


def same_output(got: str, expected: str) -> bool:
    r"""Compare what was printed, blind to trailing blanks and trailing empty lines.

    >>> same_output("1 \n2\n\n", "1\n2")
    True
    """
    return _lines(got) == _lines(expected)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


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


async def _check_output(sandbox: Sandbox, program: str, test: StdioCase) -> Verdict:
    verdict = await sandbox.run(program, stdin=test.stdin)
    right = verdict.passed and same_output(verdict.stdout, test.stdout)
    status: VerdictStatus = verdict.status
    if verdict.passed and not right:
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
        update={"passed": right, "status": status, "tests": (outcome,), "stdout": ""}
    )


def _joined(parts: Sequence[Verdict], order: Sequence[str]) -> Verdict:
    if len(parts) == 1:
        return parts[0]
    outcomes = {outcome.id: outcome for part in parts for outcome in part.tests}
    worst = next((part for part in parts if not part.passed), parts[0])
    return worst.model_copy(
        update={
            "passed": all(part.passed for part in parts),
            "tests": tuple(outcomes[each] for each in order if each in outcomes),
            "seconds": sum(part.seconds for part in parts),
        }
    )
