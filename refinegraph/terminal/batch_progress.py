"""Progress of a batch: redrawn in place on a terminal, printed now and then anywhere else."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from refinegraph.batches import BatchRecord
from refinegraph.evaluation.failures import Failed, FailureCounts
from refinegraph.schema import Usage
from refinegraph.terminal.console import is_live
from refinegraph.wording import plural

# Often enough for a person who follows a log, rare enough for a log that is kept.
_EVERY_SECONDS = 10.0


class BatchProgress:
    """Counts, rate, tokens and cost so far, and a forecast of time and cost at this rate.

    `total` is None for a stream. `before` counts the problems that had an answer when this process
    began, and `spent` is what they cost.
    """

    def __init__(
        self, *, total: int | None = None, before: int = 0, spent: Usage | None = None
    ) -> None:
        self.total = total
        self.before = before
        self.done = before
        self.solved = 0
        """How many answers of this process pass their visible tests."""
        self.refuted = 0
        self.failures = FailureCounts()
        self.budget_spent = ""
        """Why the budget left problems without an answer; empty if it did not."""
        self.printer: Console | None = None
        self._before_usage = spent or Usage()
        self._usage = Usage()
        self._began = self._said = time.monotonic()

    def add(self, record: BatchRecord) -> None:
        """Count one outcome."""
        self._usage += record.usage
        if record.error is None:
            self.done += 1
            self.solved += record.solved is True
            self.refuted += record.solved is False
        elif record.error.kind == "budget":
            self.budget_spent = record.error.detail.rstrip(".")
        else:
            self.failures.add(Failed((record.id, ""), record.error, record.usage))
        self._say_now_and_then()

    @property
    def left(self) -> int | None:
        """How many problems have neither an answer nor an error yet; None for a stream."""
        if self.total is None:
            return None
        return max(0, self.total - self.done - self.failures.total)

    @property
    def here(self) -> int:
        """How many problems ended in this process."""
        return self.done - self.before + self.failures.total

    def line(self) -> Text:
        """Return all figures in one line."""
        parts = [self._count(), self._failed(), self._rate(), self._tokens(), self._cost()]
        return Text(", ".join(filter(None, [*parts, self._time()])))

    def _count(self) -> str:
        if self.total is None:
            return plural(self.done, "problem")
        return f"{self.done:,}/{self.total:,} problems"

    def _failed(self) -> str:
        return f"{self.failures.total:,} failed" if self.failures.total else ""

    def _rate(self) -> str:
        seconds = time.monotonic() - self._began
        if not self.here or seconds <= 0:
            return ""
        rate = self.here / seconds
        return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"

    def _tokens(self) -> str:
        return f"{(self._before_usage + self._usage).total_tokens:,} tokens"

    def _cost(self) -> str:
        spent = self._before_usage + self._usage
        usd, own = spent.cost_usd, self._usage.cost_usd
        if usd is None or own is None:
            return "price unknown"
        if not self.here or not self.left or not own:
            return f"{usd:.4g} USD"
        return f"{usd:.4g} USD of about {usd + own / self.here * self.left:.4g}"

    def _time(self) -> str:
        seconds = time.monotonic() - self._began
        if not self.here or not self.left:
            return f"{seconds:.0f} s"
        return f"{seconds:.0f} s, about {seconds / self.here * self.left:.0f} s left"

    def _say_now_and_then(self) -> None:
        now = time.monotonic()
        if self.printer and now - self._said > _EVERY_SECONDS:
            self._said = now
            self.printer.print(self.line(), soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render a bar, if the total is known, and the line."""
        if self.total:
            width = min(options.max_width - 4, 60)
            filled = round(width * (1 - (self.left or 0) / self.total))
            yield (
                Text("  ").append("━" * filled, style="green").append("━" * (width - filled), "dim")
            )
        line = Text("  ") + self.line()
        line.truncate(options.max_width, overflow="ellipsis")
        yield line


@contextmanager
def shown_batch(progress: BatchProgress, console: Console) -> Generator[None]:
    """Show progress while a block runs, then remove it from the screen."""
    if not is_live(console):
        progress.printer = console
        yield
        return
    with Live(progress, console=console, transient=True, refresh_per_second=4):
        yield
