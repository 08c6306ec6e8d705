"""The select node: choose the answer and summarise the run."""

from refinegraph.agents.models import charging
from refinegraph.errors import InputError
from refinegraph.graphs.events import NodeStarted, Spent, emit
from refinegraph.graphs.nodes.types import StateNode
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import (
    Candidate,
    ModelNames,
    RefinementResult,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.support.awaiting import settle

NO_MODELS = ModelNames()
_UNFINISHED = StopReason(rule="unfinished", detail="no decision was made")
_NOTHING = Selection(candidate_id=None, reason="no candidate was completed")


def select_node(
    selector: Selector,
    *,
    strategy: str,
    models: ModelNames = NO_MODELS,
    seed: int | None = None,
) -> StateNode:
    """Return the node that chooses the answer and summarises the run, at the selector's cost."""

    async def select(state: RefinementState) -> StateUpdate:
        emit(NodeStarted(node="select", round=state.round))
        with charging() as account:
            choice = await choose_answer(selector, state)
        spent = account.usage
        if spent.llm_calls:
            emit(Spent(usage=spent))
        final = state.model_copy(update={"usage": state.usage + spent})
        result = summarise(final, choice, strategy=strategy, models=models, seed=seed)
        return {"usage": spent, "result": result}

    return select


async def choose_answer(selector: Selector, state: RefinementState) -> Selection:
    """Return a selector's choice among the complete, active candidates."""
    pool = state.active_candidates or tuple(
        candidate for candidate in state.candidates if candidate.complete
    )
    if not pool:
        return _NOTHING
    return _checked(await settle(selector(state.problem, pool)))


def _checked(choice: object) -> Selection:
    if not isinstance(choice, Selection):
        raise InputError(f"the selector returned {choice!r:.100}; expected a Selection.")
    return choice


def summarise(
    state: RefinementState,
    selection: Selection,
    *,
    strategy: str,
    models: ModelNames = NO_MODELS,
    seed: int | None = None,
) -> RefinementResult:
    """Return the result of a run, given its state and the selection."""
    by_id = {candidate.id: candidate for candidate in state.candidates}
    chosen = by_id.get(selection.candidate_id or "")
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
        rejected=state.rejected,
        decisions=state.decisions,
        failures=state.failures,
        notes=state.run_notes,
        tests=state.tests,
        isolation=state.isolation,
        models=models,
        seed=seed,
    )


def _solved(state: RefinementState, chosen: Candidate | None) -> bool | None:
    """Return whether the answer was proved or refuted, or None if nothing could decide.

    Tests decide, or a checker that needs none, such as a proof assistant. If no test of a
    repository fails, no test can show that a patch achieves its purpose. A sandbox failure refutes
    nothing.
    """
    repository = state.problem.repository
    without_tests = not state.tests and any(candidate.verdict for candidate in state.candidates)
    checked = state.proof_ids or without_tests
    if not checked or (repository and not repository.failing):
        return None
    if chosen and chosen.verdict and chosen.verdict.status == "sandbox_error":
        return None
    return bool(chosen and chosen.verdict and chosen.verdict.passed)
