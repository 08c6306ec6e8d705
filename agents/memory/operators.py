"""Operators that read and write a memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from refinegraph.agents.memory.memory import Memory
from refinegraph.agents.operators.algebra import Operator, OperatorLike, as_operator
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.errors import InputError
from refinegraph.schema import Note

TaskQuery = Callable[[Task], str]
"""Returns the text for which a memory is searched."""


def statement(task: Task) -> str:
    """Return the problem's statement and the text of the first parent."""
    parent = task.parents[0].text if task.parents else ""
    return f"{task.problem.prompt}\n{parent}".strip()


class recall(Operator):
    """Add the relevant notes of a memory to the run, for the operators that follow.

    Costs no model call unless the memory embeds texts. The notes become part of the run's state,
    so they appear in its report and a resumed run sees the same notes.

    >>> import asyncio
    >>> from langgraph.store.memory import InMemoryStore
    >>> from refinegraph.agents.memory import StoreMemory
    >>> from refinegraph.schema import Move, Problem
    >>> memory = StoreMemory(InMemoryStore())
    >>> asyncio.run(memory.add([Note(text="Check the empty list.")]))
    >>> task = Task(problem=Problem(prompt="Reverse a list."), move=Move(operator="solve"))
    >>> [note.text for note in asyncio.run(recall(memory).apply(task)).notes]
    ['Check the empty list.']
    """

    def __init__(self, memory: Memory, *, k: int = 3, query: TaskQuery = statement) -> None:
        if k < 1:
            raise InputError(f"k must be at least 1 for recall, got {k}.")
        self.memory = memory
        self.k = k
        self.query = query

    async def apply(self, task: Task) -> Outcome:
        """Return the relevant notes that the run does not have yet."""
        notes = await self.memory.recall(self.query(task), k=self.k)
        return Outcome(notes=tuple(note for note in notes if note not in task.notes))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"recall({self.memory!r}, k={self.k})"


class remember(Operator):
    """Keep the notes of an operator in a memory; the run has them as well.

    The writer sees only what every operator sees, so neither hidden tests nor reference answers
    can enter a memory. Costs as much as the writer.
    """

    def __init__(self, memory: Memory, writer: OperatorLike) -> None:
        self.memory = memory
        self.writer = as_operator(writer)

    async def apply(self, task: Task) -> Outcome:
        """Return the writer's outcome after keeping its notes."""
        outcome = await self.writer.apply(task)
        if outcome.notes:
            await self.memory.add(tuple(_lasting(note, task) for note in outcome.notes))
        return outcome

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"remember({self.memory!r}, {self.writer!r})"


def _lasting(note: Note, task: Task) -> Note:
    """Return a note without a candidate's id, which means nothing to another run."""
    of_this_run = any(note.about == candidate.id for candidate in task.pool)
    return note.model_copy(update={"about": ""}) if of_this_run else note


class with_notes(Operator):
    """Show an operator the newest notes of the run as part of its instruction.

    Notes about the move's parents and their ancestors come last, so they are the ones kept when
    `limit` drops others. Costs as much as the operator, with a longer prompt.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.agents import Solver
    >>> with_notes(Solver(ScriptedChatModel(["4"])))
    with_notes(Solver('scripted', samples=1))
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
        """The name of the inner operator."""
        return self.inner.name

    async def apply(self, task: Task) -> Outcome:
        """Apply the operator with the notes appended to its instruction."""
        own = {candidate.id for candidate in (*task.lineage, *task.parents)}
        shown = sorted(task.notes, key=lambda note: note.about in own)[-self.limit :]
        if not shown:
            return await self.inner.apply(task)
        instruction = "\n\n".join(
            filter(None, [task.instruction, listed(shown, heading=self.heading)])
        )
        move = task.move.model_copy(update={"instruction": instruction})
        return await self.inner.apply(replace(task, move=move))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"with_notes({self.inner!r})"


def listed(notes: Sequence[Note], *, heading: str) -> str:
    """Format notes as a list under a heading.

    >>> print(listed([Note(text="Check 0.")], heading="From before"))
    From before
    - Check 0.
    """
    return "\n".join([heading, *(f"- {note.text}" for note in notes)])
