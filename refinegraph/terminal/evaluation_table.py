"""The comparison in words and figures; as a table where the terminal is wide enough."""

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
    """Return a row per strategy: accuracy with its interval, tokens, calls and cost a problem."""
    rows = [(name, *_row(found)) for name, found in summary.strategies.items()]
    return table_lines(_COLUMNS, rows, width=width)


def _row(found: StrategySummary) -> list[str]:
    runs = found.runs or 1
    interval = (
        f"{found.ci_low:.1%} to {found.ci_high:.1%}"
        if found.ci_low is not None and found.ci_high is not None
        else "-"
    )
    return [
        _percent(found.accuracy),
        interval.replace("%", ""),
        f"{found.total_tokens / runs:,.0f}",
        f"{found.llm_calls / runs:.1f}",
        "?" if found.cost_usd is None else f"{found.cost_usd / runs:.2g}",
        _percent(found.fooled),
        f"{found.wall_seconds / runs:.1f}",
    ]


def comparison_lines(summary: Summary) -> list[Text]:
    """Say of each strategy how it differs from the baseline, problem by problem."""
    return [_compared(each) for each in summary.comparisons]


def _compared(found: Comparison) -> Text:
    pair = printable(f"{found.second} against {found.first}")
    if found.difference is None:
        return Text(f"{pair}: no problem has a result from both")
    low, high = found.ci_low or 0.0, found.ci_high or 0.0
    tested = "they never differ" if found.p_value is None else f"p = {found.p_value:.3g}"
    return Text(
        f"{pair}: {found.difference:+.1%} ({low:+.1%} to {high:+.1%}), {tested}",
        style="bold" if low > 0 or high < 0 else "",
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
