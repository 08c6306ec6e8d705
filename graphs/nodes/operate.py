"""The node of an operator: apply the operator to one move and parse its outcome."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from refinegraph.agents.models import charging
from refinegraph.agents.operators import Draft, Operator, Outcome, Task
from refinegraph.agents.operators.algebra import attempt
from refinegraph.errors import BudgetExceeded, DeadlineExceeded, ModelError
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateProposed,
    NodeStarted,
    ReviewWritten,
    Spent,
    TestsKnown,
    emit,
)
from refinegraph.graphs.nodes.parse_candidate import entry_point_of, read_candidate
from refinegraph.graphs.nodes.types import MoveNode, PendingMove
from refinegraph.graphs.reducers import find_candidate
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import Candidate, Failure, Review, Usage
from refinegraph.tools.checkers import AnswerReader


def operate_node(
    name: str,
    operator: Operator,
    *,
    proposing: Collection[str],
    reader: AnswerReader | None = None,
) -> MoveNode:
    """Return the node that applies an operator to one move.

    The operator's cost is charged to the move, whether it succeeds or fails. A model failure, an
    exceeded deadline or an exhausted budget becomes a `Failure` in the state and the run continues.
    A model's error is raised only if the move was the last chance of a first candidate. `proposing`
    contains the operators that may produce candidates.
    """

    async def operate(state: RefinementState, pending: PendingMove) -> StateUpdate:
        task = task_of(state, pending)
        parent = task.parents[0].id if task.parents else None
        emit(NodeStarted(node=name, round=pending.round, candidate_id=parent))
        with charging() as account:
            outcome = await attempt(operator.apply(task))
        if outcome.errors and _is_only_hope(state, pending, outcome, proposing):
            raise outcome.errors[0]
        update = _read(outcome, state, pending, task, reader)
        unparsable = sum(
            candidate.content is None
            for candidate in update.get("candidates", ())
            if candidate.complete
        )
        usage = account.usage + Usage(unparsable=unparsable) if unparsable else account.usage
        emit(Spent(usage=usage))
        return {**update, "usage": usage, "failures": _failures(outcome, name, pending)}

    return operate


def task_of(state: RefinementState, pending: PendingMove) -> Task:
    """Return the task of a move: the candidates that it refers to, and the state of the run."""
    parents = pending.made or pending.move.parents
    reviews = [review for review in state.reviews if review.candidate_id in parents]
    latest = {review.candidate_id: review.round for review in reviews}
    return Task(
        problem=state.problem,
        move=pending.move.model_copy(update={"parents": parents}),
        tests=state.tests,
        parents=tuple(_existing(state, id) for id in parents),
        pool=state.candidates,
        reviews=tuple(review for review in reviews if review.round == latest[review.candidate_id]),
        notes=state.run_notes,
        round=pending.round,
    )


def _existing(state: RefinementState, id: str) -> Candidate:
    candidate = find_candidate(state.candidates, id)
    if candidate is None:
        raise LookupError(f"there is no candidate {id!r} among {len(state.candidates)}")
    return candidate


def failure_kind(error: Exception) -> Literal["model", "deadline", "budget"]:
    """Classify the error that prevented a move's result."""
    if isinstance(error, BudgetExceeded):
        return "budget"
    return "deadline" if isinstance(error, DeadlineExceeded) else "model"


def _is_only_hope(
    state: RefinementState, pending: PendingMove, outcome: Outcome, proposing: Collection[str]
) -> bool:
    """Return whether a run would end without any candidate because a model failed.

    Concurrent moves that produce no candidates, such as writing tests, do not count.
    """
    moves = state.decision.moves if state.decision else ()
    hopes = [index for index, move in enumerate(moves) if move.operator in proposing]
    failed = all(isinstance(error, ModelError) for error in outcome.errors)
    return hopes == [pending.index] and failed and not outcome.drafts and not state.candidates


def _read(
    outcome: Outcome,
    state: RefinementState,
    pending: PendingMove,
    task: Task,
    reader: AnswerReader | None,
) -> StateUpdate:
    update: StateUpdate = {}
    if outcome.drafts or outcome.reviews or outcome.notes or outcome.tests:
        update["progress"] = pending.turn
    if outcome.reviews:  # before the candidates that follow them, for those who watch
        update["reviews"] = _numbered(outcome.reviews, pending, task)
    if outcome.drafts:
        update["candidates"] = _read_drafts(outcome.drafts, state, pending, task, reader)
    if outcome.notes:
        update["run_notes"] = outcome.notes
    if outcome.tests:
        update["tests"] = outcome.tests
        emit(TestsKnown(tests=(*state.tests, *outcome.tests)))
    return update


def _read_drafts(
    drafts: Sequence[Draft],
    state: RefinementState,
    pending: PendingMove,
    task: Task,
    reader: AnswerReader | None,
) -> tuple[Candidate, ...]:
    entry_point = entry_point_of(state.problem, state.tests)
    programs = {candidate.id: candidate.program for candidate in task.parents}
    candidates = tuple(
        read_candidate(
            draft,
            state.problem,
            id=pending.id_of(pending.used + position),
            operator=pending.move.operator,
            turn=pending.turn,
            move=pending.index,
            parents=_parents_of(draft, task),
            entry_point=entry_point,
            base=_base_of(draft, task, programs),
            reader=reader,
        )
        for position, draft in enumerate(drafts)
    )
    for candidate in candidates:
        emit(CandidateProposed(candidate=candidate))
    return candidates


def _parents_of(draft: Draft, task: Task) -> tuple[str, ...]:
    return task.move.parents if draft.parents is None else draft.parents


def _base_of(draft: Draft, task: Task, programs: Mapping[str, str | None]) -> str | None:
    """Return the program to which edits in a draft apply: that of its only parent."""
    parents = _parents_of(draft, task)
    return programs.get(parents[0]) if len(parents) == 1 else None


def _numbered(reviews: Sequence[Review], pending: PendingMove, task: Task) -> tuple[Review, ...]:
    """Assign round and number to reviews; a changed review keeps its number and is revised."""
    existing = {(review.candidate_id, review.number): review for review in task.reviews}
    taken: dict[str, int] = {}
    numbered: list[Review] = []
    for review in reviews:
        before = existing.get((review.candidate_id, review.number))
        changed = before is not None and before.round == pending.round
        number = review.number if changed else taken.get(review.candidate_id, 0)
        taken[review.candidate_id] = number + 1
        revision = before.revision + 1 if before and changed else 0
        update = {"round": pending.round, "number": number, "revision": revision}
        numbered.append(review.model_copy(update=update))
        emit(ReviewWritten(review=numbered[-1]))
    return tuple(numbered)


def _failures(outcome: Outcome, node: str, pending: PendingMove) -> tuple[Failure, ...]:
    for error in outcome.errors:
        emit(BranchFailed(node=node, detail=str(error)))
    return tuple(
        Failure(
            kind=failure_kind(error),
            node=node,
            round=pending.round,
            candidate_id=pending.move.parents[0] if pending.move.parents else None,
            detail=str(error),
            turn=pending.turn,
            move=pending.index,
            error=type(error).__name__,
        )
        for error in outcome.errors
    )
