"""Build a LangGraph graph from a table of operators.

    route ──▶ operators, side by side ──▶ score ──▶ operators … ──▶ score ──▶ end

`route` asks the policy for the first moves. `score` scores the results of the moves, asks the
policy again, and selects the answer when the policy stops. All of this happens in one super-step,
because every super-step costs LangGraph a pass over all channels and a checkpointer a write.
`accept` and `select` are separate nodes only if a person is asked to accept the answer. Nodes,
edges and the drawing are derived from the table.

A run that is neither stored nor streamed makes a decision's only move in the node that decided on
it (see `inline_runs`); moves that run in parallel are always nodes.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_config
from langgraph.constants import END, START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.managed import RemainingSteps
from langgraph.pregel._read import ChannelRead
from langgraph.types import Command, Overwrite, Send

from refinegraph.agents.models import Sampling
from refinegraph.graphs.channels import InputChannel
from refinegraph.graphs.inline_runs import is_inline_run
from refinegraph.graphs.nodes.route import Route, Router, pending_moves
from refinegraph.graphs.nodes.scope import (
    checked_update,
    node_scope,
    run_node,
    with_sampling_defaults,
)
from refinegraph.graphs.nodes.stage import StageRunner
from refinegraph.graphs.nodes.types import PendingMove, StateNode
from refinegraph.graphs.operator_table import OperatorTable
from refinegraph.graphs.state import (
    RefinementInput,
    RefinementState,
    StateUpdate,
    apply_update,
    check_input,
    join_updates,
)
from refinegraph.graphs.sync_nodes import node_runnable
from refinegraph.schema import Decision
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


class _Step(NamedTuple):
    """The joint update of a super-step, and where the run goes next."""

    update: StateUpdate
    goto: str | list[Send]


class GraphBuilder:
    """Builds a LangGraph graph from a table of operators."""

    def __init__(
        self,
        table: OperatorTable,
        router: Router,
        score: StateNode,
        select: StateNode,
        *,
        asks_to_accept: bool,
        is_stored: bool,
        reader: AnswerReader | None = None,
        defaults: Sampling | None = None,
    ) -> None:
        self.table = table
        self.defaults = defaults
        self.router = router
        self.score = score
        self.select = select
        self.is_stored = is_stored
        self.runners = {
            stage.node: StageRunner(stage, proposing=table.proposing, reader=reader)
            for stage in table.nodes
        }
        self.finish = "accept" if asks_to_accept else END
        self.graph = StateGraph(RefinementState, input_schema=RefinementInput)
        self._following = (*dict.fromkeys(table.entries.values()), self.finish)

    def add_route(self) -> None:
        """Add the entry node, which asks the policy for the first moves."""

        async def route(values: Values) -> Command[str]:
            state = _state_of(values)
            fresh = _is_another_run(state)
            start = RefinementState(problem=state.problem) if fresh else state
            update, goto = await self._advance(start, {}, values["steps_left"])
            if fresh:
                return Command(update=_overwriting({**dict(start), **update}), goto=goto)
            return Command(update=update, goto=goto)

        self._add("route", route, schema=_RoutedValues, destinations=self._following)
        self.graph.add_edge(START, "route")

    def add_score(self) -> None:
        """Add the node that scores candidates, then asks the policy for the next moves.

        Moves of one decision end at different times if their operators have different numbers of
        stages. Each end calls the node, which does nothing until all of them have ended.
        """

        async def score_and_route(values: Values) -> Command[str]:
            state = _state_of(values)
            if _has_open_moves(state):
                return Command()
            scored = await run_node("score", self.score, state)
            state = apply_update(state, scored)
            update, goto = await self._advance(state, scored, values["steps_left"])
            return Command(update=update, goto=goto)

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
                _stage_node(self.runners[stage.node]),
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
            return await run_node("select", self.select, _state_of(values))

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
            node_runnable(name, with_sampling_defaults(node, self.defaults)),
            input_schema=schema,
            destinations=destinations,
        )

    async def _advance(self, state: RefinementState, update: StateUpdate, steps_left: int) -> _Step:
        """Decide, and return the joint update of this super-step and its destination.

        If the super-steps of a run interest nobody, a decision's only move is made here, and then
        the next decision. The result is the same without LangGraph's cost of a super-step.

        Args:
            state: The state with the update applied.
            update: What this super-step has changed so far.
            steps_left: The number of super-steps that LangGraph still allows.
        """
        is_inline = not self.is_stored and is_inline_run()
        while True:
            decision, decided = await self._decide(state, steps_left)
            state, update = apply_update(state, decided), join_updates(update, decided)
            if decision.stop_reason:
                return _Step(update, self.finish)
            if not is_inline or len(decision.moves) != 1:
                return _Step(update, self._sends(state, decision))
            moved = await self._make_only_move(state, decision)
            state, update = apply_update(state, moved), join_updates(update, moved)
            steps_left -= len(self.table.stages[decision.moves[0].operator]) + 1

    async def _decide(self, state: RefinementState, steps_left: int) -> Route:
        """Return the router's decision and update.

        A decision to stop selects the answer at once, unless a person has to accept it first.
        """
        # A move needs a super-step for each stage and one for scoring, then accept and select.
        needed = self.table.longest + 3
        with node_scope("route", state.round, None) as sample_counts:
            routed = await self.router(state, steps_left=steps_left > needed)
        update = checked_update("route", routed.update, sample_counts)
        if not routed.decision.stop_reason or self.finish != END:
            return Route(routed.decision, update)
        selected = await run_node("select", self.select, apply_update(state, update))
        return Route(routed.decision, join_updates(update, selected))

    async def _make_only_move(self, state: RefinementState, decision: Decision) -> StateUpdate:
        """Make the move of a decision, score its results, and return the joint update."""
        update: StateUpdate = {}
        (pending,) = pending_moves(state, decision)
        for stage in self.table.stages[pending.move.operator]:
            moved = await self.runners[stage.node].apply(apply_update(state, update), pending)
            update, pending = join_updates(update, moved.update), moved.following or pending
        scored = await run_node("score", self.score, apply_update(state, update))
        return join_updates(update, scored)

    def _sends(self, state: RefinementState, decision: Decision) -> list[Send]:
        entries = self.table.entries
        return [
            Send(entries[pending.move.operator], pending)
            for pending in pending_moves(state, decision)
        ]


def _state_of(values: Values) -> RefinementState:
    """Construct the state without validation, because the channels have validated the values."""
    return RefinementState.model_construct(**values)


def _stage_node(runner: StageRunner) -> Callable[[PendingMove], Awaitable[Any]]:
    """Return the node of one stage, which sends the move to the node of the next one."""
    next_node = runner.stage.following

    async def run(pending: PendingMove) -> StateUpdate | Command[str]:
        update, following = await runner.apply(_live_state(), pending)
        if next_node is None:
            return update
        command: Command[str] = Command(update=update, goto=[Send(next_node, following)])
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


def _is_another_run(state: RefinementState) -> bool:
    """Return whether a thread that ended, or had another problem, has received a new problem."""
    if state.initial_problem is None:
        return False
    return state.result is not None or state.initial_problem != state.problem


def _overwriting(state: Mapping[str, object]) -> dict[str, object]:
    fields = RefinementState.model_fields
    return {key: Overwrite(value) for key, value in state.items() if key in fields}
