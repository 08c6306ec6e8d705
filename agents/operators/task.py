"""The input of an operator, and its output."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from refinegraph.agents.models import Choice
from refinegraph.errors import DeadlineExceeded, InputError, ModelError
from refinegraph.schema import Alternative, Candidate, Move, Note, Problem, Review, VisibleTest


@dataclass(frozen=True, kw_only=True)
class Task:
    """One move as its operator sees it; immutable.

    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="solve"))
    >>> task.count, task.parents
    (1, ())
    """

    problem: Problem
    move: Move
    tests: tuple[VisibleTest, ...] = ()
    """The visible tests; hidden tests are never included."""
    parents: tuple[Candidate, ...] = ()
    """The candidates from which the move starts."""
    pool: tuple[Candidate, ...] = ()
    """Every candidate of the run, in the order in which they were requested."""
    reviews: tuple[Review, ...] = ()
    """The latest reviews of the parents."""
    notes: tuple[Note, ...] = ()
    round: int = 0

    @property
    def count(self) -> int:
        """The number of candidates requested."""
        return self.move.count

    @property
    def instruction(self) -> str:
        """The policy's instruction to the operator, or an empty string."""
        return self.move.instruction

    @property
    def parent(self) -> Candidate:
        """The first parent; raises `InputError` if the move has none."""
        if not self.parents:
            raise InputError(
                f"operator {self.move.operator!r} needs a parent, but its move has none; "
                "set parents in the policy, as in Move(operator=..., parents=('0.0',))."
            )
        return self.parents[0]

    @property
    def review(self) -> Review | None:
        """The latest review of the first parent."""
        if not self.parents:
            return None
        of_parent = [review for review in self.reviews if review.candidate_id == self.parent.id]
        return of_parent[-1] if of_parent else None

    @property
    def lineage(self) -> tuple[Candidate, ...]:
        """The first parent preceded by its ancestors, oldest first."""
        by_id = {candidate.id: candidate for candidate in self.pool}
        return (*_ancestors(self.parents[0], by_id), *self.parents[:1]) if self.parents else ()

    @property
    def attempt(self) -> int:
        """The number of earlier attempts on the first parent's content, under any candidate id."""
        same_content = {other.id for other in self.pool if other.content == self.parent.content}
        return sum(other.parent_id in same_content for other in self.pool)

    @property
    def earlier_attempts(self) -> tuple[Candidate, ...]:
        """Distinct earlier attempts of this repair: the parent's ancestors, then its children."""
        by_id = {candidate.id: candidate for candidate in self.pool}
        children = [other for other in self.pool if other.parent_id == self.parent.id]
        line = [*_ancestors(self.parent, by_id), *children]
        distinct = {other.content: other for other in line if other.content}
        return tuple(other for text, other in distinct.items() if text != self.parent.content)

    def over(self, parents: Iterable[Candidate]) -> "Task":
        """Return the task with other parents."""
        selected = tuple(parents)
        move = self.move.model_copy(update={"parents": tuple(parent.id for parent in selected)})
        return replace(self, parents=selected, move=move)


def _ancestors(candidate: Candidate, by_id: dict[str, Candidate]) -> list[Candidate]:
    """Return the ancestors of a candidate along first parents, oldest first."""
    line: list[Candidate] = []
    ancestor = by_id.get(candidate.parent_id or "")
    while ancestor:
        line.insert(0, ancestor)
        ancestor = by_id.get(ancestor.parent_id or "")
    return line


class Draft(NamedTuple):
    """A text to be parsed as a candidate."""

    choice: Choice
    complete: bool = True
    """False for a prefix that another move may continue."""
    temperature: float | None = None
    parents: tuple[str, ...] | None = None
    """Ids of the candidates from which it was derived; the task's parents if None."""
    alternatives: tuple[Alternative, ...] | None = None
    """Tokens that could have been written instead; None to read them from the choice."""
    gap: float | None = None
    """The gap of the alternative from which it was written."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a move, without its cost: calls are charged when they are made."""

    drafts: tuple[Draft, ...] = ()
    reviews: tuple[Review, ...] = ()
    notes: tuple[Note, ...] = ()
    tests: tuple[VisibleTest, ...] = ()
    errors: tuple[ModelError | DeadlineExceeded, ...] = ()
    """Errors of the parts of the move that failed while others succeeded."""

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return the two outcomes combined."""
        return Outcome(
            drafts=self.drafts + other.drafts,
            reviews=self.reviews + other.reviews,
            notes=self.notes + other.notes,
            tests=self.tests + other.tests,
            errors=self.errors + other.errors,
        )


def drafts_of(choices: Sequence[Choice], *, complete: bool = True) -> tuple[Draft, ...]:
    """Return a model's choices as drafts."""
    return tuple(Draft(choice, complete) for choice in choices)
