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
    Applied,
    AppliedEdit,
    DeleteFile,
    Edit,
    LineEdit,
    Refusal,
    Replacement,
    WholeFile,
)


def apply_edits(edits: Sequence[Edit], files: Mapping[str, str]) -> Applied | Refusal:
    r"""Apply edits to files, given by their paths; a refusal where any of them does not apply.

    The place of an edit is looked for letter by letter, then without regard to blanks and
    indentation, then inside a line, then as the only similar place (a difflib ratio of at least
    0.8, 0.9 for a single line, and 0.05 above any other place). New lines take over the
    indentation of the file, and lines that an edit only repeats stay as they are in the file. What
    fits several places is refused, unless the answer repeats the edit as often as it fits, or a
    line number decides.
    A file under the empty path is the only one, whatever paths the edits name.

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
    """Edits by line number come first, from the end, while the numbers still hold."""
    return (1, -edit.first) if isinstance(edit, LineEdit) else (2, 0)


class _Work:
    """The files while they are edited."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._before = dict(files)
        self._texts = {path: EditedText(text, path) for path, text in files.items()}
        self._done: list[AppliedEdit] = []

    def apply(self, edit: Edit, number: int, times: int) -> Refusal | None:
        """Apply one edit that the answer holds that many times; return why it cannot be."""
        path = self._path(edit, number)
        if isinstance(path, Refusal):
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
        if isinstance(done, Refusal):
            return done
        self._done += done
        return None

    def finish(self) -> Applied | Refusal:
        """Return the files, unless nothing changed."""
        files = {path: text.text for path, text in self._texts.items()}
        if files == self._before:
            reason = "The edit changes nothing: what it replaces and what it writes are the same."
            return Refusal(kind="no_change", reason=reason)
        return Applied(files=files, edits=tuple(self._done))

    def _path(self, edit: Edit, number: int) -> str | Refusal:
        if "" in self._texts:
            return ""
        if edit.path:
            return resolve_path(edit.path, list(self._texts), new=_may_begin_file(edit))
        if len(self._texts) == 1:
            return next(iter(self._texts))
        return self._only_home(edit, number)

    def _only_home(self, edit: Edit, number: int) -> str | Refusal:
        """Return the only file that holds what an edit without a path looks for."""
        search = block_lines(edit.search) if isinstance(edit, Replacement) else []
        homes = [
            path
            for path, text in self._texts.items()
            if any(span.rung == "exact" for span in find_spans(search, text.lines))
        ]
        if len(homes) == 1:
            return homes[0]
        found = f"its lines stand in {', '.join(homes[:5])}" if homes else "its lines are in none"
        reason = (
            f"Edit {number + 1} names no file, and {found}; write the path on the line before it."
        )
        return Refusal(kind="no_path", reason=reason)

    def _write(self, path: str, edit: WholeFile, number: int) -> Refusal | None:
        before = self._texts.get(path)
        known = before.lines if before else []
        if elided_at(split_text(edit.text).lines, known=known):
            reason = f"Edit {number + 1} leaves lines out with '...'; write the file in full."
            return Refusal(kind="elided", reason=reason)
        self._texts[path] = EditedText(edit.text, path)
        self._done.append(AppliedEdit(path, 1, "whole"))
        return None


def _may_begin_file(edit: Edit) -> bool:
    """Return whether an edit needs nothing that stands in a file already."""
    match edit:
        case WholeFile():
            return True
        case Replacement():
            return not edit.search.strip()
        case LineEdit():
            return edit.first == 1 and edit.last == 0
        case DeleteFile():
            return False
