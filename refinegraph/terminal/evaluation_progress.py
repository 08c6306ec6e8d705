"""Progress of an evaluation: redrawn in place on a terminal, printed now and then anywhere else."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from refinegraph.evaluation.failures import Failed, FailureCounts
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.running import Outcome
from refinegraph.evaluation.statistics import wilson_interval
from refinegraph.terminal.console import is_live

# Often enough for a person who follows a log, rare enough for a log that is kept.
_EVERY_SECONDS = 10.0


class Progress:
    """Counts, tokens and cost so far, and the remaining time at this rate."""

    def __init__(self, strategies: Sequence[str], *, total: int, before: int = 0) -> None:
        self.total = total
        self.before = before
        self.done = before
        self.failures = FailureCounts()
        self.budget_spent = "the budget is spent"
        """Why runs were left out by the budget; they count as not begun."""
        self.tokens = 0
        self.usd: float | None = 0.0
        self.began = time.monotonic()
        self._counts = {name: [0, 0] for name in strategies}
        self.printer: Console | None = None
        self._said = self.began

    def add(self, outcome: Outcome) -> None:
        """Count one run."""
        if isinstance(outcome, RunLine):
            self._count(outcome)
        else:
            self._count_failure(outcome)
        now = time.monotonic()
        if self.printer and (now - self._said > _EVERY_SECONDS or self._is_over):
            self._said = now
            self.printer.print(self.line(), soft_wrap=True)

    @property
    def failed(self) -> int:
        """How many runs ended with an error."""
        return self.failures.total

    @property
    def _is_over(self) -> bool:
        return self.done + self.failed == self.total

    def _count_failure(self, failed: Failed) -> None:
        if failed.by_budget:
            self.budget_spent = failed.reason.rstrip(".")
        else:
            self.failures.add(failed)

    def _count(self, run: RunLine) -> None:
        self.done += 1
        usage = run.result.usage
        self.tokens += usage.total_tokens
        price = usage.cost_usd
        self.usd = None if price is None or self.usd is None else self.usd + price
        if run.correct is not None:
            counts = self._counts[run.strategy]
            counts[0] += run.correct
            counts[1] += 1

    def line(self) -> Text:
        """Return all figures in one line."""
        cost = "price unknown" if self.usd is None else f"{self.usd:.4g} USD"
        parts = [f"{self.done}/{self.total} runs", f"{self.tokens:,} tokens", cost, self._left()]
        if self.failed:
            parts.insert(1, f"{self.failed} failed")
        return Text(", ".join(filter(None, parts)))

    def rights(self) -> list[Text]:
        """Return one line per strategy: how many answers are right so far, with the interval."""
        lines: list[Text] = []
        for name, (right, count) in self._counts.items():
            interval = wilson_interval(right, count)
            if interval:
                share = f"{right / count:.1%} ({interval.low:.1%} to {interval.high:.1%})"
                lines.append(Text(f"  {name:<18} {right}/{count} right, {share}"))
        return lines

    def _left(self) -> str:
        worked = self.done - self.before
        seconds = time.monotonic() - self.began
        if not worked or self._is_over:
            return f"{seconds:.0f} s"
        left = seconds / worked * (self.total - self.done - self.failed)
        return f"{seconds:.0f} s, about {left:.0f} s left"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render a bar, the line and as many strategies as fit on the screen."""
        width = min(options.max_width - 4, 60)
        filled = round(width * (self.done + self.failed) / self.total) if self.total else 0
        bar = Text("  ").append("━" * filled, style="green").append("━" * (width - filled), "dim")
        lines = [bar, Text("  ") + self.line(), *self.rights()]
        for line in lines[: max(1, console.size.height - 2)]:
            line.truncate(options.max_width, overflow="ellipsis")
            yield line


@contextmanager
def shown_progress(progress: Progress, console: Console) -> Generator[None]:
    """Show progress while a block runs, then remove it from the screen."""
    if not is_live(console):
        progress.printer = console
        yield
        return
    with Live(progress, console=console, transient=True, refresh_per_second=4):
        yield
