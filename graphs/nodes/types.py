"""The types of nodes, and the payload of a move."""

from collections.abc import Awaitable, Callable, Sequence

from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.schema import Frozen, Move

StateNode = Callable[[RefinementState], Awaitable[StateUpdate]]
"""A node that uses the whole state."""


class PendingMove(Frozen):
    """A move on its way through the stages of its operator.

    It refers to candidates by id, so that its size does not grow with the run.
    """

    move: Move
    turn: int
    """The number of its decision."""
    index: int
    """Its index in that decision."""
    round: int
    ids: tuple[str, ...]
    """The ids of its future candidates, in order."""
    made: tuple[str, ...] = ()
    """Ids of the candidates that the last stage produced, from which the next one starts."""
    used: int = 0
    """Number of candidates that the earlier stages produced."""

    def after(self, created: Sequence[str]) -> "PendingMove":
        """Return the move for the next stage, given the ids of the created candidates."""
        if not created:
            return self
        update = {"made": tuple(created), "used": self.used + len(created)}
        return self.model_copy(update=update)

    def id_of(self, position: int) -> str:
        """Return the id of the candidate at a position, which may exceed the planned number.

        >>> move = Move(operator="solve")
        >>> pending = PendingMove(move=move, turn=0, index=0, round=0, ids=("0.0",))
        >>> pending.id_of(0), pending.id_of(1), pending.id_of(2)
        ('0.0', '0.0.1', '0.0.2')
        """
        if position < len(self.ids):
            return self.ids[position]
        return f"{self.ids[-1]}.{position - len(self.ids) + 1}"


MoveNode = Callable[[RefinementState, PendingMove], Awaitable[StateUpdate]]
"""A node that processes one move."""
