"""What a strategy is built from: models, sizes, limits, and parts of one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from typing_extensions import Unpack

from refinegraph.agents.evidence import gather_evidence
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.operators import OperatorLike
from refinegraph.agents.operators.roles import Gatherer
from refinegraph.agents.prompts import PromptSet, prompts_for
from refinegraph.agents.protocols import (
    RefinerAgent,
    ReviewerAgent,
    SolverAgent,
    TestWriterAgent,
    Tracer,
)
from refinegraph.agents.refiner import Refiner, RepairForm
from refinegraph.agents.review_and_repair import ReviewAndRepair
from refinegraph.agents.reviewer import Reviewer
from refinegraph.agents.solver import Solver
from refinegraph.agents.test_writer import TestWriter
from refinegraph.graphs.nodes.human import InterruptPoint
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.calibration import DEFAULT_CALIBRATOR, ConfidenceCalibrator
from refinegraph.graphs.policies.costs import CostUnit
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.refinement import RefinementGraph, refinement_graph
from refinegraph.graphs.routing import Router
from refinegraph.graphs.search import SearchGraph, search_graph
from refinegraph.graphs.selection import Selector
from refinegraph.graphs.stopping import RuleFunction, StopRule, accepted, as_rule
from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.schema import Kind, LabelledProblem, ModelNames
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.tools.checkers import AnswerReader, Checker
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer
from refinegraph.tools.traces import failing_trace

if TYPE_CHECKING:
    from refinegraph.agents.environments import Environment
    from refinegraph.agents.likelihood import Likelihood
    from refinegraph.agents.memory import Memory

ReviewForm = Literal["separate", "joint", "none"]
"""How a program is reviewed before it is repaired."""


class Parts(TypedDict, total=False):
    """The parts that tell one strategy from another."""

    solver: SolverAgent
    reviewer: ReviewerAgent | None
    refiner: RefinerAgent | None
    test_writer: TestWriterAgent | None
    tracer: Tracer | None
    evidence: Gatherer | None
    router: Router | None
    stop: RuleFunction | None
    select: Selector | None
    controller: Policy | None
    max_refined_per_round: int | None
    models: ModelNames


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
    batch_size: int | None = None
    """How many samples are asked for at a time; the strategy's own number unless given."""
    rounds: int | None = None
    """How many rounds of refinement at most; the strategy's own number unless given."""
    temperature: float | None = None
    """Of the Solver; the strategy's own unless given."""
    max_tokens: int | None = None
    """Longest answer in tokens; the provider's own limit unless given."""
    seed: int | None = None
    prompts: PromptSet | None = None
    """The prompts of every role; those that each model understands best unless given."""
    scorer: Scorer | Sequence[Scorer] | None = None
    """What scores candidates; execution and agreement unless given."""
    router: Router | None = None
    """Decides what is hard; the strategy's own unless given."""
    stop: RuleFunction | None = None
    """When to stop; the strategy's own rule unless given."""
    select: Selector | None = None
    """Chooses the answer; the strategy's own unless given."""
    policy: Policy | None = None
    """What is done after the first samples; replaces the strategy's own, its router and its rule.
    """
    magicore: MagicoreOptions = field(default_factory=MagicoreOptions)
    """Where `magicore` follows the paper to the letter."""
    min_gain_per_1k_tokens: float | None = None
    """Minimum gain in the chance of a right answer that justifies 1,000 tokens, for `adaptive`."""
    calibrator: ConfidenceCalibrator = DEFAULT_CALIBRATOR
    """How sure `adaptive` is of a pool that no test decides."""
    memory: "Memory | None" = None
    """Notes that outlive a run, for strategies that learn from earlier problems."""
    environment: "Callable[[], Environment] | None" = None
    """Makes the environment that strategies with actions act in."""
    likelihood: "Likelihood | None" = None
    """How probable a text is that the model did not write; measured by the model itself unless
    given."""
    user: "Callable[[str], MaybeAwaitable[str]] | None" = None
    """Answers a question about what is wanted, for strategies that ask back."""
    examples: "Sequence[LabelledProblem]" = ()
    """Solved problems, for strategies that learn from some before they solve another."""
    rates: SuccessRates | None = None
    """What is known of the model's samples and repairs, for `adaptive`; learned anew if None."""
    cost: CostUnit = "tokens"
    """What `adaptive` saves: tokens, USD or seconds."""
    sandbox: Sandbox | None = None
    repair: RepairForm = "auto"
    """Whether programs are repaired by edits, by rewriting them, or by whichever is shorter."""
    review: ReviewForm = "separate"
    """Whether programs are reviewed by a call of their own, in that of the repair, or not."""
    evidence: tuple[str, ...] = ()
    """Kinds of evidence that Reviewer and Refiner are shown; those that the prompts are made for
    if empty, none for `("none",)`."""
    checker: Checker | None = None
    """What proves or refutes candidates; running their programs in `sandbox` unless given."""
    reader: AnswerReader | None = None
    """Reads the program in an answer; a fenced block unless given."""
    extra_evidence: Tracer | None = None
    """What the Reviewer is shown beside the tests; replaces `trace`."""
    trace: bool = False
    """Whether the Reviewer is shown a failing test's values line by line."""
    checkpointer: BaseCheckpointSaver[Any] | None = field(default=None, repr=False)
    ask: tuple[InterruptPoint, ...] = ()
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
            self.refiner_model or self.model,
            sampling=self._sampling(0.4),
            prompts=self.prompts,
            repair=self.repair,
        )

    def review_and_repair(self) -> ReviewAndRepair:
        """Return the agent that reviews and repairs in one call."""
        return ReviewAndRepair(
            self.refiner_model or self.model, sampling=self._sampling(0.4), prompts=self.prompts
        )

    def gatherer(self) -> gather_evidence | None:
        """Return what gathers evidence about failing programs, where the prompts can show it."""
        prompts = self.prompts or prompts_for(self.refiner_model or self.model)
        kinds = [kind for kind in self.evidence or prompts.evidence if kind != "none"]
        if self.kind != "code" or kinds == ["verdict"]:
            return None
        return gather_evidence(self.sandbox, kinds=kinds)

    def test_writer(self) -> TestWriter | None:
        """Return the TestWriter, for code; None where its model cannot write tests."""
        model = self.tester_model or self.model
        prompts = self.prompts or prompts_for(model)
        if self.kind != "code" or prompts.test_writer is None:
            return None
        return TestWriter(model, sampling=self._sampling(0.8), prompts=prompts)

    def tracer(self) -> Tracer | None:
        """Return what the Reviewer is shown beside the tests, where that is wanted."""
        if self.extra_evidence:
            return self.extra_evidence
        return failing_trace(self.sandbox) if self.trace and self.kind == "code" else None

    def likelihoods(self) -> "Likelihood":
        """Return the likelihood; raises `InputError` where the model cannot measure any."""
        from refinegraph.agents.likelihood import likelihood_of

        return self.likelihood or likelihood_of(self.model)

    def stop_rule(self, default: StopRule) -> StopRule:
        """Return the plan's stop rule, or the strategy's default."""
        return as_rule(self.stop) if self.stop else default

    def graph(self, name: str, **parts: Unpack[Parts]) -> RefinementGraph:
        """Return a strategy's graph from its parts; those that the plan names replace them."""
        parts.setdefault("models", self.names)
        if parts.get("refiner"):
            parts.setdefault("evidence", self.gatherer())
            if self.review != "separate" and self.kind == "code":
                parts["reviewer"] = None
            if self.review == "joint" and self.kind == "code":
                parts["refiner"] = self.review_and_repair()
        if self.select:
            parts["select"] = self.select
        if self.policy:
            parts["controller"] = self.policy
        return refinement_graph(
            **parts,
            scorer=self.scorer,
            sandbox=self.sandbox,
            checker=self.checker,
            reader=self.reader,
            checkpointer=self.checkpointer,
            ask=self.ask,
            name=name,
            seed=self.seed,
        )

    def search(
        self,
        name: str,
        *,
        operators: Mapping[str, OperatorLike],
        policy: Policy,
        scorer: Scorer | Sequence[Scorer] | None = None,
        select: Selector | None = None,
        models: ModelNames | None = None,
    ) -> SearchGraph:
        """Return a graph of operators and a policy with what else the plan chose.

        For strategies whose loop is not that of `graph`. The run ends when a candidate passes all
        visible tests, unless the plan names another rule.

        Args:
            name: The strategy's name in results.
            operators: Operators by the names that moves give.
            policy: What is done next; the plan's own policy replaces it.
            scorer: Scores candidates; the plan's own scorer replaces it.
            select: Chooses the answer; the plan's own selector replaces it.
            models: The models behind the roles; the plan's unless given.
        """
        return search_graph(
            operators=operators,
            policy=self.policy or policy,
            scorer=self.scorer or scorer,
            select=self.select or select,
            stop=self.stop_rule(accepted()),
            sandbox=self.sandbox,
            checker=self.checker,
            reader=self.reader,
            checkpointer=self.checkpointer,
            name=name,
            models=models or self.names,
            seed=self.seed,
            interrupt_before=self.ask,
        )

    def _sampling(self, temperature: float) -> Sampling:
        return Sampling(temperature=temperature, max_tokens=self.max_tokens, seed=self.seed)
