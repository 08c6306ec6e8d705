"""Apply the answer of a model to one program: its edits, or the whole program that it wrote."""

from dataclasses import dataclass

from refinegraph.tools.edits.application import apply_edits
from refinegraph.tools.edits.elisions import elided_at
from refinegraph.tools.edits.reading import read_edits
from refinegraph.tools.edits.types import Applied, Refusal, WholeFile
from refinegraph.tools.programs import extract_program

_UNNAMED = ""


@dataclass(frozen=True, kw_only=True)
class EditedProgram:
    """A program after the answer of a model."""

    source: str
    """The whole program."""
    applied: Applied | None = None
    """How the edits were applied; None where the answer holds the whole program instead."""


def edit_program(
    text: str,
    program: str,
    *,
    entry_point: str | None = None,
    preamble: str = "",
    truncated: bool = False,
) -> EditedProgram | Refusal:
    r"""Apply an answer to a program: the edits in it, or the whole program where it has none.

    An answer with edits that do not apply is refused, even where a program could be read from it,
    since that would be a fragment more often than not.

    >>> program = "def add(a, b):\n    return a - b\n"
    >>> edit_program("```diff\n-    return a - b\n+    return a + b\n```", program).source
    'def add(a, b):\n    return a + b\n'
    >>> edit_program("```python\ndef add(a, b): return a + b\n```", program).applied is None
    True
    """
    edits = read_edits(text, truncated=truncated)
    if isinstance(edits, list) and not any(isinstance(edit, WholeFile) for edit in edits):
        applied = apply_edits(edits, {_UNNAMED: program})
        if isinstance(applied, Refusal):
            return applied
        return EditedProgram(source=applied.files[_UNNAMED], applied=applied)
    if isinstance(edits, Refusal) and edits.kind != "no_edit":
        return edits
    return _whole_program(text, program, entry_point=entry_point, preamble=preamble)


def _whole_program(
    text: str, program: str, *, entry_point: str | None, preamble: str
) -> EditedProgram | Refusal:
    read = extract_program(text, entry_point=entry_point, preamble=preamble)
    if read.source is None:
        return Refusal(kind="no_edit", reason=read.problem or "The answer holds no program.")
    if elided_at(read.source.split("\n"), known=program.split("\n")):
        reason = "The program leaves lines out with '...'; write it in full."
        return Refusal(kind="elided", reason=reason)
    return EditedProgram(source=read.source.strip("\n"))
