"""The comparison as a table that fits 80 columns."""

from rich.table import Table
from rich.text import Text

from refinegraph.evaluation.figures import Comparison, StrategySummary, Summary


def summary_table(summary: Summary) -> Table:
    """Return a row a strategy: accuracy with its interval, tokens, calls and cost a problem."""
    table = Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("strategy", no_wrap=True)
    for heading in ("right", "95 % interval", "tokens", "calls", "USD", "fooled", "s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in summary.strategies.items():
        table.add_row(name, *_row(found))
    return table


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
        "?" if found.cost_usd is None else f"{found.cost_usd:.2g}",
        _percent(found.fooled),
        f"{found.wall_seconds / runs:.1f}",
    ]


def comparison_lines(summary: Summary) -> list[Text]:
    """Say of each strategy how it differs from the first one, problem by problem."""
    return [_compared(each) for each in summary.comparisons if each.difference is not None]


def _compared(found: Comparison) -> Text:
    low, high = found.ci_low or 0.0, found.ci_high or 0.0
    tested = "they never differ" if found.p_value is None else f"p = {found.p_value:.3g}"
    return Text(
        f"{found.second} against {found.first}: {found.difference:+.1%} "
        f"({low:+.1%} to {high:+.1%}), {tested}",
        style="bold" if low > 0 or high < 0 else "",
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
