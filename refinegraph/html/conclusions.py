"""The conclusions of an evaluation in sentences, and what it is too small to show."""

from collections.abc import Iterator, Mapping, Sequence

from refinegraph.evaluation.metrics import Comparison, EqualCost, StrategySummary, Summary
from refinegraph.html.page import percent
from refinegraph.wording import plural

SIGNIFICANT = 0.05
"""The level at which a difference is called significant."""
FEW_PROBLEMS = 30
"""The number of problems below which an accuracy is called uncertain; its interval then spans about
35 percentage points."""
LEAST_DIFFERING = 6
"""The number of problems on which two strategies must differ before McNemar's exact test can reach
5 %: with five, the most extreme outcome has p = 2 * 0.5 ** 5 = 0.0625."""
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
    tested = [pair for pair in comparisons if pair.difference is not None]
    corrected = holm([pair.p_value for pair in tested])
    for pair, p_value in list(zip(tested, corrected, strict=True))[:_MOST_SENTENCES]:
        yield _difference(pair, p_value)
    if len(tested) > 1:
        yield f"These p-values are corrected for {len(tested)} comparisons (Holm 1979)."


def _difference(pair: Comparison, p_value: float | None) -> str:
    differing = pair.only_first + pair.only_second
    if not differing:
        return (
            f"{pair.second} and {pair.first} were right on exactly the same problems "
            f"(n = {pair.n:,})."
        )
    points = f"{100 * abs(pair.difference or 0.0):.1f} points"
    if differing < LEAST_DIFFERING:
        return (
            f"Too few problems tell {pair.second} and {pair.first} apart: their outcomes differ on "
            f"{differing} of {pair.n:,}, and a significant difference takes at least "
            f"{LEAST_DIFFERING}."
        )
    numbers = f"n = {pair.n:,}, p = {p_words(p_value)}"
    if p_value is None or p_value >= SIGNIFICANT:
        return (
            f"No significant difference between {pair.second} and {pair.first} ({points}, "
            f"{numbers})."
        )
    more = "more" if (pair.difference or 0.0) > 0 else "less"
    return (
        f"{pair.second} is significantly {more} accurate than {pair.first} ({points}, {numbers})."
    )


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method (Holm 1979).

    >>> holm([0.01, 0.04, None])
    [0.02, 0.04, None]
    """
    ordered = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (value, place) in enumerate(ordered):
        largest = max(largest, min(1.0, value * (len(ordered) - rank)))
        corrected[place] = largest
    return corrected


def p_words(value: float | None) -> str:
    """Return a p-value with two significant digits.

    >>> p_words(0.0391), p_words(0.00002)
    ('0.039', 'less than 0.001')
    """
    if value is None:
        return "–"
    return "less than 0.001" if value < 0.001 else f"{value:.2g}"


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
    yield (
        f"For the tokens of {pair.strategy}, {pair.baseline} with fewer samples solves "
        f"{percent(pair.baseline_accuracy)}, against {percent(pair.accuracy)}."
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
