"""Programs: extract them from answers, complete them and detect which are the same."""

from refinegraph.tools.programs.entry_points import infer_entry_point
from refinegraph.tools.programs.extraction import (
    MAX_ANSWER,
    Program,
    complete_program,
    extract_program,
)
from refinegraph.tools.programs.fingerprints import normalise_program, program_fingerprint

__all__ = [
    "MAX_ANSWER",
    "Program",
    "complete_program",
    "extract_program",
    "infer_entry_point",
    "normalise_program",
    "program_fingerprint",
]
