"""A run as it happens: events folded into what is shown, live or line by line."""

import difflib
from collections.abc import Generator
from contextlib import contextmanager
from functools import singledispatchmethod

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from refinegraph.agents.models import CallFailed, CallRetried
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateJudged,
    CandidateProposed,
    CandidateReverted,
    Decided,
    NodeStarted,
    ReviewWritten,
    Spent,
    TestsKnown,
)
from refinegraph.schema import Candidate, Frozen, Usage
from refinegraph.view.console import is_live
from refinegraph.view.text import cut, failure_words, printable, usage_words, verdict_words

_LINES_SHOWN = 8
_LONGEST_LINE = 400
_SHOWN_DIFF = 12

_DOING = {
    "solve": "the Solver writes",
    "score": "programs are run",
    "route": "deciding",
    "review": "the Reviewer reads",
    "refine": "the Refiner repairs",
    "select": "choosing",
}


class RunView:
    """What a run looks like now. Give `hear` to `asolve` as `on_event`."""

    def __init__(self) -> None:
        self.candidates: dict[str, Candidate] = {}
        self.reverted: set[str] = set()
        self.usage = Usage()
        self.doing = "starting"
        self.lines: list[Text] = []
        """What happened, a line each, as far as it was not printed yet."""
        self.printer: Console | None = None
        """Where lines go as they come; kept in `lines` where None."""

    def best(self) -> Candidate | None:
        """Return the candidate with the most visible tests passed."""
        usable = [each for each in self.candidates.values() if each.content]
        return max(usable, key=_passed, default=None)

    @singledispatchmethod
    def hear(self, event: Frozen) -> None:
        """Take in one event of the run."""

    @hear.register
    def _(self, event: NodeStarted) -> None:
        self.doing = _DOING[event.node]

    @hear.register
    def _(self, event: TestsKnown) -> None:
        origins = {test.origin for test in event.tests}
        if "generated" in origins:
            self._say("tests", f"none were given; {len(event.tests)} were guessed by a model")
        elif not self.candidates:
            place = "from the statement" if "statement" in origins else "given"
            self._say("tests", f"{len(event.tests)} {place}" if origins else "none")

    @hear.register
    def _(self, event: CandidateProposed) -> None:
        candidate = event.candidate
        self.candidates[candidate.id] = candidate
        if candidate.parent_id:
            self._say(candidate.id, f"the Refiner rewrote {candidate.parent_id}")
            self._show_diff(candidate)

    @hear.register
    def _(self, event: CandidateJudged) -> None:
        before = self.candidates.get(event.candidate.id)
        self.candidates[event.candidate.id] = event.candidate
        if before is None or before.revision == 0:
            self._show_verdict(event.candidate)

    @hear.register
    def _(self, event: CandidateReverted) -> None:
        self.reverted.add(event.candidate_id)
        self._say(event.candidate_id, f"reverted: {event.reason}", "yellow")

    @hear.register
    def _(self, event: ReviewWritten) -> None:
        review = event.review
        words = " / ".join(filter(None, (review.wrong_step, review.evidence))) or review.text
        self._say(review.candidate_id, f"the Reviewer: {words}", "magenta")

    @hear.register
    def _(self, event: Decided) -> None:
        decision = event.decision
        reason = decision.difficulty.reasons[0] if decision.difficulty else ""
        if decision.stop_reason:
            self._say("stop", decision.stop_reason.detail, "bold")
        elif decision.action == "refine":
            named = ", ".join(decision.targets)
            self._say(f"round {decision.round}", f"refine {named}: {reason}", "bold")
        else:
            self._say("more", f"{decision.samples} more samples: {reason}", "bold")

    @hear.register
    def _(self, event: Spent) -> None:
        self.usage += event.usage

    @hear.register
    def _(self, event: BranchFailed) -> None:
        self._say(event.node, event.detail, "red")

    @hear.register
    def _(self, event: CallRetried) -> None:
        self._say("retry", f"in {event.delay:.1f} s: {event.reason}", "yellow")

    @hear.register
    def _(self, event: CallFailed) -> None:
        self.usage += event.usage

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render what happened last, the candidates and what goes on, within the screen."""
        table = Table.grid(padding=(0, 2))
        rows = max(1, (options.max_height or 24) - _LINES_SHOWN - 3)
        for candidate in list(self.candidates.values())[-rows:]:
            table.add_row(*_row(candidate, candidate.id in self.reverted, options.max_width))
        yield Group(
            *map(_cropped, self.lines[-_LINES_SHOWN:]),
            table,
            Text(f"… {self.doing}   {usage_words(self.usage)}", style="dim"),
        )

    def _say(self, subject: str, words: str, style: str = "") -> None:
        line = Text(f"{cut(subject, 8):>8}  ", style="dim")
        self._add(line.append(cut(words, _LONGEST_LINE), style=style or "none"))

    def _add(self, line: Text) -> None:
        if self.printer is None:
            self.lines.append(line)
        else:
            self.printer.print(line, soft_wrap=not self.printer.is_terminal)

    def _show_verdict(self, candidate: Candidate) -> None:
        failure = failure_words(candidate)
        words = verdict_words(candidate) + (f"; {failure}" if failure else "")
        self._say(candidate.id, words, _style(candidate))

    def _show_diff(self, candidate: Candidate) -> None:
        parent = self.candidates.get(candidate.parent_id or "")
        if parent is None or parent.program is None or candidate.program is None:
            return
        changes = difflib.unified_diff(
            parent.program.splitlines(), candidate.program.splitlines(), lineterm="", n=0
        )
        shown = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
        for line in shown[:_SHOWN_DIFF]:
            style = "red" if line.startswith("-") else "green"
            self._add(Text(" " * 10 + printable(line), style=style))
        if len(shown) > _SHOWN_DIFF:
            self._say("", f"… {len(shown) - _SHOWN_DIFF} more changed lines")


@contextmanager
def watch(view: RunView, console: Console, *, quiet: bool = False) -> Generator[None]:
    """Show a run while it happens: redrawn in place on a terminal, else line by line.

    What happened stays in the scrollback; the drawing goes when the run ends.
    """
    if quiet:
        yield
        return
    if not is_live(console):
        view.printer = console
        yield
        return
    try:
        with Live(view, console=console, transient=True, refresh_per_second=8):
            yield
    finally:
        for line in view.lines:
            console.print(line)


def _cropped(line: Text) -> Text:
    shown = line.copy()
    shown.no_wrap, shown.overflow = True, "ellipsis"
    return shown


def _row(candidate: Candidate, reverted: bool, width: int) -> tuple[Text, ...]:
    source = f"from {candidate.parent_id}" if candidate.parent_id else ""
    words = "reverted" if reverted else verdict_words(candidate)
    left = max(10, width - 45)
    return (
        Text(f"{candidate.id:>8}"),
        Text(source, style="dim"),
        Text(cut(words, 26), style=_style(candidate)),
        Text(cut(failure_words(candidate), left), style="dim", no_wrap=True, overflow="ellipsis"),
    )


def _style(candidate: Candidate) -> str:
    if candidate.verdict and candidate.verdict.passed:
        return "green"
    return "red" if candidate.verdict or candidate.unusable else "none"


def _passed(candidate: Candidate) -> tuple[int, float]:
    count = len(candidate.verdict.passed_ids) if candidate.verdict else 0
    return count, candidate.score or 0.0
