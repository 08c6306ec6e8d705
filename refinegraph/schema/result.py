"""How a run ended."""

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
    """The candidate chosen, and why."""

    candidate_id: str | None
    """None where there was no usable candidate."""
    reason: str


class ModelNames(Frozen):
    """The model behind each role; None where a role was not used."""

    solver: str | None = None
    reviewer: str | None = None
    refiner: str | None = None
    tester: str | None = None


class TimedSpan(Frozen):
    """Something that took time in a run: a node, a model call, a sandbox run."""

    kind: Literal["run", "node", "call", "sandbox"]
    name: str
    began: float
    """Seconds since the run began."""
    ended: float
    detail: str = ""


class SamplesAsked(Frozen):
    """How many samples of one request a run has asked for."""

    request: str
    """What the request is known by: a digest of model, messages and settings."""
    samples: int


class RefinementResult(Frozen):
    """How a run ended: the answer, what proved it, and what it cost."""

    problem_id: str
    solved: bool | None
    """True where visible tests passed, False where they refute the answer, None where nothing
    could check it. Visible tests are evidence, not proof of correctness."""
    answer: str | None
    """The whole program, or the final answer; None where no model gave a usable one."""
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
    """None where nothing was executed."""
    models: ModelNames = ModelNames()
    seed: int | None = None
    timeline: tuple[TimedSpan, ...] = ()
    """What ran when, in the process that ended the run."""
    schema_version: int = SCHEMA_VERSION

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that the answer is taken from."""
        wanted = self.selection.candidate_id
        return next((each for each in self.candidates if each.id == wanted), None)

    def __str__(self) -> str:
        """Return the answer and the summary of the run in one screen; `repr` has every field."""
        return notebook.text_of(self) or super().__str__()

    def _repr_html_(self) -> str | None:
        """Show the run in a notebook: its course, the candidates, the decisions."""
        return notebook.html_of(self)
