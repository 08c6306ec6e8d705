"""The kinds of edits, and the results of applying them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

MatchMethod = Literal["exact", "whitespace", "within_line", "close", "lines", "whole"]
"""How an edit was located: exactly, ignoring whitespace, inside one line, by similarity, by line
number, or not at all because it replaces the whole file."""

RejectionKind = Literal[
    "no_edit",
    "malformed",
    "incomplete",
    "elided",
    "empty",
    "no_change",
    "already_applied",
    "not_found",
    "ambiguous",
    "no_path",
    "unknown_path",
    "bad_path",
    "bad_lines",
    "overlap",
    "unsupported",
]
"""Why an edit was not applied."""


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """Lines to search for and the lines that replace them; every line ends with a newline."""

    search: str
    """Empty for a new or an empty file."""
    replace: str
    """Empty to delete the lines; a single newline for one blank line."""
    path: str = ""
    """The path as the model wrote it; empty if it named no file."""
    line: int | None = None
    """Expected number of the first line, counted from 1 in the original file. It decides between
    several matches and is ignored otherwise."""
    closed: bool = True
    """False if the end of the block is missing."""


@dataclass(frozen=True, kw_only=True)
class LineEdit:
    """A range of line numbers of the original file, and the lines that replace it."""

    first: int
    """Counted from 1."""
    last: int
    """Inclusive; `first - 1` to insert lines before `first`."""
    text: str
    """Empty to delete the lines."""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class WholeFile:
    """The full text of a file."""

    text: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class DeleteFile:
    """The deletion of a file."""

    path: str


Edit = Replacement | LineEdit | WholeFile | DeleteFile
"""One change to one file."""


class Excerpt(NamedTuple):
    """An excerpt of a file."""

    path: str
    line: int
    """The number of the first line, counted from 1."""
    text: str


@dataclass(frozen=True, kw_only=True)
class RejectedEdit:
    """The reason why no edit was applied, worded for the model that wrote the edits."""

    kind: RejectionKind
    reason: str
    """One sentence."""
    edit: int = 0
    """Index of the refused edit in the answer."""
    nearest: tuple[Excerpt, ...] = ()
    """The lines most similar to the search, or, for an ambiguous edit, its first matches."""

    @property
    def text(self) -> str:
        """The reason, followed by the nearest lines with their numbers."""
        excerpts = (_numbered(excerpt) for excerpt in self.nearest)
        return "\n".join([self.reason, *excerpts])


class AppliedEdit(NamedTuple):
    """Where one edit was applied, and how it was located."""

    path: str
    line: int
    """The first changed line, counted from 1 in the file before this edit."""
    matched_by: MatchMethod


@dataclass(frozen=True, kw_only=True)
class EditResult:
    """All files after the edits of one answer."""

    files: Mapping[str, str]
    """File texts by path, including unchanged files; deleted files are absent."""
    edits: tuple[AppliedEdit, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """The edited paths, in the order of their first edit."""
        return tuple(dict.fromkeys(edit.path for edit in self.edits))


def _numbered(place: Excerpt) -> str:
    heading = f"{place.path}:" if place.path else ""
    lines = place.text.split("\n")
    rows = [f"{place.line + offset:>4} | {line}" for offset, line in enumerate(lines)]
    return "\n".join(filter(None, [heading, *rows]))
