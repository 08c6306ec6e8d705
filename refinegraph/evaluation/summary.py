"""What an evaluation says: the figures of each strategy, and how they differ."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import (
    Interval,
    bootstrap_interval,
    brier_score,
    calibration_error,
    mcnemar_p,
    pass_at_k,
    reliability,
    wilson_interval,
)


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


class StrategySummary(_Part):
    """One strategy. A figure is null where it is undefined, never 0."""

    n: int
    """Problems with hidden tests or a gold answer."""
    runs: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    """Wilson's interval."""
    llm_calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: float | None
    """Null where a price is unknown."""
    sandbox_runs: int
    wall_seconds: float
    """The runs' own seconds, added up; they overlap."""
    hard_share: float | None
    """The share of runs that the router found hard."""
    routing_precision: float | None
    """How often the answer before refinement was wrong where the router said hard."""
    transitions: Transitions
    confidence_level: float | None
    critique_score: float | None
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
    calibration_error: float | None
    brier: float | None
    """Of the chosen candidates' scores, as far as they are scores between 0 and 1."""
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


class Summary(_Part):
    """`summary.json`. The field names are a contract."""

    schema_version: int = 1
    problems: int
    strategies: dict[str, StrategySummary]
    comparisons: tuple[Comparison, ...] = ()


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
        price = usage.cost_usd
        self.cost = None if price is None or self.cost is None else self.cost + price

    def _add_right(self, run: RunLine, right: bool, hard: bool) -> None:
        judged, first = run.judged, run.first
        self.rights[run.problem_id] = right
        before = bool(first and judged.get(first.id))
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
        self._add_refinements(run)

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

    def summary(self) -> StrategySummary:
        """Return the figures."""
        count, right = len(self.rights), sum(self.rights.values())
        interval = wilson_interval(right, count)
        transitions = Transitions(**_named(self.changes))
        bins = reliability(self.scores, self.scored_rights)
        return StrategySummary(
            n=count,
            runs=self.runs,
            accuracy=_share(right, count),
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
            llm_calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            total_tokens=self.prompt_tokens + self.completion_tokens,
            cost_usd=self.cost,
            sandbox_runs=self.sandbox_runs,
            wall_seconds=round(self.seconds, 3),
            hard_share=_share(self.hard, self.routed),
            routing_precision=_share(sum(self.hard_wrong), len(self.hard_wrong)),
            transitions=transitions,
            confidence_level=transitions.confidence_level,
            critique_score=transitions.critique_score,
            rounds=tuple(
                RoundTransitions(round=number, **_named(changes))
                for number, changes in sorted(self.by_round.items())
            ),
            reverted=self.reverted,
            pass_at=self._pass_at(),
            fooled=_share(self.fooled, self.proved),
            friction=_share(self.unmoved, self.shown),
            regret=math.fsum(self.hindsight) / count if count else None,
            calibration_error=calibration_error(bins),
            brier=brier_score(self.scores, self.scored_rights),
            stop_reasons=dict(self.stops.most_common()),
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
    return Summary(
        problems=len(problems),
        strategies={name: tally.summary() for name, tally in tallies.items()},
        comparisons=tuple(
            compare(names[0], tallies[names[0]].rights, name, tallies[name].rights)
            for name in names[1:]
        ),
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


def _named(changes: Counter[tuple[bool, bool]]) -> dict[str, int]:
    words = {True: "right", False: "wrong"}
    return {f"{words[a]}_{words[b]}": count for (a, b), count in changes.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
