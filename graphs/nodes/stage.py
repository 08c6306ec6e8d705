"""Apply one stage of an operator to a move, and pass the move on to the next stage."""

from collections.abc import Collection
from typing import NamedTuple

from refinegraph.graphs.nodes.operate import operate_node
from refinegraph.graphs.nodes.scope import checked_update, node_scope
from refinegraph.graphs.nodes.types import PendingMove
from refinegraph.graphs.operator_table import Stage
from refinegraph.graphs.state import RefinementState, StateUpdate
from refinegraph.tools.checkers import AnswerReader


class Moved(NamedTuple):
    """The validated update of a stage, and the move as the next stage takes it."""

    update: StateUpdate
    following: PendingMove | None
    """None after the last stage."""


class StageRunner:
    """Applies one stage.

    Args:
        stage: The stage, with its operator.
        proposing: The operators that may produce candidates.
        reader: Extracts the program from an answer; by default from a fenced block.
    """

    def __init__(
        self, stage: Stage, *, proposing: Collection[str], reader: AnswerReader | None
    ) -> None:
        self.stage = stage
        self._operate = operate_node(stage.node, stage.operator, proposing=proposing, reader=reader)

    async def apply(self, state: RefinementState, pending: PendingMove) -> Moved:
        """Apply the operator; the last stage also reports that its move has ended."""
        node, parents = self.stage.node, pending.move.parents
        with node_scope(node, pending.round, parents[0] if parents else None) as sample_counts:
            update = await self._operate(state, pending)
        if self.stage.following is None:
            update["ended"] = (pending.turn, 1)
            return Moved(checked_update(node, update, sample_counts), None)
        checked = checked_update(node, update, sample_counts)
        created = tuple(candidate.id for candidate in checked.get("candidates", ()))
        return Moved(checked, pending.after(created))
