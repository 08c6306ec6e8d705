"""Edits: parse them from a model's answer and apply them to a program or to several files."""

from refinegraph.tools.edits.application import apply_edits
from refinegraph.tools.edits.programs import EditedProgram, edit_program
from refinegraph.tools.edits.reading import edit_files, read_edits
from refinegraph.tools.edits.types import (
    AppliedEdit,
    DeleteFile,
    Edit,
    EditResult,
    Excerpt,
    LineEdit,
    RejectedEdit,
    Replacement,
    WholeFile,
)

__all__ = [
    "AppliedEdit",
    "DeleteFile",
    "Edit",
    "EditResult",
    "EditedProgram",
    "Excerpt",
    "LineEdit",
    "RejectedEdit",
    "Replacement",
    "WholeFile",
    "apply_edits",
    "edit_files",
    "edit_program",
    "read_edits",
]
