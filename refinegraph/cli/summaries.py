"""What `eval` and `compare` print of a summary, and whether it is good enough."""

from rich.text import Text

from refinegraph.evaluation.figures import Summary
from refinegraph.evaluation.table import comparison_lines, summary_table
from refinegraph.view.console import output_console

BELOW = 1
"""The exit code where `--fail-under` was not reached."""


def show_summary(summary: Summary) -> None:
    """Print the table and the paired differences on standard output."""
    console = output_console()
    console.print(Text(f"{summary.problems} problems", style="bold"))
    console.print(summary_table(summary))
    for line in comparison_lines(summary):
        console.print(line, soft_wrap=True)


def is_below(summary: Summary, least: float | None) -> bool:
    """Whether the last strategy's accuracy is under what is asked for, or is not known."""
    last = list(summary.strategies.values())[-1].accuracy
    return least is not None and (last is None or last < least)
