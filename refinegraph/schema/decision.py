"""Decisions of the loop, and failures and rejections that follow from them."""

from typing import Literal

from pydantic import Field, model_validator

from refinegraph.schema.base import Frozen, fields_with

Action = Literal["sample", "refine", "stop"]
"""The effect of a decision: fresh candidates, moves from earlier ones, or the end."""


class Feature(Frozen):
    """A number on which a decision is based."""

    name: str
    value: float


class Difficulty(Frozen):
    """A router's decision on whether the problem is worth more effort."""

    level: Literal["easy", "hard"]
    reasons: tuple[str, ...] = ()
    """One sentence each."""
    features: tuple[Feature, ...] = ()
    """The numbers on which the decision is based."""


class StopReason(Frozen):
    """Why the loop ended."""

    rule: str
    """The name of the rule: `accepted`, `rounds`, `budget`, …"""
    detail: str
    """One sentence with the numbers that the rule is based on."""
    observed: float | None = None
    limit: float | None = None


class Move(Frozen):
    """One application of an operator."""

    operator: str
    """The operator's name in the table of the graph."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it starts from, in the order in which the operator sees them."""
    count: int = Field(default=1, ge=1)
    """Number of candidates to request."""
    instruction: str = ""
    """An instruction for the operator: a persona, a topic or a change."""
    keep: int | None = Field(default=None, ge=0)
    """Number of steps of the first parent that a continuation keeps; None for all."""


class Decision(Frozen):
    """The next moves of the loop, or its end, with the numbers that led to it."""

    number: int = 0
    """Position in the run, counted from 0."""
    round: int = 0
    moves: tuple[Move, ...] = ()
    """The next moves, which run in parallel; empty if and only if `stop_reason` is set."""
    difficulty: Difficulty | None = None
    features: tuple[Feature, ...] = ()
    """The numbers by which a policy chose among possible moves."""
    stop_reason: StopReason | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a decision in version 1 of the schema."""
        fields = fields_with(data, "action")
        if fields is None:
            return data
        action = fields.pop("action")
        samples, targets = fields.pop("samples", 0), fields.pop("targets", ())
        if action == "sample":
            fields["moves"] = (Move(operator="solve", count=max(1, samples)),)
        elif action == "refine":
            fields["moves"] = tuple(Move(operator="refine", parents=(id,)) for id in targets)
        return fields

    @property
    def action(self) -> Action:
        """`stop`, `refine` if any move starts from earlier candidates, or else `sample`."""
        if self.stop_reason:
            return "stop"
        return "refine" if any(move.parents for move in self.moves) else "sample"

    @property
    def samples(self) -> int:
        """The number of fresh candidates to request."""
        return sum(move.count for move in self.moves if not move.parents)

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the candidates from which moves start, without repetitions."""
        return tuple(dict.fromkeys(id for move in self.moves for id in move.parents))


class Failure(Frozen):
    """A move that failed although the run continued."""

    kind: Literal["model", "deadline", "budget"]
    node: str
    round: int
    candidate_id: str | None
    detail: str
    turn: int = 0
    """The number of the decision that requested the move."""
    move: int = 0
    """The index of the move in that decision."""
    error: str = "ModelError"
    """The name of the raised class of `refinegraph.errors`."""


class RejectedRefinement(Frozen):
    """A refinement that did not replace its parent, because it is worse in some respect."""

    candidate_id: str
    parent_id: str
    lost: tuple[str, ...] = ()
    """Ids of the visible tests that the parent passed and the refinement did not."""
    reason: str = ""
