"""What an evaluation says: the figures of each strategy, and how they differ."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from refinegraph.evaluation.curves import CurvePoint, CurveTally, accuracy_at, tokens_for
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import (
    Bin,
    Interval,
    bootstrap_interval,
    brier_score,
    calibration_error,
    mcnemar_p,
    pass_at_k,
    quantile,
    relative_self_correction,
    reliability,
    wilson_interval,
)
from refinegraph.schema import Candidate


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
    reverted: int
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


class Summary(_Part):
    """`summary.json`. The field names are a contract."""

    schema_version: int = 1
    problems: int
    strategies: dict[str, StrategySummary]
    comparisons: tuple[Comparison, ...] = ()
    equal_cost: tuple[EqualCost, ...] = ()


@dataclass
class _Tally:
    """A strategy as its runs are added: memory a run is a few numbers."""

    rights: dict[str, bool] = field(default_factory=dict[str, bool])
    runs: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    sandbox_runs: int = 0
    seconds: float = 0.0
    routed: int = 0
    hard: int = 0
    hard_wrong: list[bool] = field(default_factory=list[bool])
    changes: Counter[tuple[bool, bool]] = field(default_factory=Counter[tuple[bool, bool]])
    by_round: dict[int, Counter[tuple[bool, bool]]] = field(
        default_factory=dict[int, Counter[tuple[bool, bool]]]
    )
    reverted: int = 0
    samples: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    proved: int = 0
    fooled: int = 0
    shown: int = 0
    unmoved: int = 0
    hindsight: list[float] = field(default_factory=list[float])
    scores: list[float] = field(default_factory=list[float])
    scored_rights: list[bool] = field(default_factory=list[bool])
    stops: Counter[str] = field(default_factory=Counter[str])
    times: list[float] = field(default_factory=list[float])
    tokens: Counter[int] = field(default_factory=Counter[int])
    retries: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    reviewed: int = 0
    reviewed_well: int = 0
    proxies: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    golds: dict[int, list[bool]] = field(default_factory=dict[int, list[bool]])
    stop_losses: list[float] = field(default_factory=list[float])
    curve: CurveTally = field(default_factory=CurveTally)

    def add(self, run: RunLine) -> None:
        """Count one run."""
        self._add_cost(run)
        result = run.result
        self.stops[result.stop_reason.rule] += 1
        self.reverted += len(result.reverted)
        hard = any(each.difficulty and each.difficulty.level == "hard" for each in result.decisions)
        self.routed += bool(result.decisions)
        self.hard += hard
        if run.correct is not None:
            self._add_right(run, run.correct, hard)

    def _add_cost(self, run: RunLine) -> None:
        usage = run.result.usage
        self.runs += 1
        self.calls += usage.llm_calls
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.sandbox_runs += usage.sandbox_runs
        self.seconds += usage.wall_seconds
        self.times.append(usage.wall_seconds)
        self.tokens[usage.total_tokens.bit_length()] += 1
        self.retries += usage.retries
        self.failures.update(each.kind for each in run.result.failures)
        price = usage.cost_usd
        self.cost = None if price is None or self.cost is None else self.cost + price

    def _add_right(self, run: RunLine, right: bool, hard: bool) -> None:
        judged, first = run.judged, run.first
        self.rights[run.problem_id] = right
        refined = any(each.parent_id for each in run.result.candidates)
        before = bool(first and judged.get(first.id)) if refined else right
        self.changes[before, right] += 1
        if hard:
            self.hard_wrong.append(not before)
        started = [each for each in run.result.candidates if each.parent_id is None]
        self.samples.append((len(started), sum(judged.get(each.id, False) for each in started)))
        if run.result.solved:
            self.proved += 1
            self.fooled += not right
        self.hindsight.append(float(any(judged.values())) - float(right))
        chosen = run.result.chosen
        if chosen and chosen.score is not None and 0 <= chosen.score <= 1:
            self.scores.append(chosen.score)
            self.scored_rights.append(right)
        self.curve.add(run)
        self._add_refinements(run)
        self._add_reviews(run)
        self._add_rounds(run, right)

    def _add_refinements(self, run: RunLine) -> None:
        judged = run.judged
        by_id = {each.id: each for each in run.result.candidates}
        for child in run.result.candidates:
            parent = by_id.get(child.parent_id or "")
            if parent is None:
                continue
            pair = judged.get(parent.id, False), judged.get(child.id, False)
            self.by_round.setdefault(child.round, Counter())[pair] += 1
            if parent.verdict and not parent.verdict.passed:
                self.shown += 1
                self.unmoved += not pair[1]

    def _add_reviews(self, run: RunLine) -> None:
        judged = run.judged
        for review in run.result.reviews:
            if review.candidate_id in judged:
                self.reviewed += 1
                self.reviewed_well += review.approves == judged[review.candidate_id]

    def _add_rounds(self, run: RunLine, right: bool) -> None:
        judged, best = run.judged, False
        for candidate in run.result.candidates:
            proxy = _proxy(candidate)
            if proxy is not None and candidate.id in judged:
                self.proxies.setdefault(candidate.round, []).append(proxy)
                self.golds.setdefault(candidate.round, []).append(judged[candidate.id])
        for last in range(run.result.rounds + 1):
            if winner := run.best_until(last):
                best |= judged.get(winner.id, False)
        self.stop_losses.append(float(best or right) - float(right))

    def summary(self) -> StrategySummary:
        """Return the figures."""
        count, right = len(self.rights), sum(self.rights.values())
        interval = wilson_interval(right, count)
        transitions = Transitions(**_named(self.changes))
        bins = reliability(self.scores, self.scored_rights)
        boot = bootstrap_interval([float(each) for each in self.rights.values()])
        before = self.changes[True, True] + self.changes[True, False]
        return StrategySummary(
            n=count,
            runs=self.runs,
            accuracy=_share(right, count),
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
            bootstrap_low=boot.low if boot else None,
            bootstrap_high=boot.high if boot else None,
            llm_calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            total_tokens=self.prompt_tokens + self.completion_tokens,
            cost_usd=self.cost,
            sandbox_runs=self.sandbox_runs,
            wall_seconds=round(self.seconds, 3),
            seconds_median=quantile(self.times, 0.5),
            seconds_95=quantile(self.times, 0.95),
            retries=self.retries,
            failures=dict(self.failures.most_common()),
            hard_share=_share(self.hard, self.routed),
            routing_precision=_share(sum(self.hard_wrong), len(self.hard_wrong)),
            transitions=transitions,
            confidence_level=transitions.confidence_level,
            critique_score=transitions.critique_score,
            self_correction=relative_self_correction(before / count, right / count)
            if count
            else None,
            critique_accuracy=_share(self.reviewed_well, self.reviewed),
            proxy=tuple(self._proxy_of(number) for number in sorted(self.proxies)),
            rounds=tuple(
                RoundTransitions(round=number, **_named(changes))
                for number, changes in sorted(self.by_round.items())
            ),
            reverted=self.reverted,
            pass_at=self._pass_at(),
            fooled=_share(self.fooled, self.proved),
            friction=_share(self.unmoved, self.shown),
            regret=math.fsum(self.hindsight) / count if count else None,
            stop_regret=math.fsum(self.stop_losses) / count if count else None,
            curve=self.curve.points(),
            calibration_error=calibration_error(bins),
            brier=brier_score(self.scores, self.scored_rights),
            reliability=tuple(_as_bin(each) for each in bins),
            token_histogram=tuple((1 << bits, n) for bits, n in sorted(self.tokens.items())),
            stop_reasons=dict(self.stops.most_common()),
        )

    def _proxy_of(self, number: int) -> ProxyByRound:
        proxies, golds = self.proxies[number], self.golds[number]
        return ProxyByRound(
            round=number,
            candidates=len(proxies),
            proxy=math.fsum(proxies) / len(proxies),
            gold=sum(golds) / len(golds),
        )

    def _pass_at(self) -> dict[str, float]:
        fewest = min((samples for samples, _ in self.samples), default=0)
        found: dict[str, float] = {}
        for k in (each for each in (1, 2, 4, 5, 8, 10, 16, 32, 64) if each <= fewest):
            chances = [pass_at_k(samples, right, k) or 0.0 for samples, right in self.samples]
            found[str(k)] = math.fsum(chances) / len(chances)
        return found


def summarise(runs: Iterable[RunLine], *, strategies: Sequence[str] = ()) -> Summary:
    """Count runs, one after the other; the first strategy is what the others are compared with.

    Strategies come in the given order, then as they are met.
    """
    tallies: dict[str, _Tally] = {name: _Tally() for name in strategies}
    problems: set[str] = set()
    for run in runs:
        problems.add(run.problem_id)
        tallies.setdefault(run.strategy, _Tally()).add(run)
    names = list(tallies)
    found = {name: tally.summary() for name, tally in tallies.items()}
    return Summary(
        problems=len(problems),
        strategies=found,
        equal_cost=tuple(_at_equal_cost(found)),
        comparisons=tuple(
            compare(names[0], tallies[names[0]].rights, name, tallies[name].rights)
            for name in names[1:]
        ),
    )


def _at_equal_cost(found: dict[str, StrategySummary]) -> Iterator[EqualCost]:
    """Yield every strategy beside every other that only samples and has more than one size."""
    for baseline, sampled in found.items():
        for name, other in found.items():
            if name == baseline or len(sampled.curve) < 2 or other.accuracy is None:
                continue
            tokens = other.total_tokens / other.runs
            if tokens < sampled.curve[0].tokens:
                continue
            yield EqualCost(
                strategy=name,
                baseline=baseline,
                baseline_accuracy=accuracy_at(sampled.curve, tokens),
                baseline_tokens=tokens_for(sampled.curve, other.accuracy),
                tokens=tokens,
                accuracy=other.accuracy,
            )


def compare(
    first: str, first_rights: dict[str, bool], second: str, second_rights: dict[str, bool]
) -> Comparison:
    """Compare two sets of outcomes on the problems that both have."""
    shared = sorted(first_rights.keys() & second_rights.keys())
    pairs = [(first_rights[each], second_rights[each]) for each in shared]
    differences = [float(b) - float(a) for a, b in pairs]
    interval: Interval | None = bootstrap_interval(differences)
    only_first = sum(a and not b for a, b in pairs)
    only_second = sum(b and not a for a, b in pairs)
    return Comparison(
        first=first,
        second=second,
        n=len(pairs),
        difference=math.fsum(differences) / len(pairs) if pairs else None,
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar_p(only_first, only_second),
    )


def _as_bin(found: Bin) -> ReliabilityBin:
    return ReliabilityBin(
        low=found.low,
        high=found.high,
        answers=found.problems,
        score=found.belief,
        right=found.right,
    )


def _proxy(candidate: Candidate) -> float | None:
    """Return what a run sees of how good a candidate is, between 0 and 1 as a rule."""
    if candidate.verdict and candidate.verdict.tests:
        return len(candidate.verdict.passed_ids) / len(candidate.verdict.tests)
    return candidate.score


def _named(changes: Counter[tuple[bool, bool]]) -> dict[str, int]:
    words = {True: "right", False: "wrong"}
    return {f"{words[a]}_{words[b]}": count for (a, b), count in changes.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
