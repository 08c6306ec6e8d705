"""The live view of a run, never taller or wider than the screen."""

import time
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from refinegraph.schema import Candidate, Usage
from refinegraph.terminal.diffs import diff_view
from refinegraph.terminal.limits import NO_LIMITS, Limits
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.text import cut, evidence_words, usage_words, verdict_words
from refinegraph.terminal.transcript import mark_of, review_words
from refinegraph.wording import plural

_DOING = {
    "solve": "the Solver writes",
    "write_tests": "the TestWriter writes",
    "score": "programs run in the sandbox",
    "route": "deciding what to do next",
    "review": "the Reviewer reads",
    "refine": "the Refiner repairs",
    "select": "choosing the answer",
}
_SPEAKERS = {
    "solve": "solver",
    "write_tests": "test writer",
    "review": "reviewer",
    "refine": "refiner",
    "score": "judge",
}
_ORDER = {"review": 2, "refine": 1}
"""Whose words are shown if several roles write at once."""
_TURNING = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TURNS_A_SECOND = 8
_FRAME_LINES = 6
_LONGEST_NOTE = 5
_DEEPEST = 5
_BAR = 24


class Screen:
    """The live view of a state; `seconds` is how long the run has taken so far."""

    def __init__(
        self, state: RunState, *, seconds: float = 0.0, limits: Limits = NO_LIMITS
    ) -> None:
        self.state = state
        self.seconds = seconds
        self.limits = limits

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render whole lines, cut at the width of the screen."""
        height = min(options.max_height, console.size.height) - 1
        for line in self.lines(options.max_width, height):
            line.no_wrap = True
            line.truncate(options.max_width, overflow="ellipsis")
            yield line

    def lines(self, width: int, height: int) -> list[Text]:
        """Return the lines of the view, at most `height` of them."""
        note = self._note(width)
        rows = max(1, height - _FRAME_LINES - len(note))
        parts = [[self._heading()], _table(self.state, rows=rows), note, self._footer()]
        lines = [line for part in parts if part for line in (Text(), *part)]
        return lines if len(lines) <= height else [self._heading(), *self._footer()][:height]

    def _heading(self) -> Text:
        turn = _TURNING[int(time.monotonic() * _TURNS_A_SECOND) % len(_TURNING)]
        node = self.state.node
        doing = _DOING.get(node, f"{node} works") if node else self.state.preparing
        line = Text(f"  {turn} ", style="cyan").append(doing, style="bold")
        if self.state.round:
            line.append(f"  round {self.state.round}", style="dim")
        return line.append(f"  {self.seconds:.0f} s", style="dim")

    def _note(self, width: int) -> list[Text]:
        """Return the current note: a retry, streamed words, the last change or review."""
        if self.state.retry:
            return [Text(f"  retry: {cut(self.state.retry, width)}", style="yellow")]
        if speech := self._speech(width):
            return speech
        child = self.state.find(self.state.rewritten)
        parent = self.state.find(child.parent_id) if child else None
        if child and parent:
            changes = diff_view(parent, child, max_lines=_LONGEST_NOTE - 1)
            heading = Text(f"  refiner: {child.id} from {parent.id}", style="dim")
            return [heading, *(Text("    ") + change for change in changes)]
        return self._review(width)

    def _speech(self, width: int) -> list[Text]:
        """Return the last streamed lines, preferring the Reviewer's."""
        written = [speech for speech in self.state.speeches if speech.text.strip()]
        if not written:
            return []
        speech = max(written, key=lambda speech: (_ORDER.get(speech.work.node, 0), speech.call))
        speaker = _SPEAKERS.get(speech.work.node, speech.work.node)
        of = f" on {speech.work.candidate_id}" if speech.work.candidate_id else ""
        lines = [line for line in speech.text.splitlines() if line.strip()]
        shown = lines[-(_LONGEST_NOTE - 1) :]
        heading = Text(f"  {speaker}{of} writes:", style="dim")
        return [heading, *(Text(f"    {_indented(line, width)}", "magenta") for line in shown)]

    def _review(self, width: int) -> list[Text]:
        review = self.state.review
        if review is None or review.approves:
            return []
        said, *more = review_words(review)
        first = Text(f"  reviewer on {review.candidate_id}: ", style="dim")
        return [
            first.append(cut(said, width), style="magenta"),
            *(Text(f"    {cut(words, width)}") for words in more),
        ]

    def _footer(self) -> list[Text]:
        state = self.state
        usage = state.usage.model_copy(update={"retries": state.retries})
        waiting = f"{plural(len(state.calls), 'answer')} awaited" if state.calls else ""
        spent = usage_words(usage) if usage != Usage() else ""
        words = ", ".join(filter(None, (spent, waiting)))
        lines = [Text(f"  {words}", style="dim")] if words else []
        bar = self._budget()
        return [*lines, bar] if bar else lines

    def _budget(self) -> Text | None:
        """Return a bar for the limit with the largest share spent."""
        limit = self.limits.nearest(self.state.usage, self.seconds)
        if limit is None:
            return None
        full = min(_BAR, round(_BAR * limit.share))
        style = "red" if limit.share >= 1 else "yellow" if limit.share >= 0.8 else "green"
        line = Text("  ").append("█" * full, style=style).append("░" * (_BAR - full), style="dim")
        return line.append(f"  {limit.words}", style="dim")


def _indented(line: str, width: int) -> str:
    start = len(line) - len(line.lstrip())
    return " " * min(start, width // 2) + cut(line, width)


def _table(state: RunState, *, rows: int) -> list[Text]:
    tree = list(state.tree)
    shown = _worth_a_row(state, [candidate for _, candidate in tree], rows=rows)
    labels = {
        candidate.id: _label(candidate, depth) for depth, candidate in tree if candidate.id in shown
    }
    width = max(map(len, labels.values()), default=0)
    lines = [
        _row(candidate, labels[candidate.id], width, rejected=candidate.id in state.rejected)
        for _, candidate in tree
        if candidate.id in shown
    ]
    hidden = len(tree) - len(lines)
    return [*lines, Text(f"    … {hidden} more", style="dim")] if hidden else lines


def _worth_a_row(state: RunState, tree: Sequence[Candidate], *, rows: int) -> set[str]:
    """Choose the candidates to show if not all fit: the best, then the newest."""
    if len(tree) <= rows:
        return {candidate.id for candidate in tree}
    best = state.best
    newest = sorted(tree, key=lambda candidate: candidate.sort_key, reverse=True)
    ranked = [*([best] if best else []), *newest]
    return set(list(dict.fromkeys(candidate.id for candidate in ranked))[: max(1, rows - 1)])


def _label(candidate: Candidate, depth: int) -> str:
    return f"{'  ' * (min(depth, _DEEPEST) - 1)}└ {candidate.id}" if depth else candidate.id


def _row(candidate: Candidate, label: str, width: int, *, rejected: bool) -> Text:
    score = "" if candidate.score is None else f"{candidate.score:.2f}"
    words = "rejected" if rejected else verdict_words(candidate)
    line = Text("  ") + mark_of(candidate, rejected=rejected)
    line.append(f" {label:<{width}}  ").append(f"{words:<9} ").append(f"{score:>4}  ", style="dim")
    return line.append(cut(evidence_words(candidate), 400), style="dim")
