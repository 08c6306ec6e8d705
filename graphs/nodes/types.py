"""The shapes of nodes, and the payload that names a move."""

from collections.abc import Awaitable, Callable, Sequence

from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import Frozen, Move

StateNode = Callable[[RefinementState], Awaitable[StateUpdate]]
"""A node that works on the whole state."""


class PendingMove(Frozen):
    """A move on its way through the stages of its operator.

    It names candidates and carries none, so that its size does not grow with the run.
    """

    move: Move
    turn: int
    """The number of the decision that it belongs to."""
    index: int
    """Its position in that decision."""
    round: int
    ids: tuple[str, ...]
    """The ids that its candidates get, in order."""
    made: tuple[str, ...] = ()
    """Ids of the candidates that the last stage made; the next one starts from them."""
    used: int = 0
    """How many candidates the earlier stages made."""

    def after(self, made: Sequence[str]) -> "PendingMove":
        """Return the move as the next stage gets it."""
        if not made:
            return self
        return self.model_copy(update={"made": tuple(made), "used": self.used + len(made)})

    def id_of(self, position: int) -> str:
        """Return the id of the candidate at a position, beyond the planned ones too.

        >>> move = Move(operator="solve")
        >>> pending = PendingMove(move=move, turn=0, index=0, round=0, ids=("0.0",))
        >>> pending.id_of(0), pending.id_of(1), pending.id_of(2)
        ('0.0', '0.0.1', '0.0.2')
        """
        if position < len(self.ids):
            return self.ids[position]
        return f"{self.ids[-1]}.{position - len(self.ids) + 1}"


MoveNode = Callable[[RefinementState, PendingMove], Awaitable[StateUpdate]]
"""A node that works on one move."""
