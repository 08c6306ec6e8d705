"""What a loop decides, and what came of it."""

from typing import Literal

from pydantic import Field, model_validator

from refinegraph.schema.base import Frozen, fields_with

Action = Literal["sample", "refine", "stop"]
"""What a decision amounts to: fresh candidates, moves from earlier ones, or the end."""


class Feature(Frozen):
    """One number that a decision was made from."""

    name: str
    value: float


class Difficulty(Frozen):
    """A router's decision on whether the problem is worth more effort."""

    level: Literal["easy", "hard"]
    reasons: tuple[str, ...] = ()
    """One sentence each."""
    features: tuple[Feature, ...] = ()
    """The numbers that the decision was made from."""


class StopReason(Frozen):
    """Why the loop ended."""

    rule: str
    """The rule that fired, as one word: `accepted`, `rounds`, `budget`, …"""
    detail: str
    """One sentence with the numbers that the rule saw."""
    observed: float | None = None
    limit: float | None = None


class Move(Frozen):
    """One application of an operator."""

    operator: str
    """The operator's name in the table of the graph."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it starts from, in the order in which the operator sees them."""
    count: int = Field(default=1, ge=1)
    """How many candidates are asked for."""
    instruction: str = ""
    """A word to the operator: a persona, a topic, what to change."""
    keep: int | None = Field(default=None, ge=0)
    """How many steps of the first parent a continuation keeps; all of them if None."""


class Decision(Frozen):
    """What the loop does next, and the numbers that say so."""

    number: int = 0
    """Position in the run, from 0."""
    round: int = 0
    moves: tuple[Move, ...] = ()
    """What is made next, side by side; empty exactly where `stop_reason` is set."""
    difficulty: Difficulty | None = None
    features: tuple[Feature, ...] = ()
    """The numbers that chose the moves, where a policy weighs one against another."""
    stop_reason: StopReason | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a decision that version 1 of the schema wrote."""
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
        """Whether it stops, works on earlier candidates, or asks for fresh ones."""
        if self.stop_reason:
            return "stop"
        return "refine" if any(move.parents for move in self.moves) else "sample"

    @property
    def samples(self) -> int:
        """How many fresh candidates are asked for."""
        return sum(move.count for move in self.moves if not move.parents)

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the candidates that are worked on, without repetitions."""
        return tuple(dict.fromkeys(id for move in self.moves for id in move.parents))


class Failure(Frozen):
    """A move that ended without its result, while the run went on."""

    kind: Literal["model", "deadline", "budget"]
    node: str
    round: int
    candidate_id: str | None
    detail: str
    turn: int = 0
    """The number of the decision that asked for it."""
    move: int = 0
    """The position of the move in that decision."""
    error: str = "ModelError"
    """The class of `refinegraph.errors` that was raised."""


class RejectedRefinement(Frozen):
    """A refinement that lost something its parent had, and so did not replace it."""

    candidate_id: str
    parent_id: str
    lost: tuple[str, ...] = ()
    """Ids of the visible tests that the parent passed and the refinement did not."""
    reason: str = ""
