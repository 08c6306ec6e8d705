"""Protocols for the agents of a graph. Any callable with the same parameters satisfies them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from refinegraph.agents.models import Generations
from refinegraph.schema import Candidate, Problem, Review, Usage, VisibleTest

if TYPE_CHECKING:
    from refinegraph.agents.operators.task import Outcome


class Reviewed(NamedTuple):
    """A review and what it cost."""

    review: Review
    usage: Usage = Usage()


class WrittenTests(NamedTuple):
    """Generated tests and what they cost."""

    tests: tuple[VisibleTest, ...]
    usage: Usage = Usage()


class SolverAgent(Protocol):
    """Proposes solutions to a problem.

    `samples` and `tests` are passed only if the agent accepts them, so the smallest Solver is
    `async def solver(problem)`.
    """

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
    ) -> Generations:
        """Return `samples` proposals."""
        ...


class ReviewerAgent(Protocol):
    """Explains what is wrong with one candidate.

    `trace`, `tests` (the visible ones) and `evidence` (an `agents.evidence.Evidence`) are passed
    only to an agent that accepts them, so the smallest Reviewer is
    `async def reviewer(problem, candidate)`. It may return a bare `Review`, or text that is read as
    that of a model: `VERDICT:`, `STEP:`, `WHY:` and `CHANGE:` lines, or plain words.
    """

    async def __call__(
        self, problem: Problem, candidate: Candidate, *, trace: str = ""
    ) -> Reviewed | Review | str:
        """Return feedback on one candidate."""
        ...


class RefinerAgent(Protocol):
    """Repairs one candidate according to its review.

    `rejected`, `tried`, `attempt`, `tests` and `evidence` are passed only if the agent accepts
    them, so the smallest Refiner is `async def refiner(problem, candidate, review)`. Its text may
    consist of edits to the candidate's program, in any form that `tools.edits` reads.
    """

    async def __call__(
        self,
        problem: Problem,
        candidate: Candidate,
        review: Review,
        *,
        rejected: Sequence[str] = (),
        tried: Sequence[str] = (),
        attempt: int = 0,
    ) -> "Generations | Outcome":
        """Return one new solution; an `Outcome` may also carry a review."""
        ...


class TestWriterAgent(Protocol):
    """Writes tests for a problem that has none."""

    async def __call__(self, problem: Problem) -> WrittenTests:
        """Return generated tests."""
        ...


Tracer = Callable[[Problem, Candidate, Sequence[VisibleTest]], Awaitable[str]]
"""Traces a failing test line by line, with variable values, as evidence for the Reviewer."""
