"""The figures of an evaluation: what `summary.json` holds. Its field names are a contract."""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from refinegraph.evaluation.budget_curves import CurvePoint


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Transitions(_Part):
    """What became of the answer that was there before refinement, over all runs."""

    right_right: int = 0
    right_wrong: int = 0
    wrong_right: int = 0
    wrong_wrong: int = 0

    @property
    def confidence_level(self) -> float | None:
        """CL: how often a right answer stays right (arXiv 2412.19513); None without any."""
        count = self.right_right + self.right_wrong
        return self.right_right / count if count else None

    @property
    def critique_score(self) -> float | None:
        """CS: how often a wrong answer becomes right (arXiv 2412.19513); None without any."""
        count = self.wrong_right + self.wrong_wrong
        return self.wrong_right / count if count else None


class RoundTransitions(Transitions):
    """What each refinement of one round made of its parent, candidate by candidate."""

    round: int


class ProxyByRound(_Part):
    """What stood for being right, beside being right, of the candidates of one round."""

    round: int
    candidates: int
    proxy: float
    """The mean share of visible tests passed; without tests the mean score."""
    gold: float
    """The share that is right. A proxy that grows while this falls is being gamed."""


class ReliabilityBin(_Part):
    """Answers whose score lies in one tenth, and how often they were right."""

    low: float
    high: float
    answers: int
    score: float
    right: float


class StrategySummary(_Part):
    """One strategy. A figure is null where it is undefined, never 0."""

    n: int
    """Problems with hidden tests or a gold answer."""
    runs: int
    """Runs that have a result."""
    failed: int = 0
    """Runs that ended with an error. They are part of no other figure."""
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    """Wilson's interval."""
    bootstrap_low: float | None
    bootstrap_high: float | None
    """The percentile bootstrap's."""
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: float | None
    """Null where a price is unknown."""
    sandbox_runs: int
    wall_seconds: float
    """The runs' own seconds, added up; they overlap."""
    seconds_median: float | None
    seconds_95: float | None
    """Seconds of a run: of half of the runs at most, and of 95 %."""
    retries: int
    failures: dict[str, int]
    """Branches that ended without a result while their run went on, by kind."""
    hard_share: float | None
    """The share of runs that the router found hard."""
    routing_precision: float | None
    """How often the answer before refinement was wrong where the router said hard."""
    transitions: Transitions
    confidence_level: float | None
    critique_score: float | None
    self_correction: float | None
    """RSS (arXiv 2412.19513): 0.5 where refinement changes nothing."""
    critique_accuracy: float | None
    """How often the Reviewer's word, right or wrong, was true of the candidate reviewed."""
    proxy: tuple[ProxyByRound, ...]
    rounds: tuple[RoundTransitions, ...]
    # Summaries written before version 0.2 call the field `reverted`.
    rejected: int = Field(validation_alias=AliasChoices("rejected", "reverted"))
    """Refinements that were not allowed to replace their parent."""
    pass_at: dict[str, float]
    """pass@k of the first samples, for the k that every problem allows."""
    fooled: float | None
    """Of the answers that visible tests proved, the share that the hidden tests refute."""
    friction: float | None
    """Of the refinements that were shown a failing test, the share still wrong."""
    regret: float | None
    """Accuracy lost against choosing the best candidate that was made, in hindsight."""
    stop_regret: float | None
    """Accuracy lost against stopping after the best round, in hindsight."""
    curve: tuple[CurvePoint, ...] = ()
    """What fewer samples would have done, of a strategy that only samples."""
    calibration_error: float | None
    brier: float | None
    """Of the chosen candidates' scores, as far as they are scores between 0 and 1."""
    reliability: tuple[ReliabilityBin, ...] = ()
    token_histogram: tuple[tuple[int, int], ...] = ()
    """Runs by the tokens that they took: up to so many (a power of two), how many."""
    stop_reasons: dict[str, int]


class Comparison(_Part):
    """Two strategies on the problems that both tried."""

    first: str
    second: str
    n: int
    difference: float | None
    """Accuracy of the second less that of the first."""
    ci_low: float | None
    ci_high: float | None
    """The bootstrap interval of the paired difference."""
    only_first: int
    only_second: int
    p_value: float | None
    """McNemar's exact test."""


class EqualCost(_Part):
    """A strategy beside one that only samples, at the same price and at the same accuracy."""

    strategy: str
    baseline: str
    baseline_accuracy: float | None
    """Of the baseline at the strategy's tokens a problem; null where it was not run that far."""
    baseline_tokens: float | None
    """A problem, for the baseline to be as accurate; null where it never was."""
    tokens: float
    """Of the strategy, a problem."""
    accuracy: float


class LeftOut(_Part):
    """A problem that cannot judge an answer, so that no strategy was given it."""

    problem_id: str
    reason: str


class Summary(_Part):
    """The whole of `summary.json`."""

    schema_version: int = 1
    problems: int
    left_out: tuple[LeftOut, ...] = ()
    """Problems whose hidden tests cannot be read, or fail the reference solution."""
    strategies: dict[str, StrategySummary]
    comparisons: tuple[Comparison, ...] = ()
    equal_cost: tuple[EqualCost, ...] = ()
