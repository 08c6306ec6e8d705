"""What a graph calls for each role. Any object or function with the same parameters will do."""

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
    """Proposes solutions.

    `samples` and `tests` are passed only to an agent that takes them, so the smallest Solver is
    `async def solver(problem)`.
    """

    async def __call__(
        self,
        problem: Problem,
        *,
        samples: int | None = None,
        tests: Sequence[VisibleTest] = (),
    ) -> Generations:
        """Return that many proposals."""
        ...


class ReviewerAgent(Protocol):
    """Says what is wrong with one candidate.

    `trace`, `tests` (the visible ones) and `evidence` (an `agents.evidence.Evidence`) are passed
    only to an agent that takes them, so the smallest Reviewer is
    `async def reviewer(problem, candidate)`. It may return a bare `Review`, or text that is read as
    that of a model: `VERDICT:`, `STEP:`, `WHY:` and `CHANGE:` lines, or plain words.
    """

    async def __call__(
        self, problem: Problem, candidate: Candidate, *, trace: str = ""
    ) -> Reviewed | Review | str:
        """Return feedback on one candidate."""
        ...


class RefinerAgent(Protocol):
    """Repairs one candidate as its review says.

    `rejected`, `tried`, `attempt`, `tests` and `evidence` are passed only to an agent that takes
    them, so the smallest Refiner is `async def refiner(problem, candidate, review)`. Its text may
    be edits of the candidate's program, in any form that `tools.edits` reads.
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
        """Return one new solution; an outcome may bring a review too."""
        ...


class TestWriterAgent(Protocol):
    """Writes tests for a problem that comes without any."""

    async def __call__(self, problem: Problem) -> WrittenTests:
        """Return generated tests."""
        ...


Tracer = Callable[[Problem, Candidate, Sequence[VisibleTest]], Awaitable[str]]
"""Shows the values of a failing test line by line, as evidence for the Reviewer."""
