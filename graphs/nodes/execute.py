"""Execute new programs once against the visible tests."""

from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Isolation, Problem, VisibleTest
from refinegraph.support.awaiting import wait_for_all
from refinegraph.tools.checkers import Checker
from refinegraph.tools.grouping import generated_results


class Executed(NamedTuple):
    """A candidate after execution, with the isolation under which it ran."""

    candidate: Candidate
    isolation: Isolation | None


async def execute_new(checker: Checker, state: RefinementState) -> list[Executed]:
    """Run programs that are new or were written before there were any tests."""
    fresh = [
        candidate
        for candidate in state.candidates
        if candidate.revision == 0 or (state.tests and _is_untested(candidate))
    ]
    runs = (execute(checker, state.problem, candidate, state.tests) for candidate in fresh)
    return await wait_for_all(*runs)


def _is_untested(candidate: Candidate) -> bool:
    """Return whether a program has never run, because there were no tests when it was written."""
    untested = candidate.verdict is None and candidate.generated_passed is None
    return untested and candidate.program is not None


async def execute(
    checker: Checker, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
) -> Executed:
    """Run one program against the visible tests; return anything else unchanged."""
    revised = candidate.model_copy(update={"revision": candidate.revision + 1})
    if candidate.program is None or not (tests or getattr(checker, "checks_without_tests", False)):
        return Executed(revised, None)
    verdict = await checker(problem, candidate, tests)
    generated = bool(tests) and all(test.origin == "generated" for test in tests)
    result = generated_results(verdict, tests) if generated else {"verdict": verdict}
    return Executed(revised.model_copy(update=result), verdict.isolation)
