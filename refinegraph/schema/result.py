"""The result of a run."""

from typing import Literal

from pydantic import AliasChoices, Field

from refinegraph.schema.base import Frozen
from refinegraph.schema.candidate import Candidate, Note, Review
from refinegraph.schema.decision import (
    Decision,
    Difficulty,
    Failure,
    RejectedRefinement,
    StopReason,
)
from refinegraph.schema.problem import VisibleTest
from refinegraph.schema.usage import Usage
from refinegraph.schema.verdict import Isolation
from refinegraph.support import notebook

SCHEMA_VERSION = 2
"""Version of the JSON that `RefinementResult.report` produces."""


class Selection(Frozen):
    """The chosen candidate, and the reason for the choice."""

    candidate_id: str | None
    """None if there was no usable candidate."""
    reason: str


class ModelNames(Frozen):
    """The model of every role; None for roles that were not used."""

    solver: str | None = None
    reviewer: str | None = None
    refiner: str | None = None
    tester: str | None = None


class TimedSpan(Frozen):
    """The duration of a part of a run: a node, a model call or a sandbox run."""

    kind: Literal["run", "node", "call", "sandbox"]
    name: str
    began: float
    """Seconds since the run began."""
    ended: float
    detail: str = ""


class SampleCount(Frozen):
    """The number of samples that a run has requested with one request."""

    request: str
    """A digest of the request's model, messages and settings."""
    samples: int


class RefinementResult(Frozen):
    """The result of a run: the answer, the evidence for it, and its cost."""

    problem_id: str
    solved: bool | None
    """True if the visible tests passed, False if they refute the answer, None if nothing could
    check it. Visible tests are evidence and do not prove correctness."""
    answer: str | None
    """The whole program or the final answer; None if no model gave a usable one."""
    strategy: str
    difficulty: Difficulty | None
    rounds: int
    stop_reason: StopReason
    selection: Selection
    usage: Usage
    candidates: tuple[Candidate, ...]
    reviews: tuple[Review, ...] = ()
    # Records written before version 0.2 call the field `reverted`.
    rejected: tuple[RejectedRefinement, ...] = Field(
        default=(), validation_alias=AliasChoices("rejected", "reverted")
    )
    decisions: tuple[Decision, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[Note, ...] = ()
    tests: tuple[VisibleTest, ...] = ()
    isolation: Isolation | None = None
    """None if nothing was executed."""
    models: ModelNames = ModelNames()
    seed: int | None = None
    timeline: tuple[TimedSpan, ...] = ()
    """The spans of the process that ended the run."""
    schema_version: int = SCHEMA_VERSION

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that the answer is taken from."""
        chosen = self.selection.candidate_id
        return next((candidate for candidate in self.candidates if candidate.id == chosen), None)

    def __str__(self) -> str:
        """Return the answer and the summary of the run in one screen; `repr` has every field."""
        return notebook.text_of(self) or super().__str__()

    def _repr_html_(self) -> str | None:
        """Return the run as HTML for notebooks."""
        return notebook.html_of(self)
