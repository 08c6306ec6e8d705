"""Build a graph from a table of operators and a policy.

    route ──▶ operators, side by side ──▶ score ──▶ route … ──▶ select

The policy is asked first. Its moves run side by side, each through the stages of its operator.
What they made is executed and scored, and the policy is asked again, until it stops. Nodes, edges
and the drawing are derived from the table.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.constants import END, START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.managed import RemainingSteps
from langgraph.types import Command, Overwrite, Send

from refinegraph.agents.models import Work
from refinegraph.agents.models.run_context import count_samples, working
from refinegraph.agents.operators import OperatorLike
from refinegraph.graphs.channels import InputChannel
from refinegraph.graphs.live_state import live_state
from refinegraph.graphs.nodes.human import InterruptPoint, accept_node, ask_before, prefer_human
from refinegraph.graphs.nodes.operate import operate_node
from refinegraph.graphs.nodes.route import Router, pending_moves
from refinegraph.graphs.nodes.score import score_node
from refinegraph.graphs.nodes.select import select_node
from refinegraph.graphs.nodes.types import PendingMove, StateNode
from refinegraph.graphs.operator_table import OperatorTable, Stage, operator_table
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.selection import Selector, best_of
from refinegraph.graphs.state import (
    RefinementInput,
    RefinementState,
    StateUpdate,
    check_input,
    check_update,
)
from refinegraph.graphs.stopping import RuleFunction, accepted
from refinegraph.graphs.sync_nodes import node_runnable
from refinegraph.schema import Decision, ModelNames, SamplesAsked
from refinegraph.signatures import check_part
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer, agreement, execution, first_of
from refinegraph.tracing import Attributes, span

SearchGraph = CompiledStateGraph[RefinementState, None, RefinementInput, RefinementState]

_ACCEPTED = accepted()


class RouteState(RefinementState):
    """The state, and how many super-steps LangGraph still allows."""

    steps_left: RemainingSteps = 0


def search_graph(
    *,
    operators: Mapping[str, OperatorLike],
    policy: Policy,
    scorer: Scorer | Sequence[Scorer] | None = None,
    select: Selector | None = None,
    stop: RuleFunction | None = _ACCEPTED,
    sandbox: Sandbox | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    name: str = "search",
    models: ModelNames | None = None,
    seed: int | None = None,
    interrupt_before: Sequence[InterruptPoint] = (),
) -> SearchGraph:
    """Compile a graph that applies operators as a policy says.

    The graph takes `{"problem": Problem(...)}`, embeds as a subgraph, streams in every mode, runs
    under `invoke` and `ainvoke`, and takes any checkpointer. A run costs what its operators and
    scorers call; programs are executed once each.

    Args:
        operators: Operators by the names that moves give. `a >> b` becomes two nodes.
        policy: What is done next, asked before the first sample and after every scoring.
        scorer: Scores candidates; several are tried in their order, and `Candidate.score` is the
            first that could tell. Execution, then agreement, unless given.
        select: Chooses the answer among the complete candidates; the best evidence unless given.
        stop: Ends the run whatever the policy wants; when a candidate passes all visible tests
            unless given.
        sandbox: Where programs run.
        checkpointer: Stores the run, so that it can be resumed.
        name: The strategy's name in results.
        models: The models behind the roles, for results.
        seed: The seed, for results.
        interrupt_before: Where a person is asked: `"refine"`, `"accept"`. Needs a checkpointer.

    Raises:
        InputError: For operators or names that do not fit, when the graph is built.

    >>> import asyncio
    >>> from refinegraph.schema import Move, Problem
    >>> graph = search_graph(
    ...     operators={"solve": lambda task: "The answer is 4."},
    ...     policy=lambda state: [] if state.candidates else Move(operator="solve"),
    ... )
    >>> problem = Problem(prompt="2 + 2?", kind="math")
    >>> asyncio.run(graph.ainvoke({"problem": problem}))["result"].answer
    '4'
    """
    check_part(policy, "a policy", "state")
    if stop:
        check_part(stop, "a stop rule", "state")
    chooser = select or best_of()
    check_part(chooser, "a selector", "problem", "candidates")
    if interrupt_before:
        chooser = prefer_human(chooser)
    if "refine" in interrupt_before:
        operators = ask_before("refine", operators)
    table = operator_table(operators)
    builder = _Builder(table, finish="accept" if "accept" in interrupt_before else "select")
    builder.add_route(Router(policy, stop, tuple(table.stages)))
    builder.add_operators()
    builder.add_score(score_node(_scorers(scorer), sandbox=sandbox or Sandbox()))
    if "accept" in interrupt_before:
        builder.add_accept(accept_node(chooser))
    builder.add_select(
        select_node(chooser, strategy=name, models=models or ModelNames(), seed=seed)
    )
    return builder.compile(checkpointer, name)


class _Builder:
    """Turns a table of operators into a LangGraph graph."""

    def __init__(self, table: OperatorTable, *, finish: str) -> None:
        self.table = table
        self.finish = finish
        self.graph = StateGraph(RefinementState, input_schema=RefinementInput)

    def add_route(self, router: Router) -> None:
        """Add the node that asks the policy and sends its moves to their operators."""
        # A move takes its stages, score and the next route; select and accept come after that.
        needed = self.table.longest + 4

        async def route(state: RouteState) -> Command[str]:
            fresh = _is_another_run(state)
            known = RefinementState(problem=state.problem) if fresh else state
            with _node_scope("route", known.round, None) as counted:
                routed = await router(known, steps_left=state.steps_left > needed)
            update = _complete(routed.update, counted)
            checked: Any = check_update("route", update)
            if fresh:
                checked = _overwriting({**dict(known), **checked})
            return Command(update=checked, goto=self._destinations(known, routed.decision))

        ends = (*dict.fromkeys(self.table.entries.values()), self.finish)
        self.graph.add_node(
            "route", node_runnable("route", route), input_schema=RouteState, destinations=ends
        )
        self.graph.add_edge(START, "route")

    def _destinations(self, state: RefinementState, decision: Decision) -> str | list[Send]:
        if decision.stop_reason:
            return self.finish
        entries = self.table.entries
        return [
            Send(entries[pending.move.operator], pending)
            for pending in pending_moves(state, decision)
        ]

    def add_operators(self) -> None:
        """Add a node for every stage of every operator."""
        for stage in self.table.nodes:
            self.graph.add_node(
                stage.node,
                node_runnable(stage.node, _stage(stage)),
                input_schema=PendingMove,
                destinations=(stage.following,) if stage.following else None,
            )
            if stage.following is None:
                self.graph.add_edge(stage.node, "score")

    def add_score(self, score: StateNode) -> None:
        """Add the node that scores; it waits for the moves whose operators have more stages."""
        self.graph.add_node(
            "score", node_runnable("score", _checked("score", score)), defer=not self.table.even
        )
        self.graph.add_edge("score", "route")

    def add_accept(self, accept: Callable[[RefinementState], Awaitable[Command[str]]]) -> None:
        """Add the node that asks a person whether the answer is to be taken."""
        self.graph.add_node(
            "accept", node_runnable("accept", accept), destinations=("score", "select")
        )

    def add_select(self, select: StateNode) -> None:
        """Add the node that chooses the answer and ends the run."""
        self.graph.add_node("select", node_runnable("select", _checked("select", select)))
        self.graph.add_edge("select", END)

    def compile(self, checkpointer: BaseCheckpointSaver[Any] | None, name: str) -> SearchGraph:
        """Compile the graph, with a check of its input before anything is stored."""
        compiled = self.graph.compile(checkpointer=checkpointer, name=name)
        channel = InputChannel(check_input)
        channel.key = START
        compiled.channels[START] = channel
        return compiled


def _stage(stage: Stage) -> Callable[[PendingMove], Awaitable[Any]]:
    """Return the node of one stage: apply the operator, then hand the move on."""
    operate = operate_node(stage.node, stage.operator)

    async def run(pending: PendingMove) -> StateUpdate | Command[str]:
        parent = pending.move.parents[0] if pending.move.parents else None
        with _node_scope(stage.node, pending.round, parent) as counted:
            update = await operate(live_state(), pending)
        checked = check_update(stage.node, _complete(update, counted))
        if stage.following is None:
            return checked
        made = tuple(candidate.id for candidate in checked.get("candidates", ()))
        following = Send(stage.following, pending.after(made))
        command: Command[str] = Command(update=checked, goto=[following])
        return command

    return run


def _checked(name: str, node: StateNode) -> Callable[[RefinementState], Awaitable[StateUpdate]]:
    async def run(state: RefinementState) -> StateUpdate:
        with _node_scope(name, state.round, None) as counted:
            update = await node(state)
        return check_update(name, _complete(update, counted))

    return run


@contextmanager
def _node_scope(node: str, round: int, candidate_id: str | None) -> Generator[Counter[str]]:
    """Open the span of a node and say what the model calls inside are for."""
    attributes: Attributes = {"refinegraph.round": round}
    if candidate_id:
        attributes = {**attributes, "refinegraph.candidate.id": candidate_id}
    work = Work(node=node, candidate_id=candidate_id)
    with span("node", node, attributes), working(work), count_samples() as counted:
        yield counted


def _complete(update: StateUpdate, counted: Counter[str]) -> StateUpdate:
    """Return what a node writes, less what is empty and with the samples that it took.

    Samples are counted by request, so that a resumed run goes on from there.
    """
    written: Any = {key: value for key, value in update.items() if value != ()}
    if counted:
        written["asked"] = tuple(SamplesAsked(request=key, samples=n) for key, n in counted.items())
    return cast("StateUpdate", written)


def _is_another_run(state: RefinementState) -> bool:
    """Return whether a thread that ended, or worked on another problem, was given a new one."""
    if state.begun_with is None:
        return False
    return state.result is not None or state.begun_with != state.problem


def _overwriting(state: Mapping[str, object]) -> dict[str, object]:
    fields = RefinementState.model_fields
    return {key: Overwrite(value) for key, value in state.items() if key in fields}


def _scorers(scorer: Scorer | Sequence[Scorer] | None) -> Sequence[Scorer]:
    if scorer is None:
        return (first_of(execution(), agreement()),)
    scorers = (scorer,) if callable(scorer) else scorer
    for part in scorers:
        check_part(part, "a scorer", "problem", "candidates")
    return scorers
