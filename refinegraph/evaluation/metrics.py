"""The figures of an evaluation, as written to `summary.json`. Field names are a contract."""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from refinegraph.evaluation.budget_curves import CurvePoint


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Transitions(_Part):
    """How refinement changed the correctness of answers, counted over all runs."""

    right_right: int = 0
    right_wrong: int = 0
    wrong_right: int = 0
    wrong_wrong: int = 0

    @property
    def confidence_level(self) -> float | None:
        """CL: the share of right answers that stay right (arXiv 2412.19513); None if none was."""
        count = self.right_right + self.right_wrong
        return self.right_right / count if count else None

    @property
    def critique_score(self) -> float | None:
        """CS: the share of wrong answers that become right (arXiv 2412.19513); None if none was."""
        count = self.wrong_right + self.wrong_wrong
        return self.wrong_right / count if count else None


class RoundTransitions(Transitions):
    """Transitions from parent to refinement in one round, counted by candidate."""

    round: int


class ProxyByRound(_Part):
    """The visible quality signal of one round's candidates, and their correctness."""

    round: int
    candidates: int
    proxy: float
    """The mean share of visible tests passed; without tests the mean score."""
    gold: float
    """The share of right candidates. If the proxy rises while this falls, the proxy is gamed."""


class ReliabilityBin(_Part):
    """Answers whose score falls into one of ten bins, with the share that was right."""

    low: float
    high: float
    answers: int
    score: float
    right: float


class StrategySummary(_Part):
    """The figures of one strategy. An undefined figure is null, never 0."""

    n: int
    """Problems with hidden tests or a gold answer."""
    runs: int
    """Runs with a result."""
    failed: int = 0
    """Runs that ended with an error; no other figure counts them."""
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    """The 95 % Wilson interval."""
    bootstrap_low: float | None
    bootstrap_high: float | None
    """The 95 % percentile bootstrap interval."""
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: float | None
    """Null if any price is unknown."""
    sandbox_runs: int
    wall_seconds: float
    """Total duration of all runs in seconds; concurrent runs overlap."""
    seconds_median: float | None
    seconds_95: float | None
    """Median and 95th percentile of the duration of a run, in seconds."""
    retries: int
    failures: dict[str, int]
    """Branches that failed while their run continued, by kind."""
    hard_share: float | None
    """The share of runs that the router classified as hard."""
    routing_precision: float | None
    """The share of runs routed as hard whose answer before refinement was wrong."""
    transitions: Transitions
    confidence_level: float | None
    critique_score: float | None
    self_correction: float | None
    """RSS (arXiv 2412.19513): 0.5 if refinement changes nothing."""
    critique_accuracy: float | None
    """The share of reviews whose verdict agrees with the candidate's correctness."""
    proxy: tuple[ProxyByRound, ...]
    rounds: tuple[RoundTransitions, ...]
    # Summaries written before version 0.2 call the field `reverted`.
    rejected: int = Field(validation_alias=AliasChoices("rejected", "reverted"))
    """Refinements that were rejected in favour of their parent."""
    pass_at: dict[str, float]
    """pass@k of the first samples, for every k that all problems have enough samples for."""
    fooled: float | None
    """The share of answers passing visible tests that the hidden tests refute."""
    friction: float | None
    """The share of refinements that are still wrong after being shown a failing test."""
    regret: float | None
    """Accuracy lost compared with selecting the best candidate in hindsight."""
    stop_regret: float | None
    """Accuracy lost compared with stopping after the best round in hindsight."""
    curve: tuple[CurvePoint, ...] = ()
    """Accuracy with fewer samples, for strategies that only sample."""
    calibration_error: float | None
    brier: float | None
    """Computed from the scores of chosen candidates that lie between 0 and 1."""
    reliability: tuple[ReliabilityBin, ...] = ()
    token_histogram: tuple[tuple[int, int], ...] = ()
    """Pairs of an upper bound on tokens, a power of two, and the number of runs below it."""
    stop_reasons: dict[str, int]


class Comparison(_Part):
    """Two strategies compared on the problems that both attempted."""

    first: str
    second: str
    n: int
    difference: float | None
    """Accuracy of the second minus that of the first."""
    ci_low: float | None
    ci_high: float | None
    """The bootstrap interval of the paired difference."""
    only_first: int
    only_second: int
    p_value: float | None
    """McNemar's exact test."""


class EqualCost(_Part):
    """A strategy compared with a sampling one at equal cost and at equal accuracy."""

    strategy: str
    baseline: str
    baseline_accuracy: float | None
    """Of the baseline at the same tokens per problem; null outside the range it was run in."""
    baseline_tokens: float | None
    """Per problem, for the baseline to reach the same accuracy; null if it never does."""
    tokens: float
    """Of the strategy, per problem."""
    accuracy: float


class LeftOut(_Part):
    """A problem without a usable label, which no strategy was given."""

    problem_id: str
    reason: str


class Summary(_Part):
    """The whole of `summary.json`."""

    schema_version: int = 1
    problems: int
    left_out: tuple[LeftOut, ...] = ()
    """Problems whose hidden tests cannot be parsed or fail the reference solution."""
    strategies: dict[str, StrategySummary]
    comparisons: tuple[Comparison, ...] = ()
    equal_cost: tuple[EqualCost, ...] = ()
