"""Read the edits of an answer in any supported form, and apply them to files."""

from collections.abc import Mapping

from refinegraph.tools.edits.application import apply_edits
from refinegraph.tools.edits.fences import fenced_parts, is_fence
from refinegraph.tools.edits.line_edits import read_line_edits
from refinegraph.tools.edits.lines import as_block
from refinegraph.tools.edits.paths import path_in_info, read_path
from refinegraph.tools.edits.search_blocks import (
    FORM,
    has_markers,
    read_labelled,
    read_marked,
    read_tagged,
)
from refinegraph.tools.edits.types import Edit, EditResult, RejectedEdit, Replacement, WholeFile
from refinegraph.tools.edits.unified_diff import has_diff, read_diff
from refinegraph.tools.programs import MAX_ANSWER
from refinegraph.tools.programs.python_source import clean_text

_NO_EDIT = f"The answer contains no edit. An edit has the form\n{FORM}"


def read_edits(text: str, *, truncated: bool = False) -> list[Edit] | RejectedEdit:
    r"""Return the edits of an answer in order, or a refusal if it contains none.

    These forms are tried in order, and only edits of the first form found are returned: search and
    replace blocks with the markers of aider, Cline or git conflicts, as tags, or as two fenced
    blocks under headings; unified diffs; edits by line number; and whole files, which are fenced
    blocks with a path. An answer that was cut off (`truncated`) is refused if its last block is
    unclosed. Never raises, whatever the text.

    >>> answer = "<<<<<<< SEARCH\na - b\n=======\na + b\n>>>>>>> REPLACE"
    >>> read_edits(answer)
    [Replacement(search='a - b\n', replace='a + b\n', path='', line=None, closed=True)]
    """
    if len(text) > MAX_ANSWER:
        reason = f"The answer has {len(text):,} characters; the limit is {MAX_ANSWER:,}."
        return RejectedEdit(kind="unsupported", reason=reason)
    edits = _read(clean_text(text))
    if isinstance(edits, RejectedEdit):
        return edits
    if truncated and edits and isinstance(edits[-1], Replacement) and not edits[-1].closed:
        reason = f"Edit {len(edits)} is cut off before its end, `>>>>>>> REPLACE`."
        return RejectedEdit(kind="incomplete", reason=reason, edit=len(edits) - 1)
    return edits or RejectedEdit(kind="no_edit", reason=_NO_EDIT)


def edit_files(
    text: str, files: Mapping[str, str], *, truncated: bool = False
) -> EditResult | RejectedEdit:
    r"""Apply all edits of an answer to files by path, or none of them.

    >>> answer = "app.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE"
    >>> edit_files(answer, {"app.py": "x = 1\n"}).files["app.py"]
    'x = 2\n'
    >>> edit_files(answer, {"main.py": "y = 1\n"}).kind
    'unknown_path'
    """
    edits = read_edits(text, truncated=truncated)
    return edits if isinstance(edits, RejectedEdit) else apply_edits(edits, files)


def _read(text: str) -> list[Edit] | RejectedEdit:
    if has_markers(text):
        return read_marked(text)
    edits = read_tagged(text) or read_labelled(text)
    if edits:
        return edits
    if has_diff(text):
        return read_diff(text)
    return read_line_edits(text) or _whole_files(text)


def _whole_files(text: str) -> list[Edit]:
    """Return the fenced blocks with a path: in the info string, on the line before, or inside."""
    lines = text.split("\n")
    files: list[Edit] = []
    for part in fenced_parts(lines):
        before = lines[part.start - 1] if part.start else ""
        path = path_in_info(part.info) or ("" if is_fence(before) else read_path(before))
        body = part.lines
        if not path and body and body[0].lstrip().startswith(("#", "//", "--", "<!--")):
            path, body = read_path(body[0]), body[1:]
        if path:
            files.append(WholeFile(text=as_block(body), path=path))
    return files
