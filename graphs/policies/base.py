"""Policies: they decide what to do next. A policy is any function of the state, async or not.

A policy depends only on the state, so that its decisions can be replayed. It is also asked before
the first sample. It may return a `Decision`, or simply a `Move`, several moves or a `StopReason`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
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
    """Convert the choice of a policy to a decision with its number and round.

    Moves that start from candidates begin a new round. A choice without moves means that nothing is
    left to do. Raises `InputError` for unsupported values.
    """
    if isinstance(choice, Decision):
        decision = choice
    elif isinstance(choice, StopReason):
        decision = stop_decision(state, choice)
    elif isinstance(choice, Move):
        decision = move_decision(state, (choice,))
    else:
        decision = move_decision(state, _moves(choice))
    if not decision.moves and not decision.stop_reason:
        decision = stop_decision(state, NOTHING_LEFT, decision.difficulty)
    number = len(state.decisions)
    return decision if decision.number == number else decision.model_copy(update={"number": number})


def _moves(choice: object) -> tuple[Move, ...]:
    items = tuple(cast("Sequence[object]", choice)) if isinstance(choice, list | tuple) else None
    moves = tuple(part for part in items or () if isinstance(part, Move))
    if items is None or len(moves) < len(items):
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
    """Return the decision to make these moves; moves with parents begin a new round."""
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
    """Return the decision to stop and select an answer."""
    return Decision(
        number=len(state.decisions),
        round=state.round,
        difficulty=difficulty,
        stop_reason=reason,
    )


def sample_decision(
    state: RefinementState, samples: int, difficulty: Difficulty | None = None
) -> Decision:
    """Return the decision to request more samples from the operator `solve`."""
    return move_decision(state, (Move(operator="solve", count=samples),), difficulty)


def refine_decision(
    state: RefinementState, targets: Sequence[Candidate], difficulty: Difficulty | None = None
) -> Decision:
    """Return the decision to repair these candidates in parallel, in a new round."""
    moves = tuple(Move(operator="refine", parents=(target.id,)) for target in targets)
    return move_decision(state, moves, difficulty)


def first_moves(state: RefinementState, samples: int, *, write_tests: bool) -> Decision | None:
    """Return the first decision of a run: samples and, for code without tests, a test writer.

    Returns None if a decision has been made before.
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
                f"the policy requested the operator {move.operator!r}; this graph has "
                f"{', '.join(sorted(operators))}."
            )
        missing = [id for id in move.parents if find_candidate(state.candidates, id) is None]
        if missing:
            raise InputError(
                f"the policy requested {move.operator!r} from candidate {missing[0]!r}, which is "
                f"not among the {len(state.candidates)} candidates."
            )


def interrupted(state: RefinementState) -> StopReason | None:
    """Return a reason to stop if time or budget ran out, or if the last moves had no result.

    Without this check, a policy that repeats a failed request would never end.
    """
    last = state.decision
    if last is None:
        return None
    failures = [failure for failure in state.failures if failure.turn == last.number]
    late = next((failure for failure in failures if failure.kind != "model"), None)
    if late:
        return StopReason(rule="budget", detail=late.detail)
    if failures and not any(
        candidate.turn == last.number for candidate in reversed(state.candidates)
    ):
        return StopReason(rule="failed", detail=failures[-1].detail)
    if last.moves and state.progress < last.number:
        return _nothing_new(state, last)
    return None


def _nothing_new(state: RefinementState, last: Decision) -> StopReason:
    if last.targets and approved_ids(state).issuperset(last.targets):
        return approval(last.targets)
    return StopReason(rule="exhausted", detail="the last moves had no result")


def approval(ids: Iterable[str]) -> StopReason:
    """Return the reason to stop when the Reviewer approves everything that could be refined."""
    detail = f"the Reviewer found nothing wrong with {', '.join(sorted(ids))}"
    return StopReason(rule="approved", detail=detail)


def refinable(
    state: RefinementState, *, limit: int | None = None, newest_first: bool = False
) -> list[Candidate]:
    """Return the candidates that are worth a repair, best first and without duplicates.

    Proved candidates are excluded, and so are those that the latest review approves and no test
    refutes. Candidates without a program or answer are included only if there are no others.
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
        ranked = sorted(distinct.values(), key=lambda candidate: candidate.sort_key, reverse=True)
    else:
        ranked = sorted(
            distinct.values(), key=lambda candidate: (-(candidate.score or 0.0), candidate.sort_key)
        )
    return ranked[:limit]


def samples_of(state: RefinementState) -> list[Candidate]:
    """Return the samples: candidates that were not derived from others."""
    return [candidate for candidate in state.candidates if candidate.parent_id is None]


def mean_tokens(candidates: Sequence[Candidate]) -> float | None:
    """Return the mean completion tokens, ignoring candidates without a count; None if all are."""
    counts = [candidate.tokens for candidate in candidates if candidate.tokens]
    return sum(counts) / len(counts) if counts else None


def easy(difficulty: Difficulty) -> StopReason:
    """Return the reason to stop for an easy problem."""
    reason = difficulty.reasons[0] if difficulty.reasons else "the router rates it easy"
    return StopReason(rule="easy", detail=reason)


def candidates_spent(count: int, limit: int, detail: str) -> StopReason:
    """Return the reason to stop when the maximum number of candidates has been reached."""
    return StopReason(rule="samples", detail=detail, observed=count, limit=limit)


def approved_ids(state: RefinementState) -> frozenset[str]:
    """Return the candidates that their latest reviews approve and no test refutes."""
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
    """Return a key of a candidate's content that ignores its layout."""
    program = candidate.program
    return candidate.text if program is None else _fingerprint(program)


_fingerprint = lru_cache(maxsize=1024)(program_fingerprint)
