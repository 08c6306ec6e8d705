"""The named ways through the graph, each built from the same parts."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver

from refinegraph.agents.models import Sampling, ScriptedChatModel, model_name
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.refiner import Refiner
from refinegraph.agents.reviewer import Reviewer
from refinegraph.agents.solver import Solver
from refinegraph.agents.test_writer import TestWriter
from refinegraph.errors import InputError
from refinegraph.graphs.asking import Moment
from refinegraph.graphs.belief import SHIPPED, BeliefMap
from refinegraph.graphs.control import Controller
from refinegraph.graphs.execution_gain import ExecutionGain
from refinegraph.graphs.expected_gain import ExpectedGain
from refinegraph.graphs.magicore import MagicoreOptions
from refinegraph.graphs.refinement import RefinementGraph, refinement_graph
from refinegraph.graphs.routing import (
    AgreementRouter,
    AlwaysEasy,
    AlwaysHard,
    VerdictRouter,
)
from refinegraph.graphs.selection import Selector, agreement, best_of, majority_vote
from refinegraph.graphs.stopping import (
    StopRule,
    accepted,
    oscillating,
    rounds,
    stalled,
)
from refinegraph.schema import Kind, ModelNames
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer
from refinegraph.tools.traces import failing_trace

_PRICE = 0.02


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a strategy is built from: models, sizes and limits.

    Reviewer, Refiner and TestWriter speak through the Solver's model unless given their own.
    """

    model: BaseChatModel
    reviewer_model: BaseChatModel | None = None
    refiner_model: BaseChatModel | None = None
    tester_model: BaseChatModel | None = None
    kind: Kind = "code"
    samples: int | None = None
    """How many samples; the strategy's own number unless given."""
    rounds: int | None = None
    """How many rounds of refinement at most; the strategy's own number unless given."""
    temperature: float | None = None
    """Of the Solver; the strategy's own unless given."""
    max_tokens: int | None = None
    """Longest answer in tokens; the provider's own limit unless given."""
    seed: int | None = None
    limit: StopRule | None = None
    """Another reason to stop, such as a budget."""
    prompts: PromptSet | None = None
    """The prompts of every role; those that each model understands best unless given."""
    scorer: Scorer | Sequence[Scorer] | None = None
    """What scores candidates; execution and agreement unless given."""
    magicore: MagicoreOptions = field(default_factory=MagicoreOptions)
    """Where `magicore` follows the paper to the letter."""
    price: float | None = None
    """What a thousand tokens have to add to the chance of being right, for `adaptive`."""
    belief: BeliefMap = SHIPPED
    """How sure `adaptive` is by the signals of a pool, where no test decides."""
    sandbox: Sandbox | None = None
    trace: bool = False
    """Whether the Reviewer is shown a failing test's values line by line."""
    checkpointer: BaseCheckpointSaver[Any] | None = field(default=None, repr=False)
    ask: tuple[Moment, ...] = ()
    """When a person is asked; needs a checkpointer."""

    @property
    def names(self) -> ModelNames:
        """The model behind each role."""
        reviewer = self.reviewer_model or self.model
        return ModelNames(
            solver=model_name(self.model),
            reviewer=model_name(reviewer),
            refiner=model_name(self.refiner_model or self.model),
            tester=model_name(self.tester_model or self.model),
        )

    def solver(self, *, samples: int, temperature: float) -> Solver:
        """Return the Solver of a strategy that takes that many samples."""
        chosen = temperature if self.temperature is None else self.temperature
        return Solver(
            self.model, samples=samples, sampling=self._sampling(chosen), prompts=self.prompts
        )

    def reviewer(self) -> Reviewer:
        """Return the Reviewer."""
        return Reviewer(
            self.reviewer_model or self.model, sampling=self._sampling(0.2), prompts=self.prompts
        )

    def refiner(self) -> Refiner:
        """Return the Refiner."""
        return Refiner(
            self.refiner_model or self.model, sampling=self._sampling(0.4), prompts=self.prompts
        )

    def test_writer(self) -> TestWriter | None:
        """Return the TestWriter, for code; None where its model cannot write tests."""
        model = self.tester_model or self.model
        prompts = self.prompts or prompts_for(model)
        if self.kind != "code" or prompts.test_writer is None:
            return None
        return TestWriter(model, sampling=self._sampling(0.8), prompts=prompts)

    def tracer(self) -> failing_trace | None:
        """Return what traces a failing test, where that is wanted."""
        return failing_trace(self.sandbox) if self.trace and self.kind == "code" else None

    def stop(self, rule: StopRule) -> StopRule:
        """Return a strategy's stop rule together with the plan's own limit."""
        return self.limit | rule if self.limit else rule

    def _sampling(self, temperature: float) -> Sampling:
        return Sampling(temperature=temperature, max_tokens=self.max_tokens, seed=self.seed)


@dataclass(frozen=True)
class Strategy:
    """A named way through the graph."""

    name: str
    summary: str
    """One line: what it does and when it pays."""
    source: str
    """The paper that it follows, or what it is made of."""
    build: Callable[[Plan], RefinementGraph]


def _single(plan: Plan) -> RefinementGraph:
    solver = plan.solver(samples=1, temperature=0.0)
    return _unrefined(plan, solver, "single", best_of())


def _self_consistency(plan: Plan) -> RefinementGraph:
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "self-consistency", majority_vote())


def _best_of_n(plan: Plan) -> RefinementGraph:
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "best-of-n", _chosen_by_evidence(plan))


def _unrefined(plan: Plan, solver: Solver, name: str, select: Selector) -> RefinementGraph:
    return refinement_graph(
        solver=solver,
        test_writer=None if name == "single" else plan.test_writer(),
        router=AlwaysEasy(),
        stop=plan.stop(accepted() | rounds(0)),
        select=select,
        scorer=plan.scorer,
        sandbox=plan.sandbox,
        checkpointer=plan.checkpointer,
        ask=plan.ask,
        name=name,
        models=plan.names.model_copy(update={"reviewer": None, "refiner": None}),
        seed=plan.seed,
    )


def _self_refine(plan: Plan) -> RefinementGraph:
    return refinement_graph(
        solver=plan.solver(samples=1, temperature=0.0),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        router=AlwaysHard(),
        stop=plan.stop(accepted() | rounds(_or(plan.rounds, 3)) | oscillating()),
        select=best_of(),
        scorer=plan.scorer,
        sandbox=plan.sandbox,
        tracer=plan.tracer(),
        checkpointer=plan.checkpointer,
        ask=plan.ask,
        name="self-refine",
        models=plan.names.model_copy(update={"tester": None}),
        seed=plan.seed,
    )


def _magicore(plan: Plan) -> RefinementGraph:
    code, router = plan.kind == "code", plan.magicore.router()
    return refinement_graph(
        solver=plan.solver(samples=plan.samples or 8, temperature=0.8),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        test_writer=plan.test_writer(),
        router=VerdictRouter(otherwise=router) if code else router,
        stop=plan.stop(accepted() | rounds(_or(plan.rounds, 3)) | stalled(2) | oscillating()),
        select=_chosen_by_evidence(plan) if code else plan.magicore.selector(),
        width=None,
        scorer=plan.scorer,
        sandbox=plan.sandbox,
        tracer=plan.tracer(),
        checkpointer=plan.checkpointer,
        ask=plan.ask,
        name="magicore",
        models=plan.names,
        seed=plan.seed,
    )


def _adaptive(plan: Plan) -> RefinementGraph:
    code, most = plan.kind == "code", plan.samples or 10
    controller = _code_controller(plan, most) if code else _answer_controller(plan, most)
    return refinement_graph(
        solver=plan.solver(samples=min(2 if code else 3, most), temperature=0.8),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        test_writer=plan.test_writer(),
        controller=controller,
        select=_chosen_by_evidence(plan),
        scorer=plan.scorer,
        sandbox=plan.sandbox,
        tracer=plan.tracer(),
        checkpointer=plan.checkpointer,
        ask=plan.ask,
        name="adaptive",
        models=plan.names,
        seed=plan.seed,
    )


def _code_controller(plan: Plan, most: int) -> Controller:
    return ExecutionGain(
        router=VerdictRouter(otherwise=AgreementRouter()),
        stop=plan.stop(accepted() | rounds(_or(plan.rounds, 5))),
        most=most,
        price=plan.price or 0.0,
    )


def _answer_controller(plan: Plan, most: int) -> Controller:
    return ExpectedGain(
        price=_PRICE if plan.price is None else plan.price,
        most=most,
        stop=plan.stop(accepted() | oscillating()),
        belief=plan.belief,
        max_rounds=_or(plan.rounds, 3),
    )


def _chosen_by_evidence(plan: Plan) -> Selector:
    return agreement(otherwise=best_of()) if plan.kind == "code" else majority_vote()


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("single", "one answer, checked but not refined", "the baseline", _single),
        Strategy(
            "self-consistency",
            "several samples and a majority vote",
            "arXiv 2203.11171",
            _self_consistency,
        ),
        Strategy(
            "best-of-n",
            "several samples; the one with the best evidence wins",
            "execution, then agreement (arXiv 2207.10397)",
            _best_of_n,
        ),
        Strategy(
            "self-refine",
            "one answer, reviewed and repaired round by round",
            "arXiv 2303.17651, guarded by execution",
            _self_refine,
        ),
        Strategy(
            "magicore",
            "several samples; hard problems are reviewed and refined together",
            "arXiv 2409.12147",
            _magicore,
        ),
        Strategy(
            "adaptive",
            "few samples first; more, or repairs, while they are worth their tokens",
            "expected gain (arXiv 2604.22273) from execution, agreement and scores",
            _adaptive,
        ),
    )
}
"""Every strategy by its name."""


def find_strategy(name: str) -> Strategy:
    """Return a strategy by name; raises `InputError` with the nearest name.

    >>> find_strategy("single").source
    'the baseline'
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    near = difflib.get_close_matches(name, STRATEGIES, n=1, cutoff=0.4)
    hint = f", did you mean {near[0]!r}?" if near else "."
    raise InputError(f"unknown strategy {name!r}{hint} Known: {', '.join(STRATEGIES)}.")


def build_strategy(name: str, plan: Plan) -> RefinementGraph:
    """Compile a strategy's graph from a plan."""
    return find_strategy(name).build(plan)


def strategy_outline(name: str) -> RefinementGraph:
    """Compile a strategy's graph around a model that never answers, to look at its structure."""
    return build_strategy(name, Plan(model=ScriptedChatModel([])))
