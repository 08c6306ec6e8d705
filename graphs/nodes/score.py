"""The score node: execute new programs, score the pool, and reject failed refinements."""

import asyncio
from collections.abc import Collection, Sequence
from typing import NamedTuple

from refinegraph.agents.models import charging, current_scope
from refinegraph.errors import ContextTooLong, DeadlineExceeded, ModelError, ModelRequestRefused
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateJudged,
    NodeStarted,
    RefinementRejected,
    Spent,
    emit,
)
from refinegraph.graphs.nodes.classify import classify, replaced
from refinegraph.graphs.nodes.execute import execute_new
from refinegraph.graphs.nodes.operate import failure_kind
from refinegraph.graphs.nodes.types import StateNode
from refinegraph.graphs.reducers import find_candidate
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import (
    Candidate,
    Failure,
    Problem,
    RejectedRefinement,
    Score,
)
from refinegraph.support.awaiting import wait_for_all
from refinegraph.tools.checkers import Checker
from refinegraph.tools.scorers import Scorer
from refinegraph.tools.scorers.basic import run_scorer_on_pool, scores_alone
from refinegraph.wording import plural

_FAILED = "failed"
"""Marks a score whose scorer failed, so that it is requested again."""


def score_node(scorers: Sequence[Scorer], *, checker: Checker) -> StateNode:
    """Return the node that executes new programs, scores the pool and rejects regressions.

    Costs a sandbox run per new program, plus the cost of the scorers.
    """

    async def score(state: RefinementState) -> StateUpdate:
        emit(NodeStarted(node="score", round=state.round))
        with charging() as account:
            executed = await execute_new(checker, state)
            executed_by_id = {run.candidate.id: run.candidate for run in executed}
            pool = replaced(state.candidates, executed_by_id)
            classed = await classify(state.problem, pool, new=tuple(executed_by_id.values()))
            failed = any(failure.node == "score" for failure in state.failures)
            scored = await score_pool(
                scorers, state.problem, classed, changed=executed_by_id, failed_before=failed
            )
        changed = changed_candidates(scored.candidates, state.candidates)
        rejected = find_rejected(changed, scored.candidates, state)
        _report(changed, rejected)
        emit(Spent(usage=account.usage))
        return {
            "candidates": changed,
            "rejected": rejected,
            "isolation": next((run.isolation for run in executed if run.isolation), None),
            "failures": _failures(scored.errors, state),
            "usage": account.usage,
        }

    return score


def changed_candidates(
    now: Sequence[Candidate], before: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """Return the candidates that have changed; both sequences must have the same ids."""
    pairs = zip(now, before, strict=True)
    return tuple(new for new, old in pairs if new is not old and new != old)


class ScoredPool(NamedTuple):
    """The candidates with their scores, and the errors of scorers."""

    candidates: tuple[Candidate, ...]
    errors: tuple[ModelError | DeadlineExceeded, ...] = ()


async def score_pool(
    scorers: Sequence[Scorer],
    problem: Problem,
    pool: Sequence[Candidate],
    *,
    changed: Collection[str] = (),
    failed_before: bool = True,
) -> ScoredPool:
    """Return the candidates with the scores of every scorer, in the order of the scorers.

    The scorers run concurrently. If all of them judge candidates independently (`scores_alone`),
    they receive only candidates that have no scores, were `changed`, or were left without a score
    by a scorer that `failed_before`; otherwise, as with agreement, they receive the whole pool.
    Unfinished candidates are passed only to scorers that support them (`scores_unfinished`), and
    have a score of None from the others. If a scorer's model fails, its candidates keep their
    previous scores, or None. A scorer whose first request is refused is misconfigured, so its error
    is raised.
    """
    if not all(map(scores_alone, scorers)):
        return await _scored(scorers, problem, pool, has_scores=_has_scores(pool))
    count = len(scorers)
    new = [
        candidate
        for candidate in pool
        if len(candidate.scores) != count
        or candidate.id in changed
        or (failed_before and _was_missed(candidate))
    ]
    scored = await _scored(scorers, problem, new, has_scores=_has_scores(pool))
    scored_by_id = {candidate.id: candidate for candidate in scored.candidates}
    return ScoredPool(replaced(pool, scored_by_id), scored.errors)


def _was_missed(candidate: Candidate) -> bool:
    return any(score.scorer == _FAILED for score in candidate.scores)


def _has_scores(pool: Sequence[Candidate]) -> bool:
    return any(candidate.scores for candidate in pool)


async def _scored(
    scorers: Sequence[Scorer], problem: Problem, pool: Sequence[Candidate], *, has_scores: bool
) -> ScoredPool:
    if not pool or not scorers:
        return ScoredPool(tuple(_rescored(candidate, ()) for candidate in pool))
    attempts = await wait_for_all(*(_attempt(scorer, problem, pool) for scorer in scorers))
    errors = tuple(attempt.error for attempt in attempts if attempt.error)
    if not has_scores:
        _raise_if_misconfigured(errors)
    rows = [
        [_previous(candidate, index) for candidate in pool] if attempt.error else attempt.scores
        for index, attempt in enumerate(attempts)
    ]
    columns = zip(*rows, strict=True)
    scored = tuple(_rescored(*pair) for pair in zip(pool, columns, strict=True))
    return ScoredPool(scored, errors)


def _raise_if_misconfigured(errors: Sequence[ModelError | DeadlineExceeded]) -> None:
    for error in errors:
        if isinstance(error, ModelRequestRefused) and not isinstance(error, ContextTooLong):
            raise error


def find_rejected(
    changed: Sequence[Candidate], pool: Sequence[Candidate], state: RefinementState
) -> tuple[RejectedRefinement, ...]:
    """Return the new refinements that may not replace their parent, with the tests they lost.

    A refinement has exactly one parent. It must pass every visible test that its parent passed, and
    it must be readable if its parent was. Unfinished candidates and their continuations are never
    rejected.
    """
    rejected_ids = {rejection.candidate_id for rejection in state.rejected}
    fresh = [child for child in changed if len(child.parents) == 1 and child.id not in rejected_ids]
    if not fresh:
        return ()
    pairs = ((child, find_candidate(pool, child.parents[0])) for child in fresh)
    rejections = (_rejection(child, parent) for child, parent in pairs if parent)
    return tuple(rejection for rejection in rejections if rejection)


class _Attempt(NamedTuple):
    """The scores of one scorer, or the error that prevented them."""

    scores: Sequence[Score]
    error: ModelError | DeadlineExceeded | None = None


async def _attempt(scorer: Scorer, problem: Problem, pool: Sequence[Candidate]) -> _Attempt:
    limit = asyncio.timeout(current_scope().remaining)
    try:
        async with limit:
            return _Attempt(await _scores(scorer, problem, pool))
    except (ModelError, DeadlineExceeded) as error:
        return _Attempt((), error)
    except TimeoutError:
        if not limit.expired():
            raise
        late = DeadlineExceeded(f"The run's time limit expired before {scorer!r} answered.")
        return _Attempt((), late)


async def _scores(scorer: Scorer, problem: Problem, pool: Sequence[Candidate]) -> tuple[Score, ...]:
    """Return one score per candidate, with None for those that the scorer cannot judge yet."""
    return (await run_scorer_on_pool(scorer, problem, pool)).scores


def _previous(candidate: Candidate, index: int) -> Score:
    """Return the previous score of the scorer at an index."""
    scores = candidate.scores[index : index + 1]
    return scores[0] if scores else Score(scorer=_FAILED, value=None)


def _rescored(candidate: Candidate, scores: Sequence[Score]) -> Candidate:
    if candidate.scores == tuple(scores):
        return candidate
    return candidate.model_copy(
        update={"scores": tuple(scores), "revision": candidate.revision + 1}
    )


def _failures(errors: Sequence[Exception], state: RefinementState) -> tuple[Failure, ...]:
    turn = state.decision.number if state.decision else 0
    for error in errors:
        emit(BranchFailed(node="score", detail=str(error)))
    return tuple(
        Failure(
            kind=failure_kind(error),
            node="score",
            round=state.round,
            candidate_id=None,
            detail=str(error),
            turn=turn,
            error=type(error).__name__,
        )
        for error in errors
    )


def _rejection(child: Candidate, parent: Candidate) -> RejectedRefinement | None:
    if not child.complete or not parent.complete:
        return None
    if child.content is None and parent.content is not None:
        return RejectedRefinement(
            candidate_id=child.id, parent_id=parent.id, reason=child.unusable or "unreadable"
        )
    before = parent.verdict.passed_ids if parent.verdict else frozenset[str]()
    now = child.verdict.passed_ids if child.verdict else frozenset[str]()
    lost = tuple(sorted(before - now))
    if not lost:
        return None
    reason = f"it fails {plural(len(lost), 'test')} that {parent.id} passed"
    return RejectedRefinement(candidate_id=child.id, parent_id=parent.id, lost=lost, reason=reason)


def _report(changed: Sequence[Candidate], rejected: Sequence[RejectedRefinement]) -> None:
    for candidate in changed:
        emit(CandidateJudged(candidate=candidate))
    for rejection in rejected:
        emit(
            RefinementRejected(
                candidate_id=rejection.candidate_id,
                parent_id=rejection.parent_id,
                reason=rejection.reason,
            )
        )
