"""What an operator is shown, and what it may give back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from refinegraph.agents.models import Choice
from refinegraph.errors import DeadlineExceeded, InputError, ModelError
from refinegraph.schema import Candidate, Move, Note, Problem, Review, VisibleTest


@dataclass(frozen=True, kw_only=True)
class Task:
    """One move as its operator sees it. Nothing here can be changed.

    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="solve"))
    >>> task.count, task.parents
    (1, ())
    """

    problem: Problem
    move: Move
    tests: tuple[VisibleTest, ...] = ()
    """The visible tests; hidden ones are never here."""
    parents: tuple[Candidate, ...] = ()
    """The candidates that the move starts from."""
    pool: tuple[Candidate, ...] = ()
    """Every candidate of the run, in the order in which they were asked for."""
    reviews: tuple[Review, ...] = ()
    """The latest reviews of the parents."""
    notes: tuple[Note, ...] = ()
    round: int = 0

    @property
    def count(self) -> int:
        """How many candidates are asked for."""
        return self.move.count

    @property
    def instruction(self) -> str:
        """The word that the policy has for the operator; empty for none."""
        return self.move.instruction

    @property
    def parent(self) -> Candidate:
        """The first parent; raises `InputError` for a move that has none."""
        if not self.parents:
            raise InputError(
                f"operator {self.move.operator!r} works on a candidate, but its move names no "
                "parents; name them in the policy, as in Move(operator=..., parents=('0.0',))."
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
    def line(self) -> tuple[Candidate, ...]:
        """The first parent and the candidates that it came from, the oldest first."""
        by_id = {candidate.id: candidate for candidate in self.pool}
        return (*_ancestors(self.parents[0], by_id), *self.parents[:1]) if self.parents else ()

    @property
    def attempt(self) -> int:
        """How often the first parent's program or text was worked on before, under any id."""
        alike = {other.id for other in self.pool if other.content == self.parent.content}
        return sum(other.parent_id in alike for other in self.pool)

    @property
    def earlier(self) -> tuple[Candidate, ...]:
        """What was tried before in this line of repair: ancestors, then the parent's children."""
        by_id = {candidate.id: candidate for candidate in self.pool}
        children = [other for other in self.pool if other.parent_id == self.parent.id]
        line = [*_ancestors(self.parent, by_id), *children]
        distinct = {other.content: other for other in line if other.content}
        return tuple(other for text, other in distinct.items() if text != self.parent.content)

    def over(self, parents: Iterable[Candidate]) -> "Task":
        """Return the same task with other parents."""
        chosen = tuple(parents)
        move = self.move.model_copy(update={"parents": tuple(parent.id for parent in chosen)})
        return replace(self, parents=chosen, move=move)


def _ancestors(candidate: Candidate, by_id: dict[str, Candidate]) -> list[Candidate]:
    """Return the first parents of a candidate, the oldest first."""
    line: list[Candidate] = []
    ancestor = by_id.get(candidate.parent_id or "")
    while ancestor:
        line.insert(0, ancestor)
        ancestor = by_id.get(ancestor.parent_id or "")
    return line


class Draft(NamedTuple):
    """A text that is to be read as a candidate."""

    choice: Choice
    complete: bool = True
    """False for a prefix that another move may continue."""
    temperature: float | None = None
    parents: tuple[str, ...] | None = None
    """Ids of the candidates that it was made from; the task's parents if None."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a move brought. Its cost is not part of it: calls are charged as they are made."""

    drafts: tuple[Draft, ...] = ()
    reviews: tuple[Review, ...] = ()
    notes: tuple[Note, ...] = ()
    tests: tuple[VisibleTest, ...] = ()
    errors: tuple[ModelError | DeadlineExceeded, ...] = ()
    """What kept a part of the move from its result, where other parts succeeded."""

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return both outcomes as one."""
        return Outcome(
            drafts=self.drafts + other.drafts,
            reviews=self.reviews + other.reviews,
            notes=self.notes + other.notes,
            tests=self.tests + other.tests,
            errors=self.errors + other.errors,
        )


def drafts_of(choices: Sequence[Choice], *, complete: bool = True) -> tuple[Draft, ...]:
    """Return the choices of a model as drafts."""
    return tuple(Draft(choice, complete) for choice in choices)
