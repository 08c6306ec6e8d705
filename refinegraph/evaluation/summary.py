"""Summarise an evaluation: the figures of each strategy and their differences."""

import math
from collections.abc import Iterable, Iterator, Sequence

from refinegraph.evaluation.aggregate import Tally
from refinegraph.evaluation.budget_curves import accuracy_at, tokens_for
from refinegraph.evaluation.metrics import (
    Comparison,
    EqualCost,
    LeftOut,
    StrategySummary,
    Summary,
)
from refinegraph.evaluation.records import ResultLine, RunLine
from refinegraph.evaluation.statistics import Interval, bootstrap_interval, mcnemar_p


def summarise(
    runs: Iterable[RunLine],
    *,
    strategies: Sequence[str] = (),
    baseline: str | None = None,
    errors: Iterable[ResultLine] = (),
    left_out: Iterable[LeftOut] = (),
) -> Summary:
    """Return the summary of runs, which are read once and not kept.

    Strategies are listed in the given order, then in order of appearance. All others are compared
    with the `baseline`, by default the first. `errors` are the lines of runs without a result, and
    `left_out` the problems that were not attempted.
    """
    tallies: dict[str, Tally] = {name: Tally() for name in strategies}
    problems: set[str] = set()
    for run in runs:
        problems.add(run.problem_id)
        tallies.setdefault(run.strategy, Tally()).add(run)
    for line in errors:
        tallies.setdefault(line.strategy, Tally()).failed += 1
    names = list(tallies)
    first = baseline if baseline is not None else next(iter(names), "")
    found = {name: tally.summary() for name, tally in tallies.items()}
    return Summary(
        problems=len(problems),
        left_out=tuple(left_out),
        strategies=found,
        equal_cost=tuple(_at_equal_cost(found)),
        comparisons=tuple(
            compare(first, tallies[first].rights, name, tallies[name].rights)
            for name in names
            if name != first
        ),
    )


def _at_equal_cost(found: dict[str, StrategySummary]) -> Iterator[EqualCost]:
    """Yield every strategy paired with every other one that has a sampling curve."""
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
    """Compare two sets of outcomes on their common problems."""
    shared = sorted(first_rights.keys() & second_rights.keys())
    pairs = [(first_rights[problem], second_rights[problem]) for problem in shared]
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
