"""Policies: what is done next. A policy is any function of the state, async or not.

All that a policy knows is in the state, so that its decisions can be replayed. It is asked before
the first sample too. It may return a `Decision`, or less: one `Move`, several, or a `StopReason`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import cast

from refinegraph.agents.operators import refuted
from refinegraph.errors import InputError
from refinegraph.graphs.reducers import find_candidate
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Difficulty, Feature, Move, StopReason
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.tools.programs import program_fingerprint

Choice = Decision | StopReason | Move | Sequence[Move]
"""What a policy may return."""
Policy = Callable[[RefinementState], MaybeAwaitable[Choice]]


def as_decision(choice: object, state: RefinementState) -> Decision:
    """Return what a policy chose as a decision with its number and round.

    Moves that start from candidates begin a new round. No moves at all mean that nothing is left
    to do. Raises `InputError` for anything else.
    """
    if isinstance(choice, Decision):
        chosen = choice
    elif isinstance(choice, StopReason):
        chosen = stop_decision(state, choice)
    elif isinstance(choice, Move):
        chosen = move_decision(state, (choice,))
    else:
        chosen = move_decision(state, _moves(choice))
    if not chosen.moves and not chosen.stop_reason:
        chosen = stop_decision(state, NOTHING_LEFT, chosen.difficulty)
    number = len(state.decisions)
    return chosen if chosen.number == number else chosen.model_copy(update={"number": number})


def _moves(choice: object) -> tuple[Move, ...]:
    listed = tuple(cast("Sequence[object]", choice)) if isinstance(choice, list | tuple) else None
    moves = tuple(part for part in listed or () if isinstance(part, Move))
    if listed is None or len(moves) < len(listed):
        raise InputError(
            f"the policy returned {choice!r:.100}; expected a Decision, a Move, a list of moves "
            "or a StopReason."
        )
    return moves


NOTHING_LEFT = StopReason(rule="exhausted", detail="the policy has no further move")


def move_decision(
    state: RefinementState,
    moves: Sequence[Move],
    difficulty: Difficulty | None = None,
    features: Sequence[Feature] = (),
) -> Decision:
    """Return the decision to make these moves; those from candidates begin a new round."""
    deeper = any(move.parents for move in moves)
    return Decision(
        number=len(state.decisions),
        round=state.round + int(deeper),
        moves=tuple(moves),
        difficulty=difficulty,
        features=tuple(features),
    )


def stop_decision(
    state: RefinementState, reason: StopReason, difficulty: Difficulty | None = None
) -> Decision:
    """Return the decision to select an answer."""
    return Decision(
        number=len(state.decisions),
        round=state.round,
        difficulty=difficulty,
        stop_reason=reason,
    )


def sample_decision(
    state: RefinementState, samples: int, difficulty: Difficulty | None = None
) -> Decision:
    """Return the decision to ask the operator `solve` for more candidates."""
    return move_decision(state, (Move(operator="solve", count=samples),), difficulty)


def refine_decision(
    state: RefinementState, targets: Sequence[Candidate], difficulty: Difficulty | None = None
) -> Decision:
    """Return the decision to repair these candidates side by side in a new round."""
    moves = tuple(Move(operator="refine", parents=(target.id,)) for target in targets)
    return move_decision(state, moves, difficulty)


def first_moves(state: RefinementState, samples: int, *, write_tests: bool) -> Decision | None:
    """Return the first wave of a run: samples and, where tests are missing, tests beside them.

    None once a decision was made.
    """
    if state.decisions:
        return None
    moves = [Move(operator="solve", count=samples)]
    if write_tests and not state.tests and state.problem.kind == "code":
        moves.append(Move(operator="write_tests"))
    return move_decision(state, moves)


def check_moves(decision: Decision, state: RefinementState, operators: Collection[str]) -> None:
    """Raise `InputError` for a move whose operator or parent does not exist."""
    for move in decision.moves:
        if move.operator not in operators:
            raise InputError(
                f"the policy asked for the operator {move.operator!r}; this graph has "
                f"{', '.join(sorted(operators))}."
            )
        missing = [id for id in move.parents if find_candidate(state.candidates, id) is None]
        if missing:
            raise InputError(
                f"the policy asked for {move.operator!r} from candidate {missing[0]!r}, "
                f"but there is no such candidate among {len(state.candidates)}."
            )


def interrupted(state: RefinementState) -> StopReason | None:
    """Stop where time or money ran out, or where the last moves brought nothing.

    Without this, a policy that asks again for what has just failed would never end.
    """
    last = state.decision
    if last is None:
        return None
    failures = [failure for failure in state.failures if failure.turn == last.number]
    late = next((failure for failure in failures if failure.kind != "model"), None)
    if late:
        return StopReason(rule="budget", detail=late.detail)
    if failures and not any(made.turn == last.number for made in reversed(state.candidates)):
        return StopReason(rule="failed", detail=failures[-1].detail)
    if last.moves and state.progress < last.number:
        return _nothing_new(state, last)
    return None


def _nothing_new(state: RefinementState, last: Decision) -> StopReason:
    if last.targets and approved_ids(state).issuperset(last.targets):
        return approval(last.targets)
    return StopReason(rule="exhausted", detail="the last moves brought nothing new")


def approval(ids: Iterable[str]) -> StopReason:
    """Return the reason to stop where the Reviewer approves all that could be worked on."""
    detail = f"the Reviewer finds nothing wrong with {', '.join(sorted(ids))}"
    return StopReason(rule="approved", detail=detail)


def refinable(
    state: RefinementState, *, limit: int | None = None, newest_first: bool = False
) -> list[Candidate]:
    """Return the candidates that are worth a repair, the best first, no two alike.

    Left out are candidates that are proved, and those that the latest review approves and no test
    refutes. A candidate without a program or answer counts only where all are like that.
    """
    approved = approved_ids(state)
    open_ones = [
        candidate
        for candidate in state.active_candidates
        if not (candidate.verdict and candidate.verdict.passed)
    ]
    doubted = [candidate for candidate in open_ones if candidate.id not in approved]
    readable = [candidate for candidate in doubted if candidate.content is not None]
    distinct: dict[str, Candidate] = {}
    for candidate in readable or doubted:
        distinct.setdefault(fingerprint(candidate), candidate)
    if newest_first:
        ranked = sorted(distinct.values(), key=lambda candidate: candidate.order, reverse=True)
    else:
        ranked = sorted(
            distinct.values(), key=lambda candidate: (-(candidate.score or 0.0), candidate.order)
        )
    return ranked[:limit]


def samples_of(state: RefinementState) -> list[Candidate]:
    """Return the fresh samples: candidates that were not made from others."""
    return [candidate for candidate in state.candidates if candidate.parent_id is None]


def mean_tokens(candidates: Sequence[Candidate]) -> float | None:
    """Return the mean completion tokens of the candidates that cost any; None if none did."""
    written = [candidate.tokens for candidate in candidates if candidate.tokens]
    return sum(written) / len(written) if written else None


def easy(difficulty: Difficulty) -> StopReason:
    """Return the reason to stop that an easy problem gives."""
    reason = difficulty.reasons[0] if difficulty.reasons else "the router calls it easy"
    return StopReason(rule="easy", detail=reason)


def candidates_spent(made: int, limit: int, detail: str) -> StopReason:
    """Return the reason to stop once the most candidates were made."""
    return StopReason(rule="samples", detail=detail, observed=made, limit=limit)


def approved_ids(state: RefinementState) -> frozenset[str]:
    """Return the candidates that their latest reviews approve and that no test refutes."""
    latest: dict[str, bool] = {}
    rounds: dict[str, int] = {}
    for review in state.reviews:
        same = rounds.get(review.candidate_id) == review.round
        agreed = latest.get(review.candidate_id, True) if same else True
        latest[review.candidate_id] = agreed and review.approves
        rounds[review.candidate_id] = review.round
    if not any(latest.values()):
        return frozenset()
    refuted_ids = {candidate.id for candidate in state.candidates if refuted(candidate)}
    return frozenset(id for id, approves in latest.items() if approves) - refuted_ids


def fingerprint(candidate: Candidate) -> str:
    """Return what tells a candidate's content from others, whatever its layout."""
    program = candidate.program
    return candidate.text if program is None else program_fingerprint(program)
