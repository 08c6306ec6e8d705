"""What an edit is, and what becomes of it: it is applied, or refused with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Rung = Literal["exact", "whitespace", "within_line", "close", "lines", "whole"]
"""How the place of an edit was found: letter by letter, but for blanks, inside one line, by the
only similar lines, by its line numbers, or because the whole file is replaced."""

RefusalKind = Literal[
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
    """Lines to look for and the lines that take their place, each with a newline behind it."""

    search: str
    """Empty for a new file, or for one that is empty."""
    replace: str
    """Empty to delete the lines; a newline alone for one blank line."""
    path: str = ""
    """As the model wrote it; empty where it named no file."""
    line: int | None = None
    """Where the lines should begin, counted from 1 in the file as it was. It decides between
    several places where the lines stand, and never overrules them."""
    closed: bool = True
    """False where the end of the block is missing."""


@dataclass(frozen=True, kw_only=True)
class LineEdit:
    """Lines by their numbers in the file as it was, and the lines that take their place."""

    first: int
    """Counted from 1."""
    last: int
    """Inclusive; `first - 1` where lines are inserted before `first`."""
    text: str
    """Empty to delete the lines."""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class WholeFile:
    """A file in full."""

    text: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class DeleteFile:
    """A file that goes away."""

    path: str


Edit = Replacement | LineEdit | WholeFile | DeleteFile
"""One change of one file."""


class Place(NamedTuple):
    """Some lines of a file."""

    path: str
    line: int
    """The number of the first line, counted from 1."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why nothing was changed, in words that can be shown to the model that wrote the edit."""

    kind: RefusalKind
    reason: str
    """One sentence."""
    edit: int = 0
    """The position of the refused edit in the answer, from 0."""
    nearest: tuple[Place, ...] = ()
    """The lines that come closest to what was looked for, or every place where it stands."""

    @property
    def text(self) -> str:
        """The reason, followed by the nearest lines with their numbers."""
        places = (_numbered(place) for place in self.nearest)
        return "\n".join([self.reason, *places])


class AppliedEdit(NamedTuple):
    """Where one edit was applied, and how that place was found."""

    path: str
    line: int
    """The first line that it changed, counted from 1 in the file before this edit."""
    rung: Rung


@dataclass(frozen=True, kw_only=True)
class Applied:
    """Every file after the edits of one answer."""

    files: Mapping[str, str]
    """All files, those that did not change included; deleted ones are absent."""
    edits: tuple[AppliedEdit, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths that the edits touched, in the order in which they did."""
        return tuple(dict.fromkeys(edit.path for edit in self.edits))


def _numbered(place: Place) -> str:
    heading = f"{place.path}:" if place.path else ""
    lines = place.text.split("\n")
    rows = [f"{place.line + offset:>4} | {line}" for offset, line in enumerate(lines)]
    return "\n".join(filter(None, [heading, *rows]))
