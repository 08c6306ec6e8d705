"""The summary of an evaluation as a table, and its comparisons as sentences."""

from rich.text import Text

from refinegraph.evaluation.metrics import Comparison, StrategySummary, Summary
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import printable

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
    """Return how every strategy differs from the baseline, paired by problem."""
    return [_compared(comparison) for comparison in summary.comparisons]


def _compared(comparison: Comparison) -> Text:
    pair = printable(f"{comparison.second} against {comparison.first}")
    if comparison.difference is None:
        return Text(f"{pair}: no problem has a result from both")
    low, high = comparison.ci_low or 0.0, comparison.ci_high or 0.0
    tested = "they never differ" if comparison.p_value is None else f"p = {comparison.p_value:.3g}"
    return Text(
        f"{pair}: {comparison.difference:+.1%} ({low:+.1%} to {high:+.1%}), {tested}",
        style="bold" if low > 0 or high < 0 else "",
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
