"""Apply a model's answer to one program: its edits, or the whole program that it wrote."""

import ast
from dataclasses import dataclass

from refinegraph.tools.edits.application import apply_edits
from refinegraph.tools.edits.elisions import elided_at
from refinegraph.tools.edits.fences import fenced_parts
from refinegraph.tools.edits.reading import read_edits
from refinegraph.tools.edits.types import EditResult, RejectedEdit, WholeFile
from refinegraph.tools.programs import extract_program
from refinegraph.tools.programs.python_source import clean_text, parse_module

_UNNAMED = ""


@dataclass(frozen=True, kw_only=True)
class EditedProgram:
    """A program after a model's answer was applied."""

    source: str
    """The whole program."""
    applied: EditResult | None = None
    """How the edits were applied; None if the answer contains a whole program instead."""


def edit_program(
    text: str,
    program: str,
    *,
    entry_point: str | None = None,
    preamble: str = "",
    truncated: bool = False,
) -> EditedProgram | RejectedEdit:
    r"""Apply an answer to a program: its edits, or the whole program if it has none.

    An answer whose edits do not apply is refused, since a program extracted from it would usually
    be a fragment. As an exception, a block that defines all functions and classes of the program is
    taken as the whole program.

    Args:
        text: The answer.
        program: The program to edit.
        entry_point: The function that a whole program must define.
        preamble: Source that the problem puts before a whole program.
        truncated: Whether the answer was cut off, so that an unclosed edit is refused.

    >>> program = "def add(a, b):\n    return a - b\n"
    >>> edit_program("```diff\n-    return a - b\n+    return a + b\n```", program).source
    'def add(a, b):\n    return a + b\n'
    >>> edit_program("```python\ndef add(a, b): return a + b\n```", program).applied is None
    True
    """
    edits = read_edits(text, truncated=truncated)
    if isinstance(edits, list) and not any(isinstance(edit, WholeFile) for edit in edits):
        applied = apply_edits(edits, {_UNNAMED: program})
        if isinstance(applied, RejectedEdit):
            return _complete_block(text, program) or applied
        return EditedProgram(source=applied.files[_UNNAMED], applied=applied)
    if isinstance(edits, RejectedEdit) and edits.kind != "no_edit":
        return edits
    return _whole_program(text, program, entry_point=entry_point, preamble=preamble)


def _whole_program(
    text: str, program: str, *, entry_point: str | None, preamble: str
) -> EditedProgram | RejectedEdit:
    read = extract_program(text, entry_point=entry_point, preamble=preamble)
    if read.source is None:
        return RejectedEdit(
            kind="no_edit", reason=read.problem or "The answer contains no program."
        )
    if elided_at(read.source.split("\n"), original=program.split("\n")):
        reason = "The program omits lines with '...'; write it in full."
        return RejectedEdit(kind="elided", reason=reason)
    return EditedProgram(source=read.source.strip("\n"))


def _complete_block(text: str, program: str) -> EditedProgram | None:
    """Return the last fenced block that defines everything that the program defines, or None."""
    required = _definitions(program)
    for block in reversed(fenced_parts(clean_text(text).split("\n"))):
        source = "\n".join(block.lines)
        complete = bool(required) and required <= _definitions(source)
        if complete and not elided_at(block.lines, original=program.split("\n")):
            return EditedProgram(source=source)
    return None


def _definitions(source: str) -> set[str]:
    module = parse_module(source)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in module.body if isinstance(node, kinds)} if module else set()
