"""Locate faults by executed lines, tracebacks and names, without a model."""

from refinegraph.tools.localisation.evidence import describe_suspects
from refinegraph.tools.localisation.program_suspects import program_suspects
from refinegraph.tools.localisation.ranking import rank_suspects
from refinegraph.tools.localisation.spectrum import (
    FORMULAS,
    ExecutedLines,
    Line,
    Spectrum,
    suspiciousness,
)

__all__ = [
    "FORMULAS",
    "ExecutedLines",
    "Line",
    "Spectrum",
    "describe_suspects",
    "program_suspects",
    "rank_suspects",
    "suspiciousness",
]
