"""Inject an error into a candidate on purpose."""

from collections.abc import Iterator
from itertools import islice

from refinegraph.agents.models import Choice
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Draft, Outcome, Task
from refinegraph.schema import Candidate
from refinegraph.tools.mutation.injection import InjectedError, program_errors, text_errors


class damage(Operator):
    """Damage the move's parent at one place: a program by a mutation, a solution by a number.

    The order of the changes is fixed by the seed, and what a run has taken of it is seen from its
    candidates. A change may leave a program right, which is found out where candidates are judged.
    Costs no model call. Proposes nothing for a text that has no place to change.

    >>> import asyncio
    >>> from refinegraph.schema import Move, Problem
    >>> parent = Candidate(id="0.0", text="2 + 2 is 4, so the answer is 4.", answer="4")
    >>> move = Move(operator="damage", parents=("0.0",))
    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=move, parents=(parent,))
    >>> len(asyncio.run(damage().apply(task)).drafts)
    1
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    @property
    def name(self) -> str:
        """The name of its node."""
        return "damage"

    async def apply(self, task: Task) -> Outcome:
        """Return as many damaged texts as the move asks for, each with another error."""
        parent = task.parent
        taken = sum(
            other.parent_id == parent.id and other.operator == task.move.operator
            for other in task.pool
        )
        errors = islice(self._errors(parent), taken, taken + task.count)
        return Outcome(drafts=tuple(Draft(_choice(parent, error)) for error in errors))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"damage(seed={self.seed})"

    def _errors(self, parent: Candidate) -> Iterator[InjectedError]:
        if parent.program is not None:
            return program_errors(parent.program, seed=self.seed)
        return text_errors(parent.text, seed=self.seed)


def _choice(parent: Candidate, error: InjectedError) -> Choice:
    """Return a damaged text in the form in which candidates are read."""
    is_program = parent.program is not None
    return Choice(text=f"```python\n{error.text.strip(chr(10))}\n```" if is_program else error.text)
