"""The plan from which a strategy is built: models, sizes, limits and custom parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from typing_extensions import Unpack

from refinegraph.agents.branch_refiner import BranchRefiner, reporting
from refinegraph.agents.evidence import gather_evidence
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.operators import Operator, OperatorLike
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
from refinegraph.graphs.selection import Selector, passing
from refinegraph.graphs.stopping import RuleFunction, StopRule, accepted, as_rule
from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.schema import Kind, LabelledProblem, ModelNames
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.tools.checkers import AnswerReader, Checker
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import Scorer, reported_logprobs
from refinegraph.tools.traces import failing_trace

if TYPE_CHECKING:
    from refinegraph.agents.environments import Environment
    from refinegraph.agents.likelihood import Likelihood
    from refinegraph.agents.memory import Memory

PlannedRepair = Literal["branch"] | RepairForm
"""How a program is repaired: at the least certain token of its author, or as by a `Refiner`."""
ReviewForm = Literal["separate", "joint", "none"]
"""How a program is reviewed before its repair: by a separate call, in the same call, or not."""


class Parts(TypedDict, total=False):
    """The parts in which strategies differ."""

    solver: SolverAgent
    reviewer: ReviewerAgent | None
    refiner: RefinerAgent | Operator | None
    branches: BranchRefiner | None
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
    """The models, sizes and limits from which a strategy is built.

    Reviewer, Refiner and TestWriter use the Solver's model unless they have their own. A size or
    part that is None is chosen by the strategy.
    """

    model: BaseChatModel
    reviewer_model: BaseChatModel | None = None
    refiner_model: BaseChatModel | None = None
    tester_model: BaseChatModel | None = None
    kind: Kind = "code"
    samples: int | None = None
    """Number of samples."""
    batch_size: int | None = None
    """Number of samples requested at a time."""
    rounds: int | None = None
    """Maximum number of refinement rounds."""
    temperature: float | None = None
    """Sampling temperature of the Solver."""
    max_tokens: int | None = None
    """Maximum length of an answer in tokens; by default the provider's limit."""
    seed: int | None = None
    prompts: PromptSet | None = None
    """The prompts of every role; by default those that suit each model best."""
    scorer: Scorer | Sequence[Scorer] | None = None
    """Scores candidates; by default execution and agreement."""
    router: Router | None = None
    """Decides which problems are hard."""
    stop: RuleFunction | None = None
    """Decides when to stop."""
    select: Selector | None = None
    """Chooses the answer."""
    policy: Policy | None = None
    """Decides on the moves after the first samples; replaces the strategy's own policy, router and
    stop rule."""
    magicore: MagicoreOptions = field(default_factory=MagicoreOptions)
    """How closely `magicore` follows the paper."""
    min_gain_per_1k_tokens: float | None = None
    """Minimum gain in the probability of a right answer that justifies 1,000 tokens, for
    `adaptive`."""
    calibrator: ConfidenceCalibrator = DEFAULT_CALIBRATOR
    """Estimates for `adaptive` the confidence in a pool of answers that no test decides."""
    memory: "Memory | None" = None
    """Notes that outlive a run, for strategies that learn from earlier problems."""
    environment: "Callable[[], Environment] | None" = None
    """Creates the environment for strategies with actions."""
    likelihood: "Likelihood | None" = None
    """Measures the probability of a text written by someone else; by default with `model`."""
    user: "Callable[[str], MaybeAwaitable[str]] | None" = None
    """Answers questions about the requirements, for strategies that ask."""
    examples: "Sequence[LabelledProblem]" = ()
    """Solved problems, for strategies that learn from examples."""
    rates: SuccessRates | None = None
    """Success rates of the model's samples and repairs, for `adaptive`; None to learn them anew."""
    cost: CostUnit = "tokens"
    """The resource that `adaptive` saves: tokens, USD or seconds."""
    sandbox: Sandbox | None = None
    repair: PlannedRepair = "auto"
    """Whether programs are repaired at the model's least certain token, with edits, or rewritten;
    `auto` is the shorter of edits and a rewrite, or in `adaptive` what suits the prompts."""
    edits: int | None = None
    """Number of edits drawn per repair; None for the number that suits the prompts."""
    review: ReviewForm = "separate"
    """Whether programs are reviewed in a separate call, together with the repair, or not at all."""
    evidence: tuple[str, ...] = ()
    """Kinds of evidence for Reviewer and Refiner; if empty, those for which the prompts were
    designed; `("none",)` for none."""
    checker: Checker | None = None
    """Proves or refutes candidates; by default runs their programs in `sandbox`."""
    reader: AnswerReader | None = None
    """Extracts the program from an answer; by default from a fenced block."""
    extra_evidence: Tracer | None = None
    """Additional evidence for the Reviewer; replaces `trace`."""
    trace: bool = False
    """Whether the Reviewer sees a failing test traced line by line."""
    checkpointer: BaseCheckpointSaver[Any] | None = field(default=None, repr=False)
    interrupt_before: tuple[InterruptPoint, ...] = ()
    """When to ask a person; requires a checkpointer."""

    @property
    def names(self) -> ModelNames:
        """The model of each role."""
        reviewer = self.reviewer_model or self.model
        return ModelNames(
            solver=model_name(self.model),
            reviewer=model_name(reviewer),
            refiner=model_name(self.refiner_model or self.model),
            tester=model_name(self.tester_model or self.model),
        )

    def solver(self, *, samples: int, temperature: float) -> Solver:
        """Return the Solver for a strategy with that many samples."""
        own = temperature if self.temperature is None else self.temperature
        return Solver(
            self.model, samples=samples, sampling=self._writing(own), prompts=self.prompts
        )

    def reviewer(self) -> Reviewer:
        """Return the Reviewer."""
        return Reviewer(
            self.reviewer_model or self.model, sampling=self._sampling(0.2), prompts=self.prompts
        )

    def refiner(self) -> Refiner:
        """Return the Refiner."""
        model = self.refiner_model or self.model
        edits = self.edits or (self.prompts or prompts_for(model)).edits
        return Refiner(
            model,
            sampling=self._writing(0.4 if edits == 1 else 0.8),
            prompts=self.prompts,
            repair="auto" if self.repair == "branch" else self.repair,
            edits=edits,
        )

    def review_and_repair(self) -> ReviewAndRepair:
        """Return the agent that reviews and repairs in one call."""
        return ReviewAndRepair(
            self.refiner_model or self.model, sampling=self._sampling(0.4), prompts=self.prompts
        )

    @property
    def branches(self) -> bool:
        """Whether programs are repaired at the least certain token of the Solver's model first."""
        return self.kind == "code" and self.repair == "branch"

    def preferring_branches(self) -> "Plan":
        """Return the plan with `repair="branch"` if that suits the prompts.

        A plan with a Reviewer or Refiner of its own keeps them.
        """
        prompts = self.prompts or prompts_for(self.model)
        own = self.reviewer_model or self.refiner_model
        if own or self.repair != "auto" or not prompts.branches:
            return self
        return replace(self, repair="branch")

    def branch_refiner(self) -> BranchRefiner:
        """Return the agent that repairs a program at the least certain token."""
        return BranchRefiner(self.model, branches=self.edits or 1, prompts=self.prompts)

    def gatherer(self) -> gather_evidence | None:
        """Return the gatherer of evidence for failing programs, if the prompts can show any."""
        prompts = self.prompts or prompts_for(self.refiner_model or self.model)
        kinds = [kind for kind in self.evidence or prompts.evidence if kind != "none"]
        if self.kind != "code" or kinds == ["verdict"]:
            return None
        return gather_evidence(self.sandbox, kinds=kinds)

    def test_writer(self) -> TestWriter | None:
        """Return the TestWriter, or None for other kinds and for models that cannot write tests."""
        model = self.tester_model or self.model
        prompts = self.prompts or prompts_for(model)
        if self.kind != "code" or prompts.test_writer is None:
            return None
        return TestWriter(model, sampling=self._sampling(0.8), prompts=prompts)

    def tracer(self) -> Tracer | None:
        """Return the source of additional evidence for the Reviewer, if any."""
        if self.extra_evidence:
            return self.extra_evidence
        return failing_trace(self.sandbox) if self.trace and self.kind == "code" else None

    def likelihoods(self) -> "Likelihood":
        """Return the likelihood; raise `InputError` if the model cannot measure any."""
        from refinegraph.agents.likelihood import likelihood_of

        return self.likelihood or likelihood_of(self.model)

    def stop_rule(self, default: StopRule) -> StopRule:
        """Return the plan's stop rule, or the strategy's default."""
        return as_rule(self.stop) if self.stop else default

    def graph(self, name: str, **parts: Unpack[Parts]) -> RefinementGraph:
        """Return a strategy's graph from its parts; parts set in the plan take precedence."""
        parts.setdefault("models", self.names)
        if parts.get("refiner"):
            parts.setdefault("evidence", self.gatherer())
            solver = parts.get("solver")
            if self.branches and solver is not None:
                parts["solver"] = reporting(solver)
                parts["branches"] = parts.get("branches") or self.branch_refiner()
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
            interrupt_before=self.interrupt_before,
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
        """Return a search graph from operators and a policy, configured by the plan.

        Intended for strategies whose loop differs from that of `graph`. By default, the run ends
        when a candidate passes all visible tests, and that candidate is the answer.

        Args:
            name: The strategy's name in results.
            operators: Operators by the names used in moves.
            policy: Decides on the next moves; overridden by the plan's policy.
            scorer: Scores candidates; overridden by the plan's scorer.
            select: Chooses the answer among the candidates that pass all visible tests, or among
                all if none does; overridden by the plan's selector.
            models: The models of the roles; by default the plan's.
        """
        return search_graph(
            operators=operators,
            policy=self.policy or policy,
            scorer=self.scorer or scorer,
            select=self.select or (passing(select) if select else None),
            stop=self.stop_rule(accepted()),
            sandbox=self.sandbox,
            checker=self.checker,
            reader=self.reader,
            checkpointer=self.checkpointer,
            name=name,
            models=models or self.names,
            max_tokens=self.max_tokens,
            seed=self.seed,
            interrupt_before=self.interrupt_before,
        )

    def _writing(self, temperature: float) -> Sampling:
        """Return settings for answers that are scored, with the log-probabilities for that."""
        reported = reported_logprobs(self.scorer)
        return self._sampling(temperature).model_copy(update={"logprobs": reported})

    def _sampling(self, temperature: float) -> Sampling:
        return Sampling(temperature=temperature, max_tokens=self.max_tokens, seed=self.seed)
