"""The nodes of a refinement graph: plain async functions from state to update.

Each factory takes what the node uses and returns the node, which can be called and tested
without compiling a graph.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from refinegraph.agents.models import Choice, Generations, current_scope
from refinegraph.agents.reviewer import Reviewed
from refinegraph.agents.test_writer import WrittenTests
from refinegraph.errors import BudgetExceeded, DeadlineExceeded, ModelError
from refinegraph.graphs.candidates import next_ids, read_candidate
from refinegraph.graphs.control import Controller
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateProposed,
    Decided,
    NodeName,
    NodeStarted,
    ReviewWritten,
    Spent,
    TestsKnown,
    emit,
)
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import (
    Candidate,
    Failure,
    Problem,
    Review,
    Usage,
    VisibleTest,
)
from refinegraph.tools.programs import infer_entry_point
from refinegraph.tools.visible_tests import parse_tests, statement_examples


class SolverAgent(Protocol):
    """What the solve node calls."""

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
    """What the review node calls."""

    async def __call__(
        self, problem: Problem, candidate: Candidate, *, trace: str = ""
    ) -> Reviewed:
        """Return feedback on one candidate."""
        ...


class RefinerAgent(Protocol):
    """What the refine node calls."""

    async def __call__(
        self,
        problem: Problem,
        candidate: Candidate,
        review: Review,
        *,
        rejected: Sequence[str] = (),
        attempt: int = 0,
    ) -> Generations:
        """Return one rewritten solution."""
        ...


class TestWriterAgent(Protocol):
    """What the solve node calls where a problem has no visible tests."""

    async def __call__(self, problem: Problem) -> WrittenTests:
        """Return generated tests."""
        ...


class Branch(BaseModel):
    """One candidate on its way through review and refinement."""

    model_config = ConfigDict(frozen=True)

    problem: Problem
    tests: tuple[VisibleTest, ...] = ()
    candidate: Candidate
    new_id: str
    """The id that the refinement gets."""
    rejected: tuple[str, ...] = ()
    """Programs or answers in this line of repair that are known to be wrong."""
    attempt: int = 0
    """How many refinements of this very candidate were tried before."""
    review: Review | None = None

    @property
    def round(self) -> int:
        """The round of refinement that this branch belongs to."""
        return int(self.new_id.split(".")[0])


StateNode = Callable[[RefinementState], Awaitable[StateUpdate]]
BranchNode = Callable[[Branch], Awaitable[StateUpdate]]
Tracer = Callable[[Problem, Candidate, Sequence[VisibleTest]], Awaitable[str]]


def solve_node(
    solver: SolverAgent,
    *,
    test_writer: TestWriterAgent | None = None,
    samples: int | None = None,
) -> StateNode:
    """Make the node that proposes candidates and, once, finds or writes the visible tests.

    `samples` is the size of the first wave, the Solver's own number unless given. Costs the
    Solver's calls and, where a code problem comes without tests, the TestWriter's beside them.
    """

    async def solve(state: RefinementState) -> StateUpdate:
        emit(NodeStarted(node="solve", round=state.round))
        first = not state.decisions
        wanted = state.decision.samples if state.decision else samples
        known = state.tests or visible_tests(state.problem)
        missing = first and not known and test_writer and state.problem.kind == "code"
        written = (
            asyncio.ensure_future(_write_tests(test_writer, state.problem)) if missing else None
        )
        try:
            drafts = await solver(state.problem, samples=wanted, tests=known)
        except (ModelError, DeadlineExceeded) as error:
            if written:
                written.cancel()
            if isinstance(error, ModelError) and not state.candidates:
                raise
            return _failed("solve", state.round, error)
        extra = await written if written else WrittenTests((), Usage())
        tests = known or extra.tests
        emit(TestsKnown(tests=tests))
        candidates = _read_all(drafts.choices, state, tests)
        usage = drafts.usage + extra.usage + _unreadable(candidates)
        return _spend({"candidates": candidates, "tests": tests, "started": _start(state)}, usage)

    return solve


def route_node(controller: Controller) -> StateNode:
    """Make the node that decides what happens next."""

    async def route(state: RefinementState) -> StateUpdate:
        elapsed = time.time() - (state.started or time.time()) - current_scope().paused
        timed = state.model_copy(update={"elapsed": max(elapsed, state.elapsed)})
        decision = controller(timed)
        emit(Decided(decision=decision))
        return {"decisions": (decision,), "round": decision.round, "elapsed": timed.elapsed}

    return route


def review_node(reviewer: ReviewerAgent, *, tracer: Tracer | None = None) -> BranchNode:
    """Make the node that reviews the candidate of one branch. Costs the Reviewer's calls."""

    async def review(branch: Branch) -> StateUpdate:
        emit(NodeStarted(node="review", round=branch.round, candidate_id=branch.candidate.id))
        try:
            trace = await tracer(branch.problem, branch.candidate, branch.tests) if tracer else ""
            written = await reviewer(branch.problem, branch.candidate, trace=trace)
        except (ModelError, DeadlineExceeded) as error:
            return _failed("review", branch.round, error, branch.candidate)
        numbered = written.review.model_copy(update={"round": branch.round})
        emit(ReviewWritten(review=numbered))
        return _spend({"reviews": (numbered,)}, written.usage)

    return review


def refine_node(refiner: RefinerAgent) -> BranchNode:
    """Make the node that rewrites the candidate of one branch. Costs the Refiner's calls."""

    async def refine(branch: Branch) -> StateUpdate:
        parent = branch.candidate
        emit(NodeStarted(node="refine", round=branch.round, candidate_id=parent.id))
        try:
            drafts = await refiner(
                branch.problem,
                parent,
                branch.review or Review(candidate_id=parent.id, round=branch.round, approves=False),
                rejected=branch.rejected,
                attempt=branch.attempt,
            )
        except (ModelError, DeadlineExceeded) as error:
            return _failed("refine", branch.round, error, parent)
        candidate = read_candidate(
            drafts.choices[0],
            branch.problem,
            id=branch.new_id,
            role="refiner",
            entry_point=entry_point_of(branch.problem, branch.tests),
            parent=parent,
        )
        emit(CandidateProposed(candidate=candidate))
        return _spend({"candidates": (candidate,)}, drafts.usage + _unreadable((candidate,)))

    return refine


def branches(state: RefinementState) -> list[Branch]:
    """Return a branch for every candidate that the last decision wants refined."""
    decision = state.decision
    targets = decision.targets if decision else ()
    by_id = {each.id: each for each in state.candidates}
    ids = next_ids(state.candidates, round=state.round, count=len(targets))
    return [
        Branch(
            problem=state.problem,
            tests=state.tests,
            candidate=by_id[target],
            new_id=new_id,
            rejected=_rejected(by_id[target], state.candidates),
            attempt=_attempts(by_id[target], state.candidates),
        )
        for target, new_id in zip(targets, ids, strict=True)
    ]


def _attempts(target: Candidate, candidates: Sequence[Candidate]) -> int:
    """Return how often this very program or text was refined before, under whatever id."""
    alike = {each.id for each in candidates if each.content == target.content}
    return sum(each.parent_id in alike for each in candidates)


def visible_tests(problem: Problem) -> tuple[VisibleTest, ...]:
    """Return the tests given with a problem, else the examples in its statement."""
    given = parse_tests(problem.tests, entry_point=problem.entry_point)
    if given or problem.kind != "code":
        return given
    entry_point = problem.entry_point or infer_entry_point(problem.prompt)
    return statement_examples(problem.prompt, entry_point=entry_point)


def entry_point_of(problem: Problem, tests: Sequence[VisibleTest]) -> str | None:
    """Return the function that a code problem asks for, as far as it can be told."""
    if problem.entry_point:
        return problem.entry_point
    called = (test.entry_point for test in tests if test.form == "call")
    return next(called, None) or infer_entry_point(problem.prompt)


async def _write_tests(writer: TestWriterAgent | None, problem: Problem) -> WrittenTests:
    try:
        return await writer(problem) if writer else WrittenTests((), Usage())
    except ModelError:
        return WrittenTests((), Usage())


def _read_all(
    choices: Sequence[Choice], state: RefinementState, tests: Sequence[VisibleTest]
) -> tuple[Candidate, ...]:
    ids = next_ids(state.candidates, round=state.round, count=len(choices))
    entry_point = entry_point_of(state.problem, tests)
    made = tuple(
        read_candidate(choice, state.problem, id=id, role="solver", entry_point=entry_point)
        for choice, id in zip(choices, ids, strict=True)
    )
    for candidate in made:
        emit(CandidateProposed(candidate=candidate))
    return made


def _rejected(candidate: Candidate, pool: Sequence[Candidate]) -> tuple[str, ...]:
    """Return what was tried before in a line of repair: its ancestors' and failed siblings'."""
    by_id = {each.id: each for each in pool}
    tried = [each.content for each in pool if each.parent_id == candidate.id]
    ancestor = by_id.get(candidate.parent_id or "")
    while ancestor:
        tried.insert(0, ancestor.content)
        ancestor = by_id.get(ancestor.parent_id or "")
    return tuple(dict.fromkeys(each for each in tried if each and each != candidate.content))


def _unreadable(candidates: Sequence[Candidate]) -> Usage:
    return Usage(unparsable=sum(each.content is None for each in candidates))


def _start(state: RefinementState) -> float:
    return state.started or time.time()


def _spend(update: StateUpdate, usage: Usage) -> StateUpdate:
    emit(Spent(usage=usage))
    return {**update, "usage": usage}


def failure_kind(error: Exception) -> Literal["model", "deadline", "budget"]:
    """Return what kept a branch from its result."""
    if isinstance(error, BudgetExceeded):
        return "budget"
    return "deadline" if isinstance(error, DeadlineExceeded) else "model"


def _failed(
    node: NodeName, round: int, error: Exception, candidate: Candidate | None = None
) -> StateUpdate:
    emit(BranchFailed(node=node, detail=str(error)))
    failure = Failure(
        kind=failure_kind(error),
        node=node,
        round=round,
        candidate_id=candidate.id if candidate else None,
        detail=str(error),
    )
    return {"failures": (failure,)}
