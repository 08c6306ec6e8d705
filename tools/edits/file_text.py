"""Apply edits to the text of one file, one after the other."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from refinegraph.tools.edits.elisions import elided_at, split_at_elisions
from refinegraph.tools.edits.fences import without_fence
from refinegraph.tools.edits.lines import (
    Text,
    block_lines,
    columns,
    indentation,
    join_text,
    loose_key,
    split_text,
)
from refinegraph.tools.edits.matching import (
    Span,
    find_close,
    find_spans,
    find_within_lines,
    find_without_blank_lines,
    similar_places,
)
from refinegraph.tools.edits.merging import merge
from refinegraph.tools.edits.numbering import without_numbers
from refinegraph.tools.edits.types import (
    AppliedEdit,
    Excerpt,
    LineEdit,
    MatchMethod,
    RejectedEdit,
    RejectionKind,
    Replacement,
)

_NEAREST = 0.4
"""Least similarity of the lines that a refusal shows; less similar ones mislead."""
_SHOWN = 3
"""Matches that a refusal shows: more would lengthen the prompt without easing the choice."""
_CONTEXT = 1
"""Lines shown around a similar match, since models often misjudge where a block begins."""


class _Change(NamedTuple):
    """New lines for a range of old ones."""

    start: int
    stop: int
    lines: list[str]
    matched_by: MatchMethod


class _Block(NamedTuple):
    """One interpretation of the old and new lines of an edit."""

    search: list[str]
    replace: list[str]
    line: int | None


class EditedText:
    """The lines of one file, and how earlier edits shifted them."""

    def __init__(self, text: str, path: str) -> None:
        self._text = split_text(text)
        self._path = path
        self._locked: list[tuple[int, int]] = []
        self._shifts: list[tuple[int, int]] = []

    @property
    def lines(self) -> list[str]:
        """The current lines."""
        return self._text.lines

    @property
    def text(self) -> str:
        """The current text."""
        return join_text(self._text)

    def replace_numbered(self, edit: LineEdit, number: int) -> list[AppliedEdit] | RejectedEdit:
        """Replace lines by number; edits of later lines have to be applied first."""
        first, last, count = edit.first, edit.last, len(self.lines)
        if not (1 <= first <= count + 1 and first - 1 <= last <= count):
            reason = (
                f"Edit {number + 1} is for lines {first} to {last}, but {self._name} has {count}."
            )
            return RejectedEdit(kind="bad_lines", reason=reason)
        if any(first <= end and last >= start for start, end in self._locked):
            reason = f"Edit {number + 1} changes lines {first} to {last} again."
            return RejectedEdit(kind="overlap", reason=reason)
        self._locked.append((first, last))
        new = _indented(block_lines(edit.text), self.lines[first - 1 : last])
        if elided_at(new, original=self.lines):
            return self._refuse("elided", f"Edit {number + 1} omits lines with '...'.")
        return [self._apply(_Change(first - 1, last, new, "lines"))]

    def replace(
        self, edit: Replacement, number: int, times: int = 1
    ) -> list[AppliedEdit] | RejectedEdit:
        """Replace lines that occur exactly once, or as often as the edit is repeated."""
        search, new = block_lines(edit.search), block_lines(edit.replace)
        if not any(line.strip() for line in search) and edit.line is None:
            return self._fill(new, number)
        if search == new:
            reason = f"Edit {number + 1} replaces lines with the same lines."
            return self._refuse("no_change", reason)
        if elided_at([*search, *new], original=self.lines):
            return self._replace_around(edit, number)
        changes = self._locate(edit, number, times)
        if isinstance(changes, RejectedEdit):
            return changes
        return [self._apply(change) for change in reversed(changes)]

    def _fill(self, new: list[str], number: int) -> list[AppliedEdit] | RejectedEdit:
        if not any(line.strip() for line in new):
            return self._refuse("empty", f"Edit {number + 1} is empty.")
        if any(line.strip() for line in self.lines):
            reason = (
                f"Edit {number + 1} has no lines to search for; quote the lines of {self._name} "
                "that it replaces."
            )
            return self._refuse("empty", reason)
        return [self._apply(_Change(0, len(self.lines), new, "whole"))]

    def _locate(self, edit: Replacement, number: int, times: int) -> list[_Change] | RejectedEdit:
        for block in _readings(edit):
            spans = find_spans(block.search, self.lines)
            if spans:
                return self._choose(spans, block, number, times)
        block = next(_readings(edit))
        if any(line.strip() for line in block.replace) and find_spans(block.replace, self.lines):
            return self._already(number)
        return self._within_line(block, number) or self._close(edit, number)

    def _choose(
        self, spans: list[Span], block: _Block, number: int, times: int
    ) -> list[_Change] | RejectedEdit:
        if len(spans) > 1 and block.line is not None:
            expected = self._shifted(block.line) - 1
            spans = [span for span in spans if span.start == expected] or spans
        if len(spans) > 1 and len(spans) != times:
            places = [Excerpt(self._path, span.start + 1, self._shown(span)) for span in spans]
            return self._ambiguous(places, number)
        changes = [self._change(block, span) for span in spans]
        if None in changes:
            return self._already(number)
        return [change for change in changes if change is not None]

    def _change(self, block: _Block, span: Span) -> _Change | None:
        """Return the change that an edit makes to a span; None if the span has it already."""
        lines = merge(block.search, block.replace, self.lines, span)
        if lines is None or self._is_present(lines, block, span):
            return None
        if self._is_present(block.replace, block, span):
            return None
        return _Change(span.start, span.stop, lines, span.matched_by)

    def _is_present(self, new: list[str], block: _Block, span: Span) -> bool:
        """Return whether the text has the new lines already, around the lines to replace."""
        if _filled(block.search) == _filled(block.replace):
            return self.lines[span.start : span.stop] == new
        if block.line is not None and span.start + 1 == self._shifted(block.line):
            stop = max(span.stop, span.start + len(new))
            return self.lines[span.start : stop] == new
        filled = [right for _, right in span.pairs if self.lines[right].strip()]
        around = find_without_blank_lines(new, self.lines)
        return any(at.start <= filled[0] and filled[-1] < at.stop for at in around if filled)

    def _already(self, number: int) -> RejectedEdit:
        reason = f"Edit {number + 1} is already applied: its new lines are in {self._name}."
        return self._refuse("already_applied", reason)

    def _within_line(self, block: _Block, number: int) -> list[_Change] | RejectedEdit | None:
        if len(block.search) != 1 or len(block.replace) > 1:
            return None
        part, new = block.search[0].strip(), "".join(block.replace).strip()
        places = find_within_lines(part, self.lines)
        if not places:
            return None
        if len(places) > 1:
            shown = [Excerpt(self._path, at.line + 1, self.lines[at.line]) for at in places]
            return self._ambiguous(shown, number)
        at = places[0]
        line = self.lines[at.line]
        if new and _is_inside(line, new, at.column, len(part)):
            return self._already(number)
        edited = line[: at.column] + new + line[at.column + len(part) :]
        return [_Change(at.line, at.line + 1, [edited], "within_line")]

    def _close(self, edit: Replacement, number: int) -> list[_Change] | RejectedEdit:
        for block in _readings(edit):
            spans = find_close(block.search, self.lines)
            if len(spans) > 1:
                places = [Excerpt(self._path, span.start + 1, self._shown(span)) for span in spans]
                return self._ambiguous(places, number)
            if spans and not self._is_in(block, spans[0]):
                change = self._change(block, spans[0])
                if change is not None:
                    return [change]
        return self._not_found(edit, number)

    def _is_in(self, block: _Block, span: Span) -> bool:
        """Return whether a similar span has all new lines already, besides the matched ones."""
        quoted = set(map(loose_key, block.search))
        new = {loose_key(line) for line in block.replace} - quoted - {""}
        paired = {right for _, right in span.pairs}
        beside = [at for at in range(span.start, span.stop) if at not in paired]
        return bool(new) and new <= {loose_key(self.lines[at]) for at in beside}

    def _replace_around(self, edit: Replacement, number: int) -> list[AppliedEdit] | RejectedEdit:
        """Apply an edit that omits lines: the lines between its parts are kept."""
        search = split_at_elisions(block_lines(edit.search), original=self.lines)
        new = split_at_elisions(block_lines(edit.replace), original=self.lines)
        if len(search) != len(new):
            reason = (
                f"Edit {number + 1} omits lines with '...', but not at the same points of both "
                "parts; write the lines out."
            )
            return self._refuse("elided", reason)
        changes: list[_Change] = []
        done = 0
        for old_part, new_part in zip(search, new, strict=True):
            if not old_part and not new_part:
                continue
            spans = [span for span in find_spans(old_part, self.lines) if span.start >= done]
            if len(spans) != 1:
                reason = (
                    f"Edit {number + 1} omits lines with '...', and the lines around them "
                    f"{'match several times' if spans else 'are missing'}; write the lines out."
                )
                return self._refuse("elided", reason)
            done = spans[0].stop
            merged = merge(old_part, new_part, self.lines, spans[0])
            if merged is None:
                return self._refuse("elided", f"Edit {number + 1} omits lines that it changes.")
            changes.append(_Change(spans[0].start, spans[0].stop, merged, spans[0].matched_by))
        return [self._apply(change) for change in reversed(changes)]

    def _apply(self, change: _Change) -> AppliedEdit:
        lines = [*self.lines[: change.start], *change.lines, *self.lines[change.stop :]]
        self._text = Text(lines, self._text.ends_with_newline, self._text.line_end)
        self._shifts.append((change.stop + 1, len(change.lines) - (change.stop - change.start)))
        return AppliedEdit(self._path, change.start + 1, change.matched_by)

    def _shifted(self, line: int) -> int:
        """Return the current number of a line from its number before the edits."""
        for start, shift in self._shifts:
            if line >= start:
                line += shift
        return line

    def _not_found(self, edit: Replacement, number: int) -> RejectedEdit:
        block = next(_readings(edit))
        places = similar_places(block.search, self.lines, at_least=_NEAREST)[:_SHOWN]
        shown = [self._around(place.start, place.stop) for place in places]
        if not shown and 0 < len(self.lines) <= 2 * max(4, len(block.search)):
            shown = [Excerpt(self._path, 1, "\n".join(self.lines))]
        reason = f"The lines to search for in edit {number + 1} are not in {self._name}."
        return RejectedEdit(kind="not_found", reason=reason, nearest=tuple(shown))

    def _around(self, start: int, stop: int) -> Excerpt:
        begin = max(0, start - _CONTEXT)
        return Excerpt(self._path, begin + 1, "\n".join(self.lines[begin : stop + _CONTEXT]))

    def _ambiguous(self, places: Sequence[Excerpt], number: int) -> RejectedEdit:
        reason = (
            f"The lines to search for in edit {number + 1} occur {len(places)} times in "
            f"{self._name}; add lines around them until they are unique."
        )
        return RejectedEdit(kind="ambiguous", reason=reason, nearest=tuple(places[:_SHOWN]))

    def _refuse(self, kind: RejectionKind, reason: str) -> RejectedEdit:
        return RejectedEdit(kind=kind, reason=reason)

    def _shown(self, span: Span) -> str:
        return "\n".join(self.lines[span.start : span.stop])

    @property
    def _name(self) -> str:
        return self._path or "the program"


def _readings(edit: Replacement) -> Iterator[_Block]:
    """Yield the edit as written, then without an inner fence, then without line numbers."""
    search, new = block_lines(edit.search), block_lines(edit.replace)
    yield _Block(search, new, edit.line)
    bare, bare_new = without_fence(search), without_fence(new)
    if bare:
        search, new = bare, bare_new if bare_new is not None else new
        yield _Block(search, new, edit.line)
    numbered = without_numbers(search)
    if numbered:
        plain = without_numbers(new)
        yield _Block(numbered.lines, plain.lines if plain else new, numbered.first)


def _filled(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _is_inside(line: str, new: str, column: int, width: int) -> bool:
    """Return whether the match already lies inside an occurrence of the new text."""
    start = line.find(new)
    while start >= 0:
        if start <= column and column + width <= start + len(new):
            return True
        start = line.find(new, start + 1)
    return False


def _indented(new: list[str], old: Sequence[str]) -> list[str]:
    """Indent new lines that lack the indentation that all old ones have."""
    filled = [line for line in old if line.strip()]
    first = next((line for line in new if line.strip()), "")
    if not filled or not all(columns(line) for line in filled) or columns(first):
        return new
    return [indentation(filled[0]) + line if line.strip() else line for line in new]
