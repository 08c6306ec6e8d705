"""Show a Reviewer how a program computed its values on a failing test."""

import ast
from collections.abc import Sequence

from refinegraph.schema import AssertCase, CallCase, Candidate, Problem, VisibleTest
from refinegraph.tools.sandbox import Sandbox, TraceLine, show_trace


class failing_trace:
    """Trace the first visible test that a program fails, line by line, as LDB does.

    The method is that of LDB (arXiv 2402.16906). The trace is empty if all tests pass, if the test
    reads standard input, or if the program does not return. Costs one sandbox run and about 400
    prompt tokens per review. A program can forge its own trace, so a trace is evidence for a
    Reviewer and never part of a verdict.
    """

    def __init__(self, sandbox: Sandbox | None = None, *, max_lines: int = 40) -> None:
        self._sandbox = sandbox or Sandbox()
        self._max_lines = max_lines

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"failing_trace(max_lines={self._max_lines})"

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> str:
        """Return the trace as text, next to the program's lines."""
        failure = candidate.verdict.first_failure if candidate.verdict else None
        test = next((test for test in tests if failure and test.id == failure.id), None)
        if candidate.program is None or test is None:
            return ""
        lines = await trace_failure(self._sandbox, candidate.program, test, problem)
        if not lines:
            return ""
        listing = show_trace(lines, candidate.program, max_lines=self._max_lines)
        return f"What each line changed on the first failing test:\n{listing}"


async def trace_failure(
    sandbox: Sandbox, program: str, test: VisibleTest, problem: Problem
) -> tuple[TraceLine, ...]:
    """Return what each executed line changed on one test; empty if the test uses standard input.

    Costs one sandbox run.
    """
    if isinstance(test, CallCase):
        arguments = tuple(ast.literal_eval(test.arguments))
        return await sandbox.trace(program, test.entry_point, arguments)
    if isinstance(test, AssertCase):
        return await sandbox.trace_test(
            program, test.source, preamble=problem.preamble, entry_point=problem.entry_point
        )
    return ()
