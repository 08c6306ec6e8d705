"""Operators that read and write a memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from refinegraph.agents.memory.memory import Memory
from refinegraph.agents.operators.algebra import Operator, OperatorLike, as_operator
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.errors import InputError
from refinegraph.schema import Note

About = Callable[[Task], str]
"""What a memory is asked about."""


def statement(task: Task) -> str:
    """Return the statement of the problem, and the program or text of the first parent."""
    parent = task.parents[0].text if task.parents else ""
    return f"{task.problem.prompt}\n{parent}".strip()


class recall(Operator):
    """Note what a memory holds about the task, for the operators that come after it.

    Costs no model call unless the memory embeds texts. Notes become part of the run's state, so
    that they are on its page and a resumed run sees the same ones.

    >>> import asyncio
    >>> from langgraph.store.memory import InMemoryStore
    >>> from refinegraph.agents.memory import StoreMemory
    >>> from refinegraph.schema import Move, Problem
    >>> memory = StoreMemory(InMemoryStore())
    >>> asyncio.run(memory.keep([Note(text="Check the empty list.")]))
    >>> task = Task(problem=Problem(prompt="Reverse a list."), move=Move(operator="solve"))
    >>> [note.text for note in asyncio.run(recall(memory).apply(task)).notes]
    ['Check the empty list.']
    """

    def __init__(self, memory: Memory, *, k: int = 3, about: About = statement) -> None:
        if k < 1:
            raise InputError(f"recall of {k} notes makes no sense; expected 1 or more.")
        self.memory = memory
        self.k = k
        self.about = about

    async def apply(self, task: Task) -> Outcome:
        """Return the notes that the run does not have yet."""
        notes = await self.memory.recall(self.about(task), k=self.k)
        return Outcome(notes=tuple(note for note in notes if note not in task.notes))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"recall({self.memory!r}, k={self.k})"


class remember(Operator):
    """Keep in a memory what an operator notes; the notes are in the run as well.

    The writer is shown what every operator is shown, so no hidden test and no reference answer can
    get into a memory. Costs what the writer costs.
    """

    def __init__(self, memory: Memory, writer: OperatorLike) -> None:
        self.memory = memory
        self.writer = as_operator(writer)

    async def apply(self, task: Task) -> Outcome:
        """Return what the writer returns, after its notes are kept."""
        outcome = await self.writer.apply(task)
        if outcome.notes:
            await self.memory.keep(tuple(_lasting(note, task) for note in outcome.notes))
        return outcome

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"remember({self.memory!r}, {self.writer!r})"


def _lasting(note: Note, task: Task) -> Note:
    """Return a note without the id of a candidate, which means nothing to another run."""
    of_this_run = any(note.about == candidate.id for candidate in task.pool)
    return note.model_copy(update={"about": ""}) if of_this_run else note


class informed(Operator):
    """Show an operator the newest notes of the run, as a part of its instruction.

    Notes about the move's own parents, and about what those came from, come last, and so are kept
    where `limit` leaves others out. Costs what the operator costs, with a longer prompt.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.agents import Solver
    >>> informed(Solver(ScriptedChatModel(["4"])))
    informed(Solver('scripted', samples=1))
    """

    def __init__(
        self,
        inner: OperatorLike,
        *,
        heading: str = "Notes that may help:",
        limit: int = 5,
    ) -> None:
        self.inner = as_operator(inner)
        self.heading = heading
        self.limit = limit

    @property
    def name(self) -> str:
        """The name of the operator inside."""
        return self.inner.name

    async def apply(self, task: Task) -> Outcome:
        """Apply the operator to the task with the notes in its instruction."""
        own = {candidate.id for candidate in (*task.line, *task.parents)}
        shown = sorted(task.notes, key=lambda note: note.about in own)[-self.limit :]
        if not shown:
            return await self.inner.apply(task)
        words = "\n\n".join(filter(None, [task.instruction, listed(shown, heading=self.heading)]))
        move = task.move.model_copy(update={"instruction": words})
        return await self.inner.apply(replace(task, move=move))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"informed({self.inner!r})"


def listed(notes: Sequence[Note], *, heading: str) -> str:
    """Return notes as a list below a heading.

    >>> print(listed([Note(text="Check 0.")], heading="From before"))
    From before
    - Check 0.
    """
    return "\n".join([heading, *(f"- {note.text}" for note in notes)])
