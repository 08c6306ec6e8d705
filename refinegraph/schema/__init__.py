"""The data models that all parts of refinegraph share.

All models are immutable and reject unknown fields, so values can safely be shared between parallel
branches, stored and compared.
"""

from refinegraph.schema.base import Frozen
from refinegraph.schema.candidate import (
    Alternative,
    Candidate,
    Note,
    NoteKind,
    Review,
    Role,
    Score,
    Step,
)
from refinegraph.schema.decision import (
    Action,
    Decision,
    Difficulty,
    Failure,
    Feature,
    Move,
    RejectedRefinement,
    StopReason,
)
from refinegraph.schema.problem import (
    EXECUTED_KINDS,
    AssertCase,
    CallCase,
    CommandCase,
    Gold,
    Kind,
    LabelledProblem,
    Origin,
    Problem,
    Repository,
    SourceExcerpt,
    StdioCase,
    SuspectLine,
    VisibleTest,
)
from refinegraph.schema.result import (
    SCHEMA_VERSION,
    ModelNames,
    RefinementResult,
    SampleCount,
    Selection,
    TimedSpan,
)
from refinegraph.schema.usage import Usage
from refinegraph.schema.verdict import (
    STRENGTHS,
    CaseOutcome,
    CaseStatus,
    Isolation,
    Strength,
    Tier,
    Verdict,
    VerdictStatus,
)

__all__ = [
    "EXECUTED_KINDS",
    "SCHEMA_VERSION",
    "STRENGTHS",
    "Action",
    "Alternative",
    "AssertCase",
    "CallCase",
    "Candidate",
    "CaseOutcome",
    "CaseStatus",
    "CommandCase",
    "Decision",
    "Difficulty",
    "Failure",
    "Feature",
    "Frozen",
    "Gold",
    "Isolation",
    "Kind",
    "LabelledProblem",
    "ModelNames",
    "Move",
    "Note",
    "NoteKind",
    "Origin",
    "Problem",
    "RefinementResult",
    "RejectedRefinement",
    "Repository",
    "Review",
    "Role",
    "SampleCount",
    "Score",
    "Selection",
    "SourceExcerpt",
    "StdioCase",
    "Step",
    "StopReason",
    "Strength",
    "SuspectLine",
    "Tier",
    "TimedSpan",
    "Usage",
    "Verdict",
    "VerdictStatus",
    "VisibleTest",
]

for _name in __all__:
    if isinstance(globals()[_name], type):
        # Checkpoints and saved values refer to a class by its module. With this module's name they
        # stay readable when a class moves to another file of the package.
        globals()[_name].__module__ = __name__
