"""The score and select nodes: execute, score, revert, choose."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents.models import current_scope
from refinegraph.errors import ContextTooLong, DeadlineExceeded, ModelError, ModelRequestRefused
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateJudged,
    CandidateReverted,
    NodeStarted,
    Spent,
    emit,
)
from refinegraph.graphs.nodes import StateNode, failure_kind
from refinegraph.graphs.reducers import merge_candidates, merge_reversions
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.state import RefinementState, StateUpdate, heads
from refinegraph.schema import (
    Candidate,
    Failure,
    Isolation,
    ModelNames,
    Problem,
    RefinementResult,
    Reversion,
    Score,
    Selection,
    StopReason,
    Usage,
    VisibleTest,
)
from refinegraph.tools.answers import AnswerEquivalence
from refinegraph.tools.checking import check_program
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer, ask_scorer
from refinegraph.tools.scorers.spending import spending

NO_MODELS = ModelNames()
_UNFINISHED = StopReason(rule="unfinished", detail="no decision was made")


class Judged(NamedTuple):
    """A candidate after execution, with what isolated it and what it cost."""

    candidate: Candidate
    isolation: Isolation | None
    runs: int


def score_node(scorers: Sequence[Scorer], *, sandbox: Sandbox) -> StateNode:
    """Make the node that executes new programs, scores the pool and reverts what lost ground.

    Costs sandbox runs for the candidates that are new, and whatever the scorers cost.
    """

    async def score(state: RefinementState) -> StateUpdate:
        emit(NodeStarted(node="score", round=state.round))
        fresh = [each for each in state.candidates if each.revision == 0]
        judged = await asyncio.gather(
            *(execute(sandbox, state.problem, each, state.tests) for each in fresh)
        )
        executed = tuple(each.candidate for each in judged)
        pool = merge_candidates(state.candidates, executed)
        classed = await classify(state.problem, pool)
        scored, spent, errors = await score_pool(scorers, state.problem, classed)
        changed = tuple(now for now, before in zip(scored, pool, strict=True) if now != before)
        reverted = find_reversions(scored, state)
        _report(changed, reverted)
        isolation = next((each.isolation for each in judged if each.isolation), None)
        usage = spent + Usage(sandbox_runs=sum(each.runs for each in judged))
        emit(Spent(usage=usage))
        return {
            "candidates": merge_candidates(executed, changed),
            "reverted": reverted,
            "isolation": isolation,
            "failures": _failures(errors, round=state.round),
            "usage": usage,
        }

    return score


async def classify(problem: Problem, pool: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates with the class of each one's answer; programs have none.

    Costs a sandbox run where answers that are not plain numbers read differently.
    """
    answers = [each.answer for each in pool if each.answer is not None]
    if problem.kind == "code" or not answers:
        return tuple(pool)
    equivalence = AnswerEquivalence(problem.kind, prompt=problem.prompt)
    classes = await equivalence.classes(answers)
    return tuple(_in_class(each, classes.get(each.answer or "")) for each in pool)


def _in_class(candidate: Candidate, found: str | None) -> Candidate:
    if found is None or found == candidate.answer_class:
        return candidate
    return candidate.model_copy(update={"answer_class": found, "revision": candidate.revision + 1})


async def execute(
    sandbox: Sandbox, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
) -> Judged:
    """Run one program against the visible tests; anything else is returned as it is."""
    revised = candidate.model_copy(update={"revision": candidate.revision + 1})
    if candidate.program is None or not tests:
        return Judged(revised, None, 0)
    verdict = await check_program(sandbox, candidate.program, tests, problem=problem)
    generated = all(test.origin == "generated" for test in tests)
    result: dict[str, object] = (
        {"generated_passed": tuple(sorted(verdict.passed_ids))}
        if generated
        else {"verdict": verdict}
    )
    return Judged(revised.model_copy(update=result), verdict.isolation, 1)


class ScoredPool(NamedTuple):
    """The candidates with their scores, what these cost, and what kept scorers from theirs."""

    candidates: tuple[Candidate, ...]
    usage: Usage = Usage()
    errors: tuple[ModelError | DeadlineExceeded, ...] = ()


async def score_pool(
    scorers: Sequence[Scorer], problem: Problem, pool: Sequence[Candidate]
) -> ScoredPool:
    """Return the candidates with the scores of every scorer, in the scorers' order.

    The scorers work at once. One whose model fails leaves its candidates the scores that it gave
    them before, or None, and what it spent is counted. One that is refused at the first scoring
    of a pool, whatever the number of attempts, raises: it is set up wrongly.
    """
    if not pool or not scorers:
        return ScoredPool(tuple(_rescored(each, ()) for each in pool))
    told = await asyncio.gather(*(_attempt(each, problem, pool) for each in scorers))
    errors = tuple(each.error for each in told if each.error)
    first_time = not any(each.scores for each in pool)
    for error in errors:
        refused = isinstance(error, ModelRequestRefused) and not isinstance(error, ContextTooLong)
        if refused and first_time:
            raise error
    rows = [
        [_before(candidate, place) for candidate in pool] if each.error else each.scores
        for place, each in enumerate(told)
    ]
    columns = zip(*rows, strict=True)
    scored = tuple(_rescored(*pair) for pair in zip(pool, columns, strict=True))
    return ScoredPool(scored, sum((each.usage for each in told), Usage()), errors)


def find_reversions(pool: Sequence[Candidate], state: RefinementState) -> tuple[Reversion, ...]:
    """Return the new refinements that may not replace their parent, with what they lost.

    A refinement has to pass every visible test that its parent passed, and to be readable where
    its parent was.
    """
    by_id = {each.id: each for each in pool}
    known = {each.candidate_id for each in state.reverted}
    found = [
        _reversion(each, by_id[each.parent_id])
        for each in pool
        if each.parent_id in by_id and each.id not in known
    ]
    return tuple(each for each in found if each)


def select_node(
    selector: Selector,
    *,
    strategy: str,
    models: ModelNames = NO_MODELS,
    seed: int | None = None,
) -> StateNode:
    """Make the node that chooses the answer and sums the run up."""

    async def select(state: RefinementState) -> StateUpdate:
        emit(NodeStarted(node="select", round=state.round))
        running = heads(state.candidates, state.reverted)
        choice = selector(state.problem, running or state.candidates)
        return {"result": summarise(state, choice, strategy=strategy, models=models, seed=seed)}

    return select


def summarise(
    state: RefinementState,
    selection: Selection,
    *,
    strategy: str,
    models: ModelNames = NO_MODELS,
    seed: int | None = None,
) -> RefinementResult:
    """Return the result of a run as its state and the selection tell it."""
    chosen = next((each for each in state.candidates if each.id == selection.candidate_id), None)
    return RefinementResult(
        problem_id=state.problem.id,
        solved=_solved(state, chosen),
        answer=chosen.content if chosen else None,
        strategy=strategy,
        difficulty=state.difficulty,
        rounds=state.round,
        stop_reason=state.stop_reason or _UNFINISHED,
        selection=selection,
        usage=state.usage + Usage(wall_seconds=round(state.elapsed, 3)),
        candidates=state.candidates,
        reviews=state.reviews,
        reverted=merge_reversions(state.reverted, ()),
        decisions=state.decisions,
        failures=state.failures,
        tests=state.tests,
        isolation=state.isolation,
        models=models,
        seed=seed,
    )


class _Attempt(NamedTuple):
    """What one scorer said and spent, or what kept it from saying anything."""

    scores: Sequence[Score]
    usage: Usage
    error: ModelError | DeadlineExceeded | None = None


async def _attempt(scorer: Scorer, problem: Problem, pool: Sequence[Candidate]) -> _Attempt:
    limit = asyncio.timeout(current_scope().remaining)
    with spending() as spent:
        try:
            async with limit:
                told = await ask_scorer(scorer, problem, pool)
        except (ModelError, DeadlineExceeded) as error:
            return _Attempt((), spent.usage, error)
        except TimeoutError:
            if not limit.expired():
                raise
            late = DeadlineExceeded(f"The run's time was up before {scorer!r} answered.")
            return _Attempt((), spent.usage, late)
    return _Attempt(told.scores, told.usage)


def _before(candidate: Candidate, place: int) -> Score:
    """Return what the scorer at this place said before."""
    known = candidate.scores[place : place + 1]
    return known[0] if known else Score(scorer="failed", value=None)


def _rescored(candidate: Candidate, scores: Sequence[Score]) -> Candidate:
    if candidate.scores == tuple(scores):
        return candidate
    return candidate.model_copy(
        update={"scores": tuple(scores), "revision": candidate.revision + 1}
    )


def _failures(errors: Sequence[Exception], *, round: int) -> tuple[Failure, ...]:
    """Return one failure for all scorers of a round, since failures are told apart by place."""
    if not errors:
        return ()
    worst = max(errors, key=lambda each: isinstance(each, DeadlineExceeded))
    detail = " ".join(map(str, errors))
    emit(BranchFailed(node="score", detail=detail))
    kind = failure_kind(worst)
    return (Failure(kind=kind, node="score", round=round, candidate_id=None, detail=detail),)


def _solved(state: RefinementState, chosen: Candidate | None) -> bool | None:
    if not state.proof_ids:
        return None
    return bool(chosen and chosen.verdict and chosen.verdict.passed)


def _reversion(child: Candidate, parent: Candidate) -> Reversion | None:
    if child.content is None and parent.content is not None:
        return Reversion(
            candidate_id=child.id, parent_id=parent.id, reason=child.unusable or "unreadable"
        )
    before = parent.verdict.passed_ids if parent.verdict else frozenset[str]()
    now = child.verdict.passed_ids if child.verdict else frozenset[str]()
    lost = tuple(sorted(before - now))
    if not lost:
        return None
    reason = f"{len(lost)} tests that {parent.id} passed no longer pass"
    return Reversion(candidate_id=child.id, parent_id=parent.id, lost=lost, reason=reason)


def _report(changed: Sequence[Candidate], reverted: Sequence[Reversion]) -> None:
    for candidate in changed:
        emit(CandidateJudged(candidate=candidate))
    for each in reverted:
        emit(
            CandidateReverted(
                candidate_id=each.candidate_id, parent_id=each.parent_id, reason=each.reason
            )
        )
