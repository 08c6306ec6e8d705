"""Apply edits to files: all edits of an answer, or none of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from refinegraph.tools.edits.elisions import elided_at
from refinegraph.tools.edits.file_text import EditedText
from refinegraph.tools.edits.lines import block_lines, split_text
from refinegraph.tools.edits.matching import find_spans
from refinegraph.tools.edits.paths import resolve_path
from refinegraph.tools.edits.types import (
    AppliedEdit,
    DeleteFile,
    Edit,
    EditResult,
    LineEdit,
    RejectedEdit,
    Replacement,
    WholeFile,
)


def apply_edits(edits: Sequence[Edit], files: Mapping[str, str]) -> EditResult | RejectedEdit:
    r"""Apply edits to files by path, or return a refusal if any of them does not apply.

    The lines that an edit replaces are matched exactly, then ignoring whitespace, then inside a
    line, then by similarity (a difflib ratio of at least 0.8, or 0.9 for a single line, and 0.05
    above that of any other match). New lines adopt the indentation of the file, and lines that an
    edit only repeats keep the file's text. An edit with several matches is refused, unless the
    answer repeats the edit once per match or a line number decides. If `files` has a single entry
    under the empty path, all edits apply to it, whatever paths they name.

    >>> edit = Replacement(search="return a - b\n", replace="return a + b\n")
    >>> program = "def add(a, b):\n    return a - b\n"
    >>> apply_edits([edit], {"": program}).files[""]
    'def add(a, b):\n    return a + b\n'
    >>> print(apply_edits([edit], {"": "def add(a, b):\n    pass\n"}).text)
    The lines to search for in edit 1 are not in the program.
       1 | def add(a, b):
       2 |     pass
    """
    work = _Work(files)
    repeats = Counter(edits)
    for number, edit in sorted(enumerate(edits), key=lambda row: _rank(row[1])):
        if edits.index(edit) < number:
            continue
        refusal = work.apply(edit, number, repeats[edit])
        if refusal is not None:
            return replace(refusal, edit=number)
    return work.finish()


def _rank(edit: Edit) -> tuple[int, int]:
    """Order edits by line number first and from the end, while their numbers are still valid."""
    return (1, -edit.first) if isinstance(edit, LineEdit) else (2, 0)


class _Work:
    """The files while they are edited."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._before = dict(files)
        self._texts = {path: EditedText(text, path) for path, text in files.items()}
        self._done: list[AppliedEdit] = []

    def apply(self, edit: Edit, number: int, times: int) -> RejectedEdit | None:
        """Apply one edit that the answer contains `times` times; return a refusal on failure."""
        path = self._path(edit, number)
        if isinstance(path, RejectedEdit):
            return path
        if isinstance(edit, DeleteFile):
            self._texts.pop(path, None)
            self._done.append(AppliedEdit(path, 1, "whole"))
            return None
        if isinstance(edit, WholeFile):
            return self._write(path, edit, number)
        text = self._texts.setdefault(path, EditedText("", path))
        done = (
            text.replace_numbered(edit, number)
            if isinstance(edit, LineEdit)
            else text.replace(edit, number, times)
        )
        if isinstance(done, RejectedEdit):
            return done
        self._done += done
        return None

    def finish(self) -> EditResult | RejectedEdit:
        """Return the edited files, or a refusal if nothing changed."""
        files = {path: text.text for path, text in self._texts.items()}
        if files == self._before:
            reason = "The edit changes nothing: the old and the new lines are the same."
            return RejectedEdit(kind="no_change", reason=reason)
        return EditResult(files=files, edits=tuple(self._done))

    def _path(self, edit: Edit, number: int) -> str | RejectedEdit:
        if "" in self._texts:
            return ""
        if edit.path:
            return resolve_path(edit.path, list(self._texts), new=_may_begin_file(edit))
        if len(self._texts) == 1:
            return next(iter(self._texts))
        return self._only_home(edit, number)

    def _only_home(self, edit: Edit, number: int) -> str | RejectedEdit:
        """Return the only file that contains the lines of an edit without a path."""
        search = block_lines(edit.search) if isinstance(edit, Replacement) else []
        homes = [
            path
            for path, text in self._texts.items()
            if any(span.matched_by == "exact" for span in find_spans(search, text.lines))
        ]
        if len(homes) == 1:
            return homes[0]
        matches = f"its lines are in {', '.join(homes[:5])}" if homes else "no file has its lines"
        reason = (
            f"Edit {number + 1} names no file, and {matches}; write the path on the line before it."
        )
        return RejectedEdit(kind="no_path", reason=reason)

    def _write(self, path: str, edit: WholeFile, number: int) -> RejectedEdit | None:
        before = self._texts.get(path)
        original = before.lines if before else []
        if elided_at(split_text(edit.text).lines, original=original):
            reason = f"Edit {number + 1} omits lines with '...'; write the file in full."
            return RejectedEdit(kind="elided", reason=reason)
        self._texts[path] = EditedText(edit.text, path)
        self._done.append(AppliedEdit(path, 1, "whole"))
        return None


def _may_begin_file(edit: Edit) -> bool:
    """Return whether an edit can create a file."""
    match edit:
        case WholeFile():
            return True
        case Replacement():
            return not edit.search.strip()
        case LineEdit():
            return edit.first == 1 and edit.last == 0
        case DeleteFile():
            return False
