"""Turn a table of operators into a LangGraph graph.

    route ──▶ operators, side by side ──▶ score ──▶ operators … ──▶ score ──▶ end

`route` asks the policy for the first moves. `score` judges what the moves made, asks the policy
again, and selects the answer when it stops. All that is one super-step, since every super-step
costs LangGraph a pass over all channels and a checkpointer a write; only where a person is asked
whether to accept the answer are `accept` and `select` nodes of their own. Nodes, edges and the
drawing are derived from the table.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.constants import END, START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.managed import RemainingSteps
from langgraph.types import Command, Overwrite, Send

from refinegraph.agents.models import Work
from refinegraph.agents.models.run_context import working
from refinegraph.graphs.channels import InputChannel
from refinegraph.graphs.live_state import live_state
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
from refinegraph.schema import Decision, SamplesAsked, Usage
from refinegraph.telemetry.tracing import Attributes, span
from refinegraph.tools.checkers import AnswerReader

SearchGraph = CompiledStateGraph[RefinementState, None, RefinementInput, RefinementState]

_NOTHING_SPENT = Usage()

Values = Mapping[str, Any]
"""The state as LangGraph reads it from its channels, which have checked it."""


class _StateValues:
    """The schema of a node that takes plain values: a pydantic schema is validated every time."""

    __annotations__ = dict(RefinementState.__annotations__)


class _RoutedValues:
    """The state, and how many super-steps LangGraph still allows."""

    __annotations__ = {**RefinementState.__annotations__, "steps_left": RemainingSteps}


class GraphBuilder:
    """Turns a table of operators into a LangGraph graph."""

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
        """Add the node that begins a run: it asks the policy for the first moves."""

        async def route(values: Values) -> Command[str]:
            state = _state_of(values)
            fresh = _is_another_run(state)
            known = RefinementState(problem=state.problem) if fresh else state
            update, goto = await self._decide(known, values["steps_left"])
            if fresh:
                return Command(update=_overwriting({**dict(known), **update}), goto=goto)
            return Command(update=update, goto=goto)

        self._add("route", route, schema=_RoutedValues, destinations=self._following)
        self.graph.add_edge(START, "route")

    def add_score(self, score: StateNode) -> None:
        """Add the node that scores, then asks the policy for the next moves.

        Moves whose operators have fewer stages end earlier than others of the same decision, and
        each end calls the node: it does nothing until all of them have ended.
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
        """Add the nodes that ask a person whether the answer is to be taken, and take it."""

        async def ask(values: Values) -> Command[str]:
            return await accept(_state_of(values))

        async def select(values: Values) -> StateUpdate:
            return await _run("select", self.select, _state_of(values))

        self._add("accept", ask, schema=_StateValues, destinations=("score", "select"))
        self._add("select", select, schema=_StateValues)
        self.graph.add_edge("select", END)

    def compile(self, checkpointer: BaseCheckpointSaver[Any] | None, name: str) -> SearchGraph:
        """Compile the graph, with a check of its input before anything is stored."""
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
        """Return what the router writes, and where its decision goes.

        A decision to stop selects the answer at once, unless a person is asked before.
        """
        # A move takes its stages and score; select and accept come after that.
        needed = self.table.longest + 3
        with _node_scope("route", state.round, None) as counted:
            routed = await self.router(state, steps_left=steps_left > needed)
        update = check_update("route", _complete(routed.update, counted))
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
    """Return the state of values that the channels have checked when they were written."""
    return RefinementState.model_construct(**values)


def _stage(
    stage: Stage, proposing: Collection[str], reader: AnswerReader | None
) -> Callable[[PendingMove], Awaitable[Any]]:
    """Return the node of one stage: apply the operator, then hand the move on."""
    operate = operate_node(stage.node, stage.operator, proposing=proposing, reader=reader)

    async def run(pending: PendingMove) -> StateUpdate | Command[str]:
        parent = pending.move.parents[0] if pending.move.parents else None
        with _node_scope(stage.node, pending.round, parent) as counted:
            update = await operate(live_state(), pending)
        if stage.following is None:
            update["ended"] = (pending.turn, 1)
        checked = check_update(stage.node, _complete(update, counted))
        if stage.following is None:
            return checked
        made = tuple(candidate.id for candidate in checked.get("candidates", ()))
        following = Send(stage.following, pending.after(made))
        command: Command[str] = Command(update=checked, goto=[following])
        return command

    return run


def _has_open_moves(state: RefinementState) -> bool:
    """Return whether moves of the last decision have not come to their last stage yet."""
    last = state.decision
    if last is None or not last.moves:
        return False
    return state.ended != (last.number, len(last.moves))


async def _run(name: str, node: StateNode, state: RefinementState) -> StateUpdate:
    """Return what a node writes, checked."""
    with _node_scope(name, state.round, None) as counted:
        update = await node(state)
    return check_update(name, _complete(update, counted))


@contextmanager
def _node_scope(node: str, round: int, candidate_id: str | None) -> Generator[Counter[str]]:
    """Open the span of a node and say what the model calls inside are for."""
    attributes: Attributes = {"refinegraph.round": round}
    if candidate_id:
        attributes = {**attributes, "refinegraph.candidate.id": candidate_id}
    work = Work(node=node, candidate_id=candidate_id)
    with span("node", node, attributes), working(work) as counted:
        yield counted


def _complete(update: StateUpdate, counted: Counter[str]) -> StateUpdate:
    """Return what a node writes, less what is empty and with the samples that it took.

    Samples are counted by request, so that a resumed run goes on from there.
    """
    written: Any = {key: value for key, value in update.items() if not _is_nothing(value)}
    if counted:
        written["asked"] = tuple(SamplesAsked(request=key, samples=n) for key, n in counted.items())
    return cast("StateUpdate", written)


def _is_nothing(value: object) -> bool:
    """Return whether writing a value would change nothing; a write costs time and storage."""
    if isinstance(value, Usage):
        return value == _NOTHING_SPENT
    return value is None or (isinstance(value, tuple) and not value)


def _is_another_run(state: RefinementState) -> bool:
    """Return whether a thread that ended, or worked on another problem, was given a new one."""
    if state.begun_with is None:
        return False
    return state.result is not None or state.begun_with != state.problem


def _overwriting(state: Mapping[str, object]) -> dict[str, object]:
    fields = RefinementState.model_fields
    return {key: Overwrite(value) for key, value in state.items() if key in fields}
