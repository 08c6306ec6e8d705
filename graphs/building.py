"""Build a LangGraph graph from a table of operators.

    route ──▶ operators, side by side ──▶ score ──▶ operators … ──▶ score ──▶ end

`route` asks the policy for the first moves. `score` scores the results of the moves, asks the
policy again, and selects the answer when the policy stops. All of this happens in one super-step,
because every super-step costs LangGraph a pass over all channels and a checkpointer a write.
`accept` and `select` are separate nodes only if a person is asked to accept the answer. Nodes,
edges and the drawing are derived from the table.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_config
from langgraph.constants import END, START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.managed import RemainingSteps
from langgraph.pregel._read import ChannelRead
from langgraph.types import Command, Overwrite, Send

from refinegraph.agents.models import Work
from refinegraph.agents.models.run_context import working
from refinegraph.graphs.channels import InputChannel
from refinegraph.graphs.nodes.operate import operate_node
from refinegraph.graphs.nodes.route import Router, pending_moves
from refinegraph.graphs.nodes.types import PendingMove, StateNode
from refinegraph.graphs.operator_table import OperatorTable, Stage
from refinegraph.graphs.state import (
    RefinementInput,
    RefinementState,
    StateUpdate,
    apply_update,
    check_input,
    check_update,
    join_updates,
)
from refinegraph.graphs.sync_nodes import node_runnable
from refinegraph.schema import Decision, SampleCount, Usage
from refinegraph.telemetry.tracing import Attributes, span
from refinegraph.tools.checkers import AnswerReader

SearchGraph = CompiledStateGraph[RefinementState, None, RefinementInput, RefinementState]

Values = Mapping[str, Any]
"""The state as LangGraph reads it from its channels, which have validated it."""


class _StateValues:
    """Input schema of nodes that take plain values; a pydantic schema would be validated again."""

    __annotations__ = dict(RefinementState.__annotations__)


class _RoutedValues:
    """The state, and the number of super-steps that LangGraph still allows."""

    __annotations__ = {**RefinementState.__annotations__, "steps_left": RemainingSteps}


class GraphBuilder:
    """Builds a LangGraph graph from a table of operators."""

    def __init__(
        self,
        table: OperatorTable,
        router: Router,
        select: StateNode,
        *,
        asks_to_accept: bool,
        reader: AnswerReader | None = None,
    ) -> None:
        self.reader = reader
        self.table = table
        self.router = router
        self.select = select
        self.finish = "accept" if asks_to_accept else END
        self.graph = StateGraph(RefinementState, input_schema=RefinementInput)
        self._following = (*dict.fromkeys(table.entries.values()), self.finish)

    def add_route(self) -> None:
        """Add the entry node, which asks the policy for the first moves."""

        async def route(values: Values) -> Command[str]:
            state = _state_of(values)
            fresh = _is_another_run(state)
            start = RefinementState(problem=state.problem) if fresh else state
            update, goto = await self._decide(start, values["steps_left"])
            if fresh:
                return Command(update=_overwriting({**dict(start), **update}), goto=goto)
            return Command(update=update, goto=goto)

        self._add("route", route, schema=_RoutedValues, destinations=self._following)
        self.graph.add_edge(START, "route")

    def add_score(self, score: StateNode) -> None:
        """Add the node that scores candidates, then asks the policy for the next moves.

        Moves of one decision end at different times if their operators have different numbers of
        stages. Each end calls the node, which does nothing until all of them have ended.
        """

        async def score_and_route(values: Values) -> Command[str]:
            state = _state_of(values)
            if _has_open_moves(state):
                return Command()
            scored = await _run("score", score, state)
            decided, goto = await self._decide(apply_update(state, scored), values["steps_left"])
            return Command(update=join_updates(scored, decided), goto=goto)

        self._add(
            "score",
            score_and_route,
            schema=_RoutedValues,
            destinations=self._following,
        )

    def add_operators(self) -> None:
        """Add a node for every stage of every operator."""
        for stage in self.table.nodes:
            following = (stage.following,) if stage.following else None
            self._add(
                stage.node,
                _stage(stage, self.table.proposing, self.reader),
                schema=_StateValues,
                destinations=following,
            )
            if stage.following is None:
                self.graph.add_edge(stage.node, "score")

    def add_accept(self, accept: Callable[[RefinementState], Awaitable[Command[str]]]) -> None:
        """Add the nodes that ask a person to accept the answer, and that select it."""

        async def ask(values: Values) -> Command[str]:
            return await accept(_state_of(values))

        async def select(values: Values) -> StateUpdate:
            return await _run("select", self.select, _state_of(values))

        self._add("accept", ask, schema=_StateValues, destinations=("score", "select"))
        self._add("select", select, schema=_StateValues)
        self.graph.add_edge("select", END)

    def compile(self, checkpointer: BaseCheckpointSaver[Any] | None, name: str) -> SearchGraph:
        """Compile the graph so that its input is validated before anything is stored."""
        compiled = self.graph.compile(checkpointer=checkpointer, name=name)
        channel = InputChannel(check_input)
        channel.key = START
        compiled.channels[START] = channel
        return compiled

    def _add(
        self,
        name: str,
        node: Callable[[Any], Awaitable[Any]],
        *,
        schema: type[Any],
        destinations: tuple[str, ...] | None = None,
    ) -> None:
        self.graph.add_node(
            name,
            node_runnable(name, node),
            input_schema=schema,
            destinations=destinations,
        )

    async def _decide(
        self, state: RefinementState, steps_left: int
    ) -> tuple[StateUpdate, str | list[Send]]:
        """Return the router's update and the destination of its decision.

        A decision to stop selects the answer at once, unless a person has to accept it first.
        """
        # A move needs a super-step for each stage and one for scoring, then accept and select.
        needed = self.table.longest + 3
        with _node_scope("route", state.round, None) as sample_counts:
            routed = await self.router(state, steps_left=steps_left > needed)
        update = check_update("route", _complete(routed.update, sample_counts))
        if not routed.decision.stop_reason:
            return update, self._sends(state, routed.decision)
        if self.finish != END:
            return update, self.finish
        selected = await _run("select", self.select, apply_update(state, update))
        return join_updates(update, selected), END

    def _sends(self, state: RefinementState, decision: Decision) -> list[Send]:
        entries = self.table.entries
        return [
            Send(entries[pending.move.operator], pending)
            for pending in pending_moves(state, decision)
        ]


def _state_of(values: Values) -> RefinementState:
    """Construct the state without validation, because the channels have validated the values."""
    return RefinementState.model_construct(**values)


def _stage(
    stage: Stage, proposing: Collection[str], reader: AnswerReader | None
) -> Callable[[PendingMove], Awaitable[Any]]:
    """Return the node of one stage, which applies the operator and then passes the move on."""
    operate = operate_node(stage.node, stage.operator, proposing=proposing, reader=reader)

    async def run(pending: PendingMove) -> StateUpdate | Command[str]:
        parent = pending.move.parents[0] if pending.move.parents else None
        with _node_scope(stage.node, pending.round, parent) as sample_counts:
            update = await operate(_live_state(), pending)
        if stage.following is None:
            update["ended"] = (pending.turn, 1)
        checked = check_update(stage.node, _complete(update, sample_counts))
        if stage.following is None:
            return checked
        created = tuple(candidate.id for candidate in checked.get("candidates", ()))
        following = Send(stage.following, pending.after(created))
        command: Command[str] = Command(update=checked, goto=[following])
        return command

    return run


def _live_state() -> RefinementState:
    """Return the state at the beginning of the current super-step.

    LangGraph passes only the payload to a node that was sent one. If the payload contained the
    state, the state would be stored again with every move.
    """
    values = ChannelRead.do_read(get_config(), select=list(RefinementState.model_fields))
    return RefinementState.model_construct(**values)


def _has_open_moves(state: RefinementState) -> bool:
    """Return whether some moves of the last decision have not finished their last stage."""
    last = state.decision
    if last is None or not last.moves:
        return False
    return state.ended != (last.number, len(last.moves))


async def _run(name: str, node: StateNode, state: RefinementState) -> StateUpdate:
    """Run a node and return its validated update."""
    with _node_scope(name, state.round, None) as sample_counts:
        update = await node(state)
    return check_update(name, _complete(update, sample_counts))


@contextmanager
def _node_scope(node: str, round: int, candidate_id: str | None) -> Generator[Counter[str]]:
    """Open the span of a node and record the purpose of the model calls inside it."""
    attributes: Attributes = {"refinegraph.round": round}
    if candidate_id:
        attributes = {**attributes, "refinegraph.candidate.id": candidate_id}
    work = Work(node=node, candidate_id=candidate_id)
    with span("node", node, attributes), working(work) as sample_counts:
        yield sample_counts


def _complete(update: StateUpdate, sample_counts: Counter[str]) -> StateUpdate:
    """Drop empty values from an update and add the samples that the node took.

    Samples are counted by request, so that a resumed run continues each request's sequence.
    """
    complete: Any = {key: value for key, value in update.items() if not _is_nothing(value)}
    if sample_counts:
        complete["sample_counts"] = tuple(
            SampleCount(request=key, samples=n) for key, n in sample_counts.items()
        )
    return cast("StateUpdate", complete)


def _is_nothing(value: object) -> bool:
    """Return whether writing a value changes nothing; every write costs time and storage."""
    if isinstance(value, Usage):
        return value.is_nothing
    return value is None or (isinstance(value, tuple) and not value)


def _is_another_run(state: RefinementState) -> bool:
    """Return whether a thread that ended, or had another problem, has received a new problem."""
    if state.initial_problem is None:
        return False
    return state.result is not None or state.initial_problem != state.problem


def _overwriting(state: Mapping[str, object]) -> dict[str, object]:
    fields = RefinementState.model_fields
    return {key: Overwrite(value) for key, value in state.items() if key in fields}
