"""A finished run in words: its candidates with verdicts, reviews and changes."""

from collections.abc import Iterator

from rich.text import Text

from refinegraph.schema import Candidate, RefinementResult, Review
from refinegraph.terminal.diffs import diff_view
from refinegraph.terminal.text import cut, evidence_words, patch_words, printable
from refinegraph.terminal.transcript import mark_of, review_words
from refinegraph.wording import all_visible_tests, verdict_words, was_executed

_LONGEST = 300
"""Characters of a remark: about four lines of a narrow terminal."""
_LONGEST_DIFF = 40
"""Lines of a change; `view` shows longer ones whole."""
_INDENT = "     "


def account_lines(result: RefinementResult) -> Iterator[Text]:
    """Yield what happened, candidate by candidate, in the order in which they were proposed."""
    reviews: dict[str, list[Review]] = {}
    for review in result.reviews:
        reviews.setdefault(review.candidate_id, []).append(review)
    by_id = {candidate.id: candidate for candidate in result.candidates}
    rejected = {rejection.candidate_id: rejection.reason for rejection in result.rejected}
    for candidate in sorted(result.candidates, key=lambda candidate: candidate.sort_key):
        yield _heading(candidate, result, rejected)
        parent = by_id.get(candidate.parent_id or "")
        if parent:
            yield from (Text(_INDENT) + line for line in _changes(parent, candidate))
        for review in reviews.get(candidate.id, ()):
            yield from _review(review)


def _heading(candidate: Candidate, result: RefinementResult, rejected: dict[str, str]) -> Text:
    origin = _origin(candidate)
    chosen = ", chosen" if candidate.id == result.selection.candidate_id else ""
    line = Text("  ") + mark_of(candidate, rejected=candidate.id in rejected)
    line.append(f" {candidate.id}", style="bold").append(f"  {origin}{chosen}: ", style="dim")
    line.append(candidate_words(candidate))
    if candidate.id in rejected:
        line.append(f"; rejected, {cut(rejected[candidate.id], _LONGEST)}", style="yellow")
    return line


def _origin(candidate: Candidate) -> str:
    if candidate.operator == "solve" and not candidate.parents:
        return "sample"
    operator = "repair" if candidate.operator == "refine" else candidate.operator
    return f"{operator} of {', '.join(candidate.parents)}" if candidate.parents else operator


def candidate_words(candidate: Candidate) -> str:
    """Describe the result of a candidate's execution, or why it could not be executed."""
    evidence = cut(evidence_words(candidate) or patch_words(candidate), _LONGEST)
    verdict = candidate.verdict
    if candidate.unusable:
        return f"cannot be used: {evidence}"
    if verdict is None or not was_executed(candidate):
        score = "" if candidate.score is None else f", score {candidate.score:.2f}"
        return f"not checked{score}" + (f": {evidence}" if evidence else "")
    total = len(verdict.tests)
    if verdict.passed:
        return f"passes {all_visible_tests(total)}"
    words = verdict_words(verdict)
    return f"{words}: {evidence}" if evidence else words


def _changes(parent: Candidate, candidate: Candidate) -> list[Text]:
    if candidate.program and candidate.program.startswith("diff --git"):
        return []
    return diff_view(parent, candidate, max_lines=_LONGEST_DIFF)


def _review(review: Review) -> Iterator[Text]:
    if review.approves:
        yield Text(f"{_INDENT}The Reviewer finds nothing wrong.", style="magenta")
        return
    first, *rest = review_words(review)
    yield Text(f"{_INDENT}The Reviewer objects to: {printable(cut(first, _LONGEST))}", "magenta")
    for words in rest:
        yield Text(f"{_INDENT}{cut(words, _LONGEST)}")
