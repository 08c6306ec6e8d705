"""Show a Reviewer how a program's values came about on the test that it fails."""

import ast
from collections.abc import Sequence

from refinegraph.schema import AssertCase, CallCase, Candidate, Problem, VisibleTest
from refinegraph.tools.sandbox import Sandbox, TraceLine, show_trace


class failing_trace:
    """Trace the first visible test that a program fails, line by line, as LDB does (2402.16906).

    Empty where all tests pass, where the test reads standard input, and where the program never
    comes back. Costs one sandbox run a review, and about 400 prompt tokens. What it says is the
    program's own word: evidence for a Reviewer, never part of a verdict.
    """

    def __init__(self, sandbox: Sandbox | None = None, *, most_lines: int = 40) -> None:
        self._sandbox = sandbox or Sandbox()
        self._most_lines = most_lines

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"failing_trace(most_lines={self._most_lines})"

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> str:
        """Return the trace as text beside the program's lines."""
        failure = candidate.verdict.first_failure if candidate.verdict else None
        test = next((test for test in tests if failure and test.id == failure.id), None)
        if candidate.program is None or test is None:
            return ""
        lines = await trace_failure(self._sandbox, candidate.program, test, problem)
        if not lines:
            return ""
        shown = show_trace(lines, candidate.program, most=self._most_lines)
        return f"What each line changed on the first failing test:\n{shown}"


async def trace_failure(
    sandbox: Sandbox, program: str, test: VisibleTest, problem: Problem
) -> tuple[TraceLine, ...]:
    """Return what each executed line changed on one test; empty for one on standard input.

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
