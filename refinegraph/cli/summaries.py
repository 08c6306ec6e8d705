"""Print the summary of an evaluation, and compare it with a threshold."""

from rich.console import Console
from rich.text import Text

from refinegraph.evaluation.failures import FailureCounts
from refinegraph.evaluation.metrics import Summary
from refinegraph.terminal.console import output_console, say
from refinegraph.terminal.evaluation_table import comparison_lines, summary_lines
from refinegraph.terminal.text import cut, printable
from refinegraph.wording import plural

BELOW = 1
"""The exit code if the accuracy is below `--fail-under`."""
# The rest of the reasons, and every problem, are in results.jsonl.
_MOST_REASONS = 5
_LEGEND = (
    "tokens, calls, USD and s (seconds) per problem; fooled: answers that pass the visible tests "
    "but fail the hidden ones"
)
LONGEST_REASON = 300
"""Characters of a reason: an error's first lines, four rows of a narrow terminal."""


def show_summary(summary: Summary) -> None:
    """Print the table and the paired differences on standard output."""
    console = output_console()
    console.print(Text(plural(summary.problems, "problem"), style="bold"))
    for line in summary_lines(summary, width=console.width):
        console.print(line, soft_wrap=True)
    if console.is_terminal:
        say(console, _LEGEND, "dim")
    for line in comparison_lines(summary):
        say(console, line)


def show_failures(failures: FailureCounts, console: Console) -> None:
    """Report how many runs have no result, and why."""
    if not failures.total:
        return
    count, them = plural(failures.total, "run"), "it" if failures.total == 1 else "them"
    console.print(Text(f"{count} failed; the figures do not include {them}:", style="red"))
    show_reasons(failures, console)


def show_reasons(failures: FailureCounts, console: Console) -> None:
    """Print the most frequent reasons, with the first run that each of them ended."""
    reasons = failures.by_reason()
    for reason in reasons[:_MOST_REASONS]:
        where = ", ".join(filter(None, reason.first))
        first = f"first: {where}" if reason.runs > 1 else where
        words = cut(reason.reason, LONGEST_REASON)
        say(console, f"  {reason.runs} × {words} ({printable(first)})", indent=4)
    if len(reasons) > _MOST_REASONS:
        rest = plural(len(reasons) - _MOST_REASONS, "other reason")
        console.print(Text(f"  and {rest} (see the results)"))


def code_for(summary: Summary, threshold: float | None, console: Console) -> int:
    """Return 1, with a sentence, if the accuracy of the last strategy is below the threshold."""
    name, last = list(summary.strategies.items())[-1]
    if threshold is None or (last.accuracy is not None and last.accuracy >= threshold):
        return 0
    known = "unknown" if last.accuracy is None else f"{last.accuracy:.1%}"
    sentence = f"--fail-under: the accuracy of {printable(name)} is {known}, below {threshold:.1%}"
    say(console, sentence, "red")
    return BELOW
