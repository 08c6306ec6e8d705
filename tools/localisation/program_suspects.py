"""Find the suspicious lines of one program by tracing its visible tests."""

import ast
from collections.abc import Sequence

from refinegraph.schema import AssertCase, CallCase, Candidate, Problem, VisibleTest
from refinegraph.support.awaiting import wait_for_all
from refinegraph.tools.localisation.evidence import describe_suspects
from refinegraph.tools.localisation.ranking import rank_suspects
from refinegraph.tools.localisation.spectrum import ExecutedLines, Line, Spectrum
from refinegraph.tools.sandbox import Sandbox

_FILE = "program.py"
_MAX_SHOWN = 5
"""Lines shown: most practitioners inspect five at most (Kochhar et al., ISSTA 2016), and more would
crowd out other evidence."""


class program_suspects:
    """Show a Reviewer the lines that failing visible tests execute and passing ones do not.

    Pass it as `tracer` to `refinement_graph`. The text is empty if no test fails, if no test calls
    the program, or if all tests execute the same lines. Costs up to `max_tests` sandbox runs, one
    per traced test, and about 200 prompt tokens. A program can forge its trace, so executed lines
    are evidence and never part of a verdict.
    """

    def __init__(
        self, sandbox: Sandbox | None = None, *, max_tests: int = 12, formula: str = "ochiai"
    ) -> None:
        self._sandbox = sandbox or Sandbox()
        self._max_tests = max_tests
        self._formula = formula

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> str:
        """Return the most suspicious lines as text."""
        program, verdict = candidate.program, candidate.verdict
        if program is None or verdict is None or verdict.passed:
            return ""
        failed = {outcome.id for outcome in verdict.tests if not outcome.passed}
        chosen = sorted(tests, key=lambda test: test.id not in failed)[: self._max_tests]
        executed = await wait_for_all(*(self._lines(program, test, problem) for test in chosen))
        if len(set(executed)) < 2:
            return ""
        spectrum = Spectrum(
            ExecutedLines(test.id, test.id in failed, lines)
            for test, lines in zip(chosen, executed, strict=True)
            if lines
        )
        ranked = rank_suspects({_FILE: program}, spectrum=spectrum, formula=self._formula)
        return describe_suspects(ranked, limit=_MAX_SHOWN)

    async def _lines(self, program: str, test: VisibleTest, problem: Problem) -> frozenset[Line]:
        if isinstance(test, CallCase):
            arguments = tuple(ast.literal_eval(test.arguments))
            trace = await self._sandbox.trace(program, test.entry_point, arguments)
        elif isinstance(test, AssertCase):
            trace = await self._sandbox.trace_test(
                program, test.source, preamble=problem.preamble, entry_point=problem.entry_point
            )
        else:
            trace = ()
        return frozenset(Line(_FILE, line.number) for line in trace)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"program_suspects(max_tests={self._max_tests}, formula={self._formula!r})"
