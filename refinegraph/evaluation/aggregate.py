"""Aggregate the runs of a strategy into its figures, one run at a time."""

import math
from collections import Counter
from dataclasses import dataclass, field

from refinegraph.evaluation.budget_curves import CurveTally
from refinegraph.evaluation.metrics import (
    ProxyByRound,
    ReliabilityBin,
    RoundTransitions,
    StrategySummary,
    Transitions,
)
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import (
    Bin,
    bootstrap_interval,
    brier_score,
    calibration_error,
    pass_at_k,
    quantile,
    relative_self_correction,
    reliability,
    wilson_interval,
)
from refinegraph.schema import Candidate


@dataclass
class Tally:
    """Running totals for one strategy. Each run adds only a few numbers to memory."""

    rights: dict[str, bool] = field(default_factory=dict[str, bool])
    runs: int = 0
    failed: int = 0
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
    rejected: int = 0
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
        """Add one run to the totals."""
        self._add_cost(run)
        result = run.result
        self.stops[result.stop_reason.rule] += 1
        self.rejected += len(result.rejected)
        hard = any(
            decision.difficulty and decision.difficulty.level == "hard"
            for decision in result.decisions
        )
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
        self.failures.update(failure.kind for failure in run.result.failures)
        price = usage.cost_usd
        self.cost = None if price is None or self.cost is None else self.cost + price

    def _add_right(self, run: RunLine, right: bool, hard: bool) -> None:
        judged, first = run.judged, run.first
        self.rights[run.problem_id] = right
        refined = any(candidate.parent_id for candidate in run.result.candidates)
        before = bool(first and judged.get(first.id)) if refined else right
        self.changes[before, right] += 1
        if hard:
            self.hard_wrong.append(not before)
        started = [candidate for candidate in run.result.candidates if candidate.parent_id is None]
        self.samples.append(
            (len(started), sum(judged.get(candidate.id, False) for candidate in started))
        )
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
        by_id = {candidate.id: candidate for candidate in run.result.candidates}
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
        """Return the figures of all runs added so far."""
        count, right = len(self.rights), sum(self.rights.values())
        interval = wilson_interval(right, count)
        transitions = Transitions(**_named(self.changes))
        bins = reliability(self.scores, self.scored_rights)
        boot = bootstrap_interval([float(right) for right in self.rights.values()])
        before = self.changes[True, True] + self.changes[True, False]
        return StrategySummary(
            n=count,
            runs=self.runs,
            failed=self.failed,
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
            rejected=self.rejected,
            pass_at=self._pass_at(),
            fooled=_share(self.fooled, self.proved),
            friction=_share(self.unmoved, self.shown),
            regret=math.fsum(self.hindsight) / count if count else None,
            stop_regret=math.fsum(self.stop_losses) / count if count else None,
            curve=self.curve.points(),
            calibration_error=calibration_error(bins),
            brier=brier_score(self.scores, self.scored_rights),
            reliability=tuple(_as_bin(group) for group in bins),
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
        for k in (k for k in (1, 2, 4, 5, 8, 10, 16, 32, 64) if k <= fewest):
            chances = [pass_at_k(samples, right, k) or 0.0 for samples, right in self.samples]
            found[str(k)] = math.fsum(chances) / len(chances)
        return found


def _as_bin(found: Bin) -> ReliabilityBin:
    return ReliabilityBin(
        low=found.low,
        high=found.high,
        answers=found.problems,
        score=found.belief,
        right=found.right,
    )


def _proxy(candidate: Candidate) -> float | None:
    """Return the quality signal visible to a run, usually between 0 and 1."""
    if candidate.verdict and candidate.verdict.tests:
        return len(candidate.verdict.passed_ids) / len(candidate.verdict.tests)
    return candidate.score


def _named(changes: Counter[tuple[bool, bool]]) -> dict[str, int]:
    words = {True: "right", False: "wrong"}
    return {f"{words[a]}_{words[b]}": count for (a, b), count in changes.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
