"""The four roles as operators, around any agent that satisfies `agents.protocols`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from refinegraph.agents.operators.algebra import Operator, apply_at_once
from refinegraph.agents.operators.outcomes import as_outcome
from refinegraph.agents.operators.rules import refuted, unapproved
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.protocols import (
    RefinerAgent,
    Reviewed,
    ReviewerAgent,
    SolverAgent,
    TestWriterAgent,
    Tracer,
)
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Review
from refinegraph.support.awaiting import settle, wait_for_all
from refinegraph.support.signatures import check_part

if TYPE_CHECKING:
    from refinegraph.agents.evidence import Evidence

Gatherer = Callable[[Task, Candidate], Awaitable["Evidence"]]
"""Gathers evidence about a candidate before a model is asked about it."""


class _Role(Operator):
    """An operator around an agent that may accept fewer keywords than the role offers."""

    def __init__(self, role: str, agent: Callable[..., Any], *parameters: str) -> None:
        self._name = role
        self.agent = agent
        self._accepted = check_part(agent, f"the operator {role!r}", *parameters)

    @property
    def name(self) -> str:
        """The name of the role, a verb."""
        return self._name

    def __repr__(self) -> str:
        """Return the agent's own representation."""
        return repr(self.agent)

    async def _ask(self, *values: object, **keywords: object) -> Any:
        accepted = {name: value for name, value in keywords.items() if self._accepts(name)}
        return await settle(self.agent(*values, **accepted))

    async def _evidence(
        self, gather: Gatherer | None, task: Task, candidate: Candidate
    ) -> dict[str, object]:
        """Return the additional keywords: the task's instruction and the candidate's evidence."""
        keywords: dict[str, object] = {"instruction": task.instruction} if task.instruction else {}
        if gather is not None and task.problem.kind == "code" and self._accepts("evidence"):
            keywords["evidence"] = await gather(task, candidate)
        return keywords

    def _accepts(self, name: str) -> bool:
        return self._accepted is None or name in self._accepted


class Solve(_Role):
    """Ask a Solver for the candidates of a move."""

    def __init__(self, agent: SolverAgent) -> None:
        super().__init__("solve", agent, "problem")

    async def apply(self, task: Task) -> Outcome:
        """Return the Solver's proposals."""
        instruction = {"instruction": task.instruction} if task.instruction else {}
        answer = await self._ask(task.problem, samples=task.count, tests=task.tests, **instruction)
        return as_outcome(answer, operator=self.name)


class ReviewEach(_Role):
    """Ask a Reviewer about every parent of a move that is not approved yet, concurrently."""

    def __init__(
        self,
        agent: ReviewerAgent,
        *,
        tracer: Tracer | None = None,
        evidence: Gatherer | None = None,
    ) -> None:
        super().__init__("review", agent, "problem", "candidate")
        self.tracer = tracer
        self.evidence = evidence

    async def apply(self, task: Task) -> Outcome:
        """Return one review for each parent that is not approved yet."""
        parents = unapproved(task)
        reviews = await wait_for_all(*(self._review(task, parent) for parent in parents))
        return Outcome(reviews=tuple(reviews))

    async def _review(self, task: Task, parent: Candidate) -> Review:
        tracer = self.tracer
        trace = await tracer(task.problem, parent, task.tests) if tracer else ""
        keywords = await self._evidence(self.evidence, task, parent)
        returned = await self._ask(task.problem, parent, trace=trace, tests=task.tests, **keywords)
        return _as_review(returned, parent)


def _as_review(returned: object, candidate: Candidate) -> Review:
    """Return the review in what a Reviewer returned; raises `InputError` if there is none."""
    if isinstance(returned, str):
        from refinegraph.agents.reviewer import parse_review

        return parse_review(returned, candidate)
    review = returned.review if isinstance(returned, Reviewed) else returned
    if isinstance(review, Review):
        return review
    raise InputError(
        f"the reviewer returned {returned!r:.100} ({type(returned).__name__}); expected text, a "
        "Review or a Reviewed."
    )


class Refine(_Role):
    """Ask a Refiner to repair the parent of a move according to its reviews."""

    def __init__(self, agent: RefinerAgent, *, evidence: Gatherer | None = None) -> None:
        super().__init__("refine", agent, "problem", "candidate", "review")
        self.evidence = evidence

    async def apply(self, task: Task) -> Outcome:
        """Return the repaired solutions; earlier answers that execution refuted are marked wrong.

        The agent is called once for every requested candidate, concurrently, with increasing
        attempt numbers. If one call fails, the others' results are kept; if all fail, the first
        error is raised.
        """
        first = task.attempt
        return await apply_at_once(self._repair(task, first + index) for index in range(task.count))

    async def _repair(self, task: Task, attempt: int) -> Outcome:
        earlier = task.earlier_attempts
        keywords = await self._evidence(self.evidence, task, task.parent)
        answer = await self._ask(
            task.problem,
            task.parent,
            _joined(task),
            rejected=_contents([other for other in earlier if refuted(other)]),
            tried=_contents([other for other in earlier if not refuted(other)]),
            attempt=attempt,
            tests=task.tests,
            **keywords,
        )
        outcome = as_outcome(answer, operator=self.name)
        return Outcome(drafts=outcome.drafts, reviews=outcome.reviews)


class WriteTests(_Role):
    """Ask a TestWriter for the tests of a problem that has none."""

    def __init__(self, agent: TestWriterAgent) -> None:
        super().__init__("write_tests", agent, "problem")

    @property
    def proposes(self) -> bool:
        """False, because tests are not candidates."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return the generated tests."""
        answer = await self._ask(task.problem)
        return Outcome(tests=tuple(answer.tests))


def _joined(task: Task) -> Review:
    """Combine the reviews of the first parent into one; return an empty review if it has none."""
    reviews = [review for review in task.reviews if review.candidate_id == task.parent.id]
    if not reviews:
        return Review(candidate_id=task.parent.id, round=task.round, approves=False)
    if len(reviews) == 1:
        return reviews[0]
    text = "\n\n".join(review.text for review in reviews if review.text)
    approves = all(review.approves for review in reviews)
    return reviews[0].model_copy(update={"text": text, "approves": approves})


def _contents(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(candidate.content for candidate in candidates if candidate.content)
