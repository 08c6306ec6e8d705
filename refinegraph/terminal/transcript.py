"""The transcript of a run: the lines that remain when the live view is gone."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from rich.text import Text

from refinegraph.agents.models import BudgetLow, CallRetried, FellBack
from refinegraph.fixing.events import BaselineBegun, BaselineTaken, FaultLocalised
from refinegraph.graphs.events import (
    BranchFailed,
    CandidateJudged,
    CandidateProposed,
    Decided,
    RefinementRejected,
    ReviewWritten,
    TestsKnown,
)
from refinegraph.schema import Candidate, Frozen, Review, VisibleTest
from refinegraph.terminal.diffs import diff_view
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.text import cut, evidence_words, patch_words, verdict_words
from refinegraph.wording import moves_words, stop_words, was_executed

# Choices of layout, with which a usual run fits on a terminal of 80 columns.
SUBJECT_WIDTH = 10
_INDENT = 2
_VERDICT_WIDTH = 5
# Choices of length: as much as is read while a run goes on. `view` shows the whole.
_LONGEST = 500
_LONGEST_DIFF = 12
_MOST_FAILING = 5
_LONG_PAUSE = 5.0
"""Seconds of waiting that are announced even if the reason has been printed."""


class Line(NamedTuple):
    """One line of the transcript; a line with an empty subject continues the one above."""

    subject: str
    words: Text

    def render(self, width: int | None = None) -> Text:
        """Return the line, cut to `width` if there is one."""
        room = _LONGEST if width is None else max(10, width - SUBJECT_WIDTH - _INDENT - 2)
        if not self.subject and not self.words:
            return Text()
        line = Text(" " * _INDENT + f"{cut(self.subject, SUBJECT_WIDTH):<{SUBJECT_WIDTH}} ")
        line.stylize("dim")
        words = self.words.copy()
        words.truncate(room, overflow="ellipsis")
        return line.append_text(words)


def narrate(event: Frozen, state: RunState) -> list[Line]:
    """Return the lines that an event adds; `state` is the state before the event."""
    tell = _TELL.get(type(event))
    return tell(event, state) if tell else []


def mark_of(candidate: Candidate, *, rejected: bool = False) -> Text:
    """Return the mark of a candidate: passed, failed, rejected or unknown."""
    if rejected:
        return Text("↺", style="yellow")
    if candidate.verdict is None or candidate.unusable or not was_executed(candidate):
        return Text("·", style="dim")
    return Text("✓", style="green") if candidate.verdict.passed else Text("✗", style="red")


def _words(text: str, style: str = "") -> Text:
    return Text(cut(text, _LONGEST), style=style)


def _tests(event: TestsKnown, state: RunState) -> list[Line]:
    if event.tests == state.tests or any(test.form == "command" for test in event.tests):
        return []  # of a checkout, its baseline said more
    return [Line("tests", _words(tests_words(event.tests)))]


def tests_words(tests: tuple[VisibleTest, ...]) -> str:
    """Describe the number and the origin of the visible tests."""
    origins = {test.origin for test in tests}
    if not tests:
        return "none: nothing can check a program"
    if "generated" in origins:
        return f"{len(tests)} written by a model, which prove nothing"
    return f"{len(tests)} {'from the statement' if origins == {'statement'} else 'given'}"


def _proposed(event: CandidateProposed, state: RunState) -> list[Line]:
    parent = state.find(event.candidate.parent_id)
    if parent is None:
        return []
    child = event.candidate
    speaker = "refiner" if child.operator == "refine" else child.operator
    first = Line(speaker, Text(f"{child.id} from {', '.join(child.parents)}"))
    changes = diff_view(parent, event.candidate, max_lines=_LONGEST_DIFF)
    return [first, *(Line("", change) for change in changes)]


def _judged(event: CandidateJudged, state: RunState) -> list[Line]:
    before = state.find(event.candidate.id)
    if before and before.revision:
        return []
    return [Line(event.candidate.id, judgement(event.candidate))]


def judgement(candidate: Candidate) -> Text:
    """Describe in one line the result of execution."""
    evidence = patch_words(candidate) or evidence_words(candidate)
    verdict = verdict_words(candidate)
    if not evidence:
        return mark_of(candidate) + Text(f" {verdict}")
    head = verdict if len(verdict) <= _VERDICT_WIDTH else f"{verdict}:"
    return mark_of(candidate) + Text(f" {head:<{_VERDICT_WIDTH}} {cut(evidence, _LONGEST)}")


def _rejected(event: RefinementRejected, state: RunState) -> list[Line]:
    words = f"↺ rejected: {cut(event.reason, _LONGEST)}"
    return [Line(event.candidate_id, Text(words, style="yellow"))]


def _reviewed(event: ReviewWritten, state: RunState) -> list[Line]:
    review = event.review
    if review.approves:
        return [Line("reviewer", _words(f"{review.candidate_id}: finds nothing wrong"))]
    first, *rest = review_words(review)
    lines = [Line("reviewer", Text(f"{review.candidate_id}: ").append(_words(first, "magenta")))]
    return lines + [Line("", _words(words)) for words in rest]


def review_words(review: Review) -> list[str]:
    """Return the wrong step, the reason, and the change, as far as the review names them."""
    if not review.wrong_step:
        return [review.text or "says nothing"]
    why = [f"why: {review.evidence}"] if review.evidence else []
    return [review.wrong_step, *why, *([f"change: {review.change}"] if review.change else [])]


def _decided(event: Decided, state: RunState) -> list[Line]:
    decision, difficulty = event.decision, event.decision.difficulty
    before = state.decision
    if decision.action == "sample" and before and before.moves == decision.moves:
        return []  # more of the same
    reason = f"{difficulty.level}: {'; '.join(difficulty.reasons)}" if difficulty else ""
    lines = [Line("router", _words(reason))] if reason else []
    if decision.stop_reason:
        return [*lines, Line("stop", _words(stop_words(decision.stop_reason), "bold"))]
    if not decision.number:
        return lines
    if decision.action == "refine":
        named = _words(moves_words(decision), "bold")
        return [*lines, Line("", Text()), Line(f"round {decision.round}", named)]
    return [*lines, Line("policy", _words(moves_words(decision), "bold"))]


def _failed(event: BranchFailed, state: RunState) -> list[Line]:
    return [Line(event.node, _words(event.detail, "red"))]


def _retried(event: CallRetried, state: RunState) -> list[Line]:
    if event.reason == state.retry and event.delay < _LONG_PAUSE:
        return []  # calls in flight at once fail for the same reason
    return [Line("retry", _words(f"in {event.delay:.1f} s: {event.reason}", "yellow"))]


def _fell_back(event: FellBack, state: RunState) -> list[Line]:
    return [Line("fallback", _words(f"asking {event.to!r}: {event.reason}", "yellow"))]


def _budget_low(event: BudgetLow, state: RunState) -> list[Line]:
    return [Line("budget", _words(event.detail, "yellow"))]


def _baseline_begun(event: BaselineBegun, state: RunState) -> list[Line]:
    command = event.command.replace(sys.executable, "python")
    return [Line("tests", _words(f"{command}, before anything is changed"))]


def _baseline(event: BaselineTaken, state: RunState) -> list[Line]:
    counts = [f"{len(event.failing)} fail", f"{event.passing} pass"]
    if event.unrelated:
        others = "1 other fails" if event.unrelated == 1 else f"{event.unrelated} others fail"
        counts.append(f"{others} and may go on failing")
    if event.flaky:
        counts.append(f"{event.flaky} end differently from run to run and never count")
    first = Line("", _words(f"{', '.join(counts)}, in {event.seconds:.1f} s"))
    shown = [Line("", _words(f"✗ {name}", "red")) for name in event.failing[:_MOST_FAILING]]
    return [first, *shown]


def _localised(event: FaultLocalised, state: RunState) -> list[Line]:
    lines = [
        Line("", _words(f"{suspect.path}:{suspect.line}  {suspect.score:.2f}  {suspect.source}"))
        for suspect in event.suspects
    ]
    remark = [Line("", _words(event.remark, "yellow"))] if event.remark else []
    if not lines:
        return [Line("suspects", _words("no line is under suspicion")), *remark]
    return [lines[0]._replace(subject="suspects"), *lines[1:], *remark]


_TELL: dict[type[Frozen], Callable[..., list[Line]]] = {
    TestsKnown: _tests,
    BaselineBegun: _baseline_begun,
    BaselineTaken: _baseline,
    FaultLocalised: _localised,
    CandidateProposed: _proposed,
    CandidateJudged: _judged,
    RefinementRejected: _rejected,
    ReviewWritten: _reviewed,
    Decided: _decided,
    BranchFailed: _failed,
    CallRetried: _retried,
    FellBack: _fell_back,
    BudgetLow: _budget_low,
}
