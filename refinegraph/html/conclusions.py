"""The conclusions of an evaluation in sentences, and what it is too small to show."""

from collections.abc import Iterator, Mapping, Sequence

from refinegraph.evaluation.metrics import Comparison, EqualCost, StrategySummary, Summary
from refinegraph.evaluation.significance import (
    LEAST_DIFFERING,
    differing,
    is_significant,
    p_words,
    tested,
)
from refinegraph.html.page import percent
from refinegraph.wording import plural

FEW_PROBLEMS = 30
"""The number of problems below which an accuracy is called uncertain; its interval then spans about
35 percentage points."""
_MOST_SENTENCES = 6
"""The maximum number of sentences of one kind; the tables contain the rest."""


def conclusions(summary: Summary) -> Iterator[str]:
    """Yield the conclusions of an evaluation as plain text, one or two sentences at a time."""
    counted = {name: summaries for name, summaries in summary.strategies.items() if summaries.n}
    if counted:
        yield _leader(counted)
        if min(summaries.n for summaries in counted.values()) < FEW_PROBLEMS:
            yield _few(counted)
    yield from _differences(summary.comparisons)
    if len(counted) > 1:
        yield from _costs(counted)
    for pair in summary.equal_cost[:_MOST_SENTENCES]:
        yield from _equal_cost(pair)
    for name, summaries in summary.strategies.items():
        if summaries.failed:
            count = plural(summaries.failed, "run")
            yield f"{count} of {name} failed and are part of no figure; results.jsonl says why."


def _leader(summaries: Mapping[str, StrategySummary]) -> str:
    best = max(figures.accuracy or 0.0 for figures in summaries.values())
    names = [name for name, figures in summaries.items() if (figures.accuracy or 0.0) == best]
    first = summaries[names[0]]
    right = round(best * first.n)
    interval = f"95% interval {percent(first.ci_low)} to {percent(first.ci_high)}"
    share = f"{right:,} of {plural(first.n, 'problem')} ({percent(best)}; {interval})"
    if len(summaries) == 1:
        return f"{names[0]} solved {share}."
    if len(names) == len(summaries):
        return f"{_listed(names)} solved the same share: {percent(best)}."
    if len(names) > 1:
        return f"{_listed(names)} solved the largest share: {percent(best)}."
    return f"{names[0]} solved the largest share: {share}."


def _few(summaries: Mapping[str, StrategySummary]) -> str:
    least = min(figures.n for figures in summaries.values())
    return (
        f"With n = {least} these shares are uncertain. Figures that would mislead are left out: "
        "the sections below say which."
    )


def _differences(comparisons: Sequence[Comparison]) -> Iterator[str]:
    pairs = list(tested(comparisons))
    for pair, p_value in pairs[:_MOST_SENTENCES]:
        yield _difference(pair, p_value)
    if len(pairs) > 1 and any(differing(pair) >= LEAST_DIFFERING for pair, _ in pairs):
        yield f"These p-values are corrected for {len(pairs)} comparisons (Holm 1979)."


def _difference(pair: Comparison, p_value: float | None) -> str:
    count = differing(pair)
    if not count:
        return (
            f"{pair.second} and {pair.first} were right on exactly the same problems "
            f"(n = {pair.n:,})."
        )
    points = f"{100 * abs(pair.difference or 0.0):.1f} points"
    if count < LEAST_DIFFERING:
        return (
            f"Too few problems tell {pair.second} and {pair.first} apart: their outcomes differ on "
            f"{count} of {pair.n:,}, and a significant difference takes at least "
            f"{LEAST_DIFFERING}."
        )
    numbers = f"n = {pair.n:,}, p = {p_words(p_value)}"
    if not is_significant(p_value):
        return (
            f"No significant difference between {pair.second} and {pair.first} ({points}, "
            f"{numbers})."
        )
    more = "more" if (pair.difference or 0.0) > 0 else "less"
    return (
        f"{pair.second} is significantly {more} accurate than {pair.first} ({points}, {numbers})."
    )


def _costs(summaries: Mapping[str, StrategySummary]) -> Iterator[str]:
    tokens = {
        name: figures.total_tokens / (figures.runs or 1) for name, figures in summaries.items()
    }
    cheapest = min(tokens, key=lambda name: tokens[name])
    best = max(summaries, key=lambda name: (summaries[name].accuracy or 0.0, -tokens[name]))
    if best == cheapest:
        yield f"{best} also took the fewest tokens: {tokens[best]:,.0f} per problem."
    elif tokens[cheapest]:
        ratio = tokens[best] / tokens[cheapest]
        yield (
            f"{best} took {tokens[best]:,.0f} tokens per problem, {ratio:.1f} times as many as "
            f"{cheapest}, the cheapest."
        )


def _equal_cost(pair: EqualCost) -> Iterator[str]:
    if pair.baseline_accuracy is None:
        return
    first, second = percent(pair.accuracy), percent(pair.baseline_accuracy)
    share = f"{second} too" if first == second else f"{second} instead of {first}"
    baseline = f"{pair.baseline} with fewer samples"
    yield f"With as many tokens as {pair.strategy}, {baseline} solves {share}."


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
