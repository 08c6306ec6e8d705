"""Build the state that a stop rule, a router or a policy receives."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import (
    Candidate,
    Decision,
    Failure,
    Isolation,
    Move,
    Note,
    Problem,
    RejectedRefinement,
    Review,
    Usage,
    VisibleTest,
)

MATH = Problem(prompt="What is 2 + 2?", kind="math")
"""The default problem if no candidate has a program."""
CODE = Problem(prompt="Write f(x) that doubles x.", entry_point="f")
"""The default problem if any candidate has a program."""


class StateFields(TypedDict, total=False):
    """Fields of a `RefinementState` that `state` passes on unchanged."""

    tests: tuple[VisibleTest, ...]
    usage: Usage
    reviews: tuple[Review, ...]
    rejected: tuple[RejectedRefinement, ...]
    failures: tuple[Failure, ...]
    run_notes: tuple[Note, ...]
    round: int
    elapsed: float
    isolation: Isolation | None


def state(
    *candidates: Candidate,
    problem: Problem | None = None,
    decisions: Sequence[Decision] | None = None,
    **fields: Unpack[StateFields],
) -> RefinementState:
    """Return the state of a run that has created the given candidates.

    By default, the decisions are derived from the candidates, one per turn; the round is the latest
    one of the candidates; and the problem is `CODE` if any candidate has a program, and `MATH`
    otherwise.

    Args:
        candidates: The candidates in any order.
        problem: The problem of the run.
        decisions: The decisions, instead of those derived from the candidates.
        fields: Any other field of `RefinementState`, such as `usage` or `tests`.

    >>> from refinegraph.testing import answers, candidate
    >>> later = state(*answers("4", "5"), candidate("1.0", "4", parents="0.1"))
    >>> [decision.action for decision in later.decisions], later.round
    (['sample', 'refine'], 1)
    """
    coded = any(candidate.program is not None for candidate in candidates)
    latest = max((candidate.round for candidate in candidates), default=0)
    other: StateFields = {"round": latest, **fields}
    return RefinementState(
        problem=problem or (CODE if coded else MATH),
        candidates=candidates,
        decisions=tuple(_decisions_of(candidates) if decisions is None else decisions),
        **other,
    )


def _decisions_of(candidates: Sequence[Candidate]) -> list[Decision]:
    """Return the decisions that led to the candidates."""
    last = max((candidate.turn for candidate in candidates), default=-1)
    return [_decision_of(turn, candidates) for turn in range(last + 1)]


def _decision_of(turn: int, candidates: Sequence[Candidate]) -> Decision:
    children = [candidate for candidate in candidates if candidate.turn == turn]
    moves = tuple(Move(operator=child.operator, parents=child.parents) for child in children)
    reached = max((child.round for child in children), default=turn)
    return Decision(number=turn, round=reached, moves=moves)
