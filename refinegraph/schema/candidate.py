"""Candidates, their scores and reviews, and notes."""

from functools import lru_cache
from typing import Literal

from pydantic import AliasChoices, Field, model_validator

from refinegraph.schema.base import Frozen, fields_with
from refinegraph.schema.verdict import Verdict

Role = Literal["solver", "refiner", "person"]
"""The coarse author of a candidate, for reports; `Candidate.operator` is exact."""

NoteKind = Literal["lesson", "episode", "fact", "subproblem", "result", "question"]
"""The kind of a note: a lesson, an attempt, a fact, a part of the problem, its result, or a
question derived from it."""


@lru_cache(maxsize=4096)  # merging and ranking request the order of every candidate repeatedly
def _order_of(id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in id.split("."))


_OPERATOR_OF_ROLE = {"solver": "solve", "refiner": "refine", "person": "person"}


class Score(Frozen):
    """One scorer's judgement of one candidate."""

    scorer: str
    value: float | None
    """Higher is better; None if the scorer could not judge the candidate."""
    steps: tuple[float, ...] = ()
    """One value per step, if the scorer judges steps."""
    evidence: str = ""


class Step(Frozen):
    """One step of a solution, as offsets into the candidate's text."""

    start: int
    end: int


class Alternative(Frozen):
    """A token that the model could have written instead, at one place of a candidate's text."""

    start: int
    """Offset of the replaced token in the text."""
    token: str
    gap: float
    """How much less likely the text would be with it than the sample from which it descends, in
    nats and counting replaced tokens only; negative if it would be more likely."""


class Candidate(Frozen):
    """A proposed solution, or an unfinished part of one."""

    id: str
    """`ROUND.NUMBER`: `0.2` is the third sample, `1.0` the first refinement of round one."""
    operator: str = "solve"
    """The name of the operator that created it; `person` if a person wrote it."""
    round: int = 0
    """0 for the first samples, then the round of refinement that created it."""
    turn: int = 0
    """The number of the decision that requested it."""
    move: int = 0
    """The index of its move in that decision."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it was created from; empty for a fresh sample."""
    text: str
    """The model's text without its reasoning."""
    edited: bool = False
    """Whether the text contains edits of the parent's program instead of a whole program."""
    complete: bool = True
    """False for a prefix that is still to be continued. A prefix has no answer and is never
    executed, rejected or selected."""
    reasoning: str = ""
    """The model's reasoning, which is never shown to another agent."""
    program: str | None = None
    """The whole program, for code."""
    answer: str | None = None
    """The final answer, for all other kinds."""
    equivalence_class: str | None = Field(
        default=None, validation_alias=AliasChoices("equivalence_class", "answer_class")
    )
    """The equivalence class of the answer: the same for all candidates with equal answers."""
    unusable: str | None = None
    """Why no program or answer could be extracted from the text, in one sentence."""
    steps: tuple[Step, ...] = ()
    scores: tuple[Score, ...] = ()
    """In the order of the graph's scorers."""
    verdict: Verdict | None = None
    """The result of the visible tests that were given or come from the statement."""
    generated_passed: tuple[str, ...] | None = None
    """Ids of the generated tests that it passed; None before they were run."""
    generated_weight: float = 0.0
    """Weight of the generated tests that it passed: 1 per test, more for repeated ones."""
    behaviour: str | None = None
    """The same for all programs with the same results on every generated test; None before these
    were run."""
    tokens: int = 0
    """Completion tokens spent on it."""
    temperature: float | None = None
    self_certainty: float | None = Field(
        default=None, validation_alias=AliasChoices("self_certainty", "certainty")
    )
    """Mean KL divergence of the model's token distributions from the uniform one, in nats: 0 for
    guesses, None without log-probabilities."""
    mean_logprob: float | None = None
    """Mean natural log-probability of the tokens written for it, which are the new ones of a
    continuation; None without log-probabilities."""
    alternatives: tuple[Alternative, ...] = ()
    """The likeliest tokens that were not written, likeliest first; empty without log-probabilities
    of alternatives, and for other kinds than code."""
    gap: float | None = None
    """The gap of the alternative from which it was written; None for all other candidates."""
    revision: int = 0
    """Incremented when scores or verdicts are added; the higher revision wins in a merge."""

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a candidate in version 1 of the schema."""
        fields = fields_with(data, "role", "parent_id")
        if fields is None:
            return data
        role, parent = fields.pop("role", "solver"), fields.pop("parent_id", None)
        fields.setdefault("operator", _OPERATOR_OF_ROLE.get(role, role))
        fields.setdefault("parents", (parent,) if parent else ())
        return fields

    @property
    def parent_id(self) -> str | None:
        """The id of its first parent, or None."""
        return self.parents[0] if self.parents else None

    @property
    def role(self) -> Role:
        """The coarse author: a person, the Refiner if there are parents, or else the Solver."""
        if self.operator == "person":
            return "person"
        return "refiner" if self.parents else "solver"

    @property
    def score(self) -> float | None:
        """The value of the first scorer that returned one."""
        return next((score.value for score in self.scores if score.value is not None), None)

    @property
    def content(self) -> str | None:
        """The program if there is one, and otherwise the answer."""
        return self.program if self.program is not None else self.answer

    @property
    def sort_key(self) -> tuple[int, ...]:
        """A sort key: the order in which candidates were requested."""
        return _order_of(self.id)


class Review(Frozen):
    """Targeted feedback on one candidate; never a new solution."""

    candidate_id: str
    round: int
    approves: bool
    """Whether the Reviewer found no error; an opinion that never counts as proof."""
    wrong_step: str = ""
    """The first wrong step, quoted or named."""
    evidence: str = ""
    """The reason why the step is wrong."""
    change: str = ""
    """The requested change."""
    text: str = ""
    """The whole review as the model wrote it."""
    edited: bool = False
    """Whether a person changed it."""
    number: int = 0
    """Distinguishes several reviews of one candidate in one round."""
    revision: int = 0
    """Incremented when the review is changed; the higher revision wins in a merge."""


class Note(Frozen):
    """A piece of information to keep that is neither a candidate nor a review."""

    kind: NoteKind = "lesson"
    """`subproblem` and `result` are the plan of `stages` and its results."""
    text: str
    about: str = ""
    """The subject: the id of a candidate or the name of a topic; empty for the whole problem."""
