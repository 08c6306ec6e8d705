"""Candidates, and what is said of them."""

from functools import lru_cache
from typing import Literal

from pydantic import model_validator

from refinegraph.schema.base import Frozen, fields_with
from refinegraph.schema.verdict import Verdict

Role = Literal["solver", "refiner", "person"]
"""Who wrote a candidate, as coarsely as reports need it; `Candidate.operator` says exactly."""

NoteKind = Literal["lesson", "episode", "fact", "subproblem", "result", "question"]
"""What a note is: something learnt, an attempt, a fact, a part of the problem, its result, or a
question made of it."""


@lru_cache(maxsize=4096)  # merging and ranking ask again for every candidate of a run
def _order_of(id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in id.split("."))


_OPERATOR_OF_ROLE = {"solver": "solve", "refiner": "refine", "person": "person"}


class Score(Frozen):
    """One scorer's judgement of one candidate."""

    scorer: str
    value: float | None
    """Higher is better; None where the scorer could not tell."""
    steps: tuple[float, ...] = ()
    """One value a step, where the scorer judges steps."""
    evidence: str = ""


class Step(Frozen):
    """One step of a solution, as offsets into the candidate's text."""

    start: int
    end: int


class Candidate(Frozen):
    """One proposed solution, or the part of one that is written so far."""

    id: str
    """`ROUND.NUMBER`: `0.2` is the third sample, `1.0` the first refinement of round one."""
    operator: str = "solve"
    """The name of the operator that made it; `person` for what a person wrote."""
    round: int = 0
    """0 for the first samples, then the round of refinement that made it."""
    turn: int = 0
    """The number of the decision that asked for it."""
    move: int = 0
    """The position of its move in that decision."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it was made from; empty for a fresh sample."""
    text: str
    """What the model wrote, without its thinking."""
    edited: bool = False
    """Whether the text holds edits of the parent's program instead of a whole program."""
    complete: bool = True
    """False for a prefix that is to be continued. It has no answer yet: it is never executed,
    rejected or selected."""
    reasoning: str = ""
    """The model's thinking, kept apart; never shown to another agent."""
    program: str | None = None
    """The whole program, for code."""
    answer: str | None = None
    """The final answer, for every other kind."""
    answer_class: str | None = None
    """Shared by all candidates whose answers are equal, however they are written."""
    unusable: str | None = None
    """Why no program or answer could be read from the text, in one sentence."""
    steps: tuple[Step, ...] = ()
    scores: tuple[Score, ...] = ()
    """In the order of the graph's scorers."""
    verdict: Verdict | None = None
    """What the visible tests that were given, or stand in the statement, proved."""
    generated_passed: tuple[str, ...] | None = None
    """Ids of the generated tests that it passed; None before they were run."""
    generated_weight: float = 0.0
    """Weight of the generated tests that it passed: 1 each, more for those written often."""
    behaviour: str | None = None
    """Shared by all programs that returned the same on every generated test; None before these
    were run."""
    tokens: int = 0
    """Completion tokens spent on it."""
    temperature: float | None = None
    certainty: float | None = None
    """How far from guessing the model was while it wrote, in nats, 0 for guesses; None where it
    gave no log-probabilities."""
    mean_logprob: float | None = None
    """Natural log-probability of its tokens on average, as the model gave it; None where it gave
    none."""
    revision: int = 0
    """Grows each time scores or verdicts are added; the higher one wins when two are merged."""

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a candidate that version 1 of the schema wrote."""
        fields = fields_with(data, "role", "parent_id")
        if fields is None:
            return data
        role, parent = fields.pop("role", "solver"), fields.pop("parent_id", None)
        fields.setdefault("operator", _OPERATOR_OF_ROLE.get(role, role))
        fields.setdefault("parents", (parent,) if parent else ())
        return fields

    @property
    def parent_id(self) -> str | None:
        """The first of its parents."""
        return self.parents[0] if self.parents else None

    @property
    def role(self) -> Role:
        """Who wrote it: a person, the Solver, or whoever worked on an earlier candidate."""
        if self.operator == "person":
            return "person"
        return "refiner" if self.parents else "solver"

    @property
    def score(self) -> float | None:
        """The value of the first scorer that could tell."""
        return next((each.value for each in self.scores if each.value is not None), None)

    @property
    def content(self) -> str | None:
        """The program or the answer, whichever the problem asked for."""
        return self.program if self.program is not None else self.answer

    @property
    def order(self) -> tuple[int, ...]:
        """The order in which candidates were asked for, whenever they arrived."""
        return _order_of(self.id)


class Review(Frozen):
    """Targeted feedback on one candidate; never a new solution."""

    candidate_id: str
    round: int
    approves: bool
    """Whether the Reviewer found nothing wrong. An opinion: never counts as proof."""
    wrong_step: str = ""
    """The first wrong step, quoted or named."""
    evidence: str = ""
    """Why it is wrong."""
    change: str = ""
    """What to change."""
    text: str = ""
    """The whole review as the model wrote it."""
    edited: bool = False
    """Whether a person changed it."""
    number: int = 0
    """Tells apart several reviews of one candidate in one round."""
    revision: int = 0
    """Grows each time the review is changed; the higher one wins when two are merged."""


class Note(Frozen):
    """Something worth remembering that is neither a candidate nor a review."""

    kind: NoteKind = "lesson"
    """`subproblem` and `result` are the plan of `stages` and what became of it."""
    text: str
    about: str = ""
    """What it concerns: the id of a candidate, the name of a topic; empty for the whole problem."""
