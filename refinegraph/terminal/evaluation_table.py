"""The summary of an evaluation as a table, and its comparisons as sentences."""

from rich.text import Text

from refinegraph.evaluation.metrics import Comparison, StrategySummary, Summary
from refinegraph.evaluation.significance import (
    LEAST_DIFFERING,
    differing,
    is_significant,
    p_words,
    tested,
)
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import printable
from refinegraph.wording import plural

_COLUMNS = (
    Column("strategy"),
    *(
        Column(heading, right=True)
        for heading in ("right", "95 % interval", "tokens", "calls", "USD", "fooled", "s")
    ),
)


def summary_lines(summary: Summary, *, width: int) -> list[Text]:
    """Return a row per strategy: accuracy with interval; tokens, calls and cost per problem."""
    rows = [(name, *_row(strategy)) for name, strategy in summary.strategies.items()]
    return table_lines(_COLUMNS, rows, width=width)


def _row(strategy: StrategySummary) -> list[str]:
    runs = strategy.runs or 1
    interval = (
        f"{strategy.ci_low:.1%} to {strategy.ci_high:.1%}"
        if strategy.ci_low is not None and strategy.ci_high is not None
        else "-"
    )
    return [
        _percent(strategy.accuracy),
        interval.replace("%", ""),
        f"{strategy.total_tokens / runs:,.0f}",
        f"{strategy.llm_calls / runs:.1f}",
        "?" if strategy.cost_usd is None else f"{strategy.cost_usd / runs:.2g}",
        _percent(strategy.fooled),
        f"{strategy.wall_seconds / runs:.1f}",
    ]


def comparison_lines(summary: Summary) -> list[Text]:
    """Return how every strategy differs from the baseline, paired by problem.

    p-values are corrected for their number, and left out where too few problems tell two
    strategies apart. A significant difference is bold.
    """
    compared = {id(pair): p_value for pair, p_value in tested(summary.comparisons)}
    lines = [_compared(pair, compared.get(id(pair))) for pair in summary.comparisons]
    shown = any(differing(pair) >= LEAST_DIFFERING for pair in summary.comparisons)
    if len(compared) > 1 and shown:
        words = f"p-values are corrected for {len(compared)} comparisons (Holm 1979)"
        lines.append(Text(words, style="dim"))
    return lines


def _compared(pair: Comparison, p_value: float | None) -> Text:
    names = printable(f"{pair.second} against {pair.first}")
    if pair.difference is None:
        return Text(f"{names}: no problem has a result from both")
    points = f"{_points(pair.difference)} points (n = {pair.n:,}"
    count = differing(pair)
    if not count:
        return Text(f"{names}: {points}), right on exactly the same problems")
    if count < LEAST_DIFFERING:
        few = f"too few to tell: the outcomes differ on {plural(count, 'problem')}"
        return Text(f"{names}: {points}), {few}, and a test needs {LEAST_DIFFERING}")
    interval = f"{_points(pair.ci_low or 0.0)} to {_points(pair.ci_high or 0.0)}"
    numbers = f"{points}, 95 % interval {interval}, p = {p_words(p_value)})"
    if is_significant(p_value):
        return Text(f"{names}: {numbers}, a significant difference", style="bold")
    return Text(f"{names}: {numbers}, no significant difference")


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
