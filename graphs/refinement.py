"""The refinement graph: solve, score, route, then select or review, refine and score again."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.constants import END, START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Overwrite, Send

from refinegraph.agents.models import Work
from refinegraph.agents.models.scope import requests_counted, working
from refinegraph.graphs.asking import (
    AcceptNode,
    Moment,
    accept_node,
    asking_before_refine,
    person_first,
)
from refinegraph.graphs.channels import InputChannel
from refinegraph.graphs.control import Controller, RefineLoop
from refinegraph.graphs.judging import score_node, select_node
from refinegraph.graphs.nodes import (
    Branch,
    BranchNode,
    RefinerAgent,
    ReviewerAgent,
    SolverAgent,
    StateNode,
    TestWriterAgent,
    Tracer,
    branches,
    refine_node,
    review_node,
    route_node,
    solve_node,
)
from refinegraph.graphs.routing import Router, VerdictRouter
from refinegraph.graphs.selection import Selector, best_of
from refinegraph.graphs.state import (
    RefinementInput,
    RefinementState,
    StateUpdate,
    check_input,
    check_update,
)
from refinegraph.graphs.stopping import RuleFunction, accepted, rounds
from refinegraph.schema import ModelNames, SamplesAsked
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer, agreement, execution
from refinegraph.tracing import Attributes, span

RefinementGraph = CompiledStateGraph[RefinementState, None, RefinementInput, RefinementState]

Given = TypeVar("Given")
Given_contra = TypeVar("Given_contra", contravariant=True)

_STEPS_A_TURN = 4
_STEPS_BESIDE = 8


def refinement_graph(
    *,
    solver: SolverAgent,
    reviewer: ReviewerAgent | None = None,
    refiner: RefinerAgent | None = None,
    test_writer: TestWriterAgent | None = None,
    scorer: Scorer | Sequence[Scorer] | None = None,
    router: Router | None = None,
    stop: RuleFunction | None = None,
    select: Selector | None = None,
    controller: Controller | None = None,
    width: int | None = 4,
    samples: int | None = None,
    sandbox: Sandbox | None = None,
    tracer: Tracer | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    name: str = "refinement",
    models: ModelNames | None = None,
    seed: int | None = None,
    ask: Sequence[Moment] = (),
) -> RefinementGraph:
    """Compile the graph that solves a problem and refines what is worth refining.

    Every part has a default but the Solver: scores by execution, then agreement; the router
    asks execution first; the loop ends after three rounds or when all visible tests pass; the
    best evidence wins. `width` bounds the candidates refined a round. A `controller` replaces
    router, stop rule and width. Without a Refiner nothing is refined; without a Reviewer the
    Refiner works from the evidence alone. `ask` interrupts the run before `"refine"` or before
    `"accept"`, for a person to look and answer (`refinegraph.graphs.asking`); needs a checkpointer.

    The graph takes `{"problem": Problem(...)}`, embeds as a subgraph, streams in every mode and
    takes any checkpointer. A round costs one Reviewer's and one Refiner's call a candidate.
    """
    decide = controller or RefineLoop(
        router=router or VerdictRouter(),
        stop=stop or (accepted() | rounds(3 if refiner else 0)),
        width=width,
    )
    place = sandbox or Sandbox()
    chooser = select or best_of()
    if ask:
        chooser = person_first(chooser)
    repair = refine_node(refiner) if refiner else None
    nodes = _Nodes(
        solve=solve_node(solver, test_writer=test_writer, samples=samples),
        score=score_node(_scorers(scorer), sandbox=place),
        route=route_node(decide),
        review=review_node(reviewer, tracer=tracer) if reviewer else None,
        refine=asking_before_refine(repair) if repair and "refine" in ask else repair,
        accept=accept_node(chooser) if "accept" in ask else None,
        select=select_node(chooser, strategy=name, models=models or ModelNames(), seed=seed),
    )
    compiled = nodes.wire().compile(checkpointer=checkpointer, name=name)
    compiled.channels[START] = _input_channel()
    bound = getattr(decide, "max_rounds", None)
    if bound is None:
        return compiled
    return compiled.with_config(recursion_limit=_STEPS_BESIDE + _STEPS_A_TURN * (bound + 1))


class _Nodes:
    """The nodes of one graph and how they are wired."""

    def __init__(
        self,
        *,
        solve: StateNode,
        score: StateNode,
        route: StateNode,
        review: BranchNode | None,
        refine: BranchNode | None,
        accept: AcceptNode | None,
        select: StateNode,
    ) -> None:
        self.solve = solve
        self.score = score
        self.route = route
        self.review = review
        self.refine = refine
        self.accept = accept
        self.select = select

    def wire(self) -> StateGraph[RefinementState, None, RefinementInput, RefinementState]:
        """Return the graph before compilation."""
        builder = StateGraph(RefinementState, input_schema=RefinementInput)
        builder.add_node("solve", _starting_over(_checked("solve", self.solve)))
        builder.add_node("score", _checked("score", self.score))
        builder.add_node("route", _checked("route", self.route))
        builder.add_node("select", _checked("select", self.select))
        builder.add_edge(START, "solve")
        builder.add_edge("solve", "score")
        builder.add_edge("score", "route")
        builder.add_edge("select", END)
        last = "accept" if self.accept else "select"
        if self.accept:
            builder.add_node("accept", _asking(self.accept), destinations=("score", "select"))
        ways = ["solve", last]
        if self.refine:
            ways.append(self._wire_refinement(builder, self.refine))
        builder.add_conditional_edges("route", _next_step(ways[-1], last), ways)
        return builder

    def _wire_refinement(
        self,
        builder: StateGraph[RefinementState, None, RefinementInput, RefinementState],
        refine: BranchNode,
    ) -> str:
        builder.add_node("refine", _checked("refine", refine), input_schema=Branch)
        builder.add_edge("refine", "score")
        if self.review is None:
            return "refine"
        builder.add_node(
            "review", _on_to_refine(self.review), input_schema=Branch, destinations=("refine",)
        )
        return "review"


def _next_step(first: str, last: str) -> Callable[[RefinementState], str | list[Send]]:
    def next_step(state: RefinementState) -> str | list[Send]:
        action = state.decision.action if state.decision else "stop"
        if action == "refine" and first in ("review", "refine"):
            return [Send(first, branch) for branch in branches(state)]
        return "solve" if action == "sample" else last

    return next_step


class _Node(Protocol[Given_contra]):
    """A node as LangGraph's types want it."""

    async def __call__(self, state: Given_contra) -> Any: ...


def _checked(name: str, node: Callable[[Given], Awaitable[StateUpdate]]) -> _Node[Given]:
    async def run(state: Given) -> StateUpdate:
        with (
            span("node", name, _place(state)),
            working(_work(name, state)),
            requests_counted() as counted,
        ):
            update = await node(state)
        return check_update(name, {**update, **_asked(counted)})

    return run


def _work(name: str, state: object) -> Work:
    id = state.candidate.id if isinstance(state, Branch) else None
    return Work(node=name, candidate_id=id)


def _place(state: object) -> Attributes:
    told: dict[str, int | str] = {}
    if isinstance(state, RefinementState | Branch):
        told["refinegraph.round"] = state.round
    if isinstance(state, Branch):
        told["refinegraph.candidate.id"] = state.candidate.id
    return told


def _asked(counted: Counter[str]) -> StateUpdate:
    if not counted:
        return {}
    return {"asked": tuple(SamplesAsked(request=key, samples=n) for key, n in counted.items())}


def _starting_over(solve: _Node[RefinementState]) -> _Node[RefinementState]:
    """Forget the finished run of a thread when it is given another problem."""

    async def run(state: RefinementState) -> dict[str, object]:
        if state.result is None:
            return dict(await solve(state))
        blank = RefinementState(problem=state.problem)
        fresh = {**dict(blank), **await solve(blank)}
        return {key: Overwrite(value) for key, value in fresh.items()}

    return run


def _asking(accept: AcceptNode) -> _Node[RefinementState]:
    async def run(state: RefinementState) -> Command[str]:
        return await accept(state)

    return run


def _on_to_refine(review: BranchNode) -> _Node[Branch]:
    """Hand a branch with its review on to refinement; a failed review leaves the evidence."""

    checked = _checked("review", review)

    async def run(state: Branch) -> Command[str]:
        update = await checked(state)
        written = update.get("reviews", ())
        reviewed = state.model_copy(update={"review": written[0] if written else None})
        return Command(update=update, goto=[Send("refine", reviewed)])

    return run


def _scorers(scorer: Scorer | Sequence[Scorer] | None) -> Sequence[Scorer]:
    if scorer is None:
        return (execution(), agreement())
    return (scorer,) if callable(scorer) else scorer


def _input_channel() -> InputChannel:
    channel = InputChannel(check_input)
    channel.key = START
    return channel
