"""Run the program that a candidate holds, for problems whose answer it prints."""

from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.schema import Candidate, Note
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox

_LONGEST = 2_000
"""Characters of output that a model is shown."""


class run_code(Operator):
    """Run the Python program in each parent's text and note what it printed or raised.

    The note is of kind `result` and about the parent; a text without a program gets a note that
    says so. For problems that ask for an answer and let a program find it: code problems have
    their tests. Costs one sandbox run a parent.

    >>> import asyncio
    >>> from refinegraph.schema import Move, Problem
    >>> parent = Candidate(id="0.0", text="```python\\nprint(6 * 7)\\n```")
    >>> task = Task(problem=Problem(prompt="?"), move=Move(operator="run"), parents=(parent,))
    >>> asyncio.run(run_code().apply(task)).notes[0].text
    '42'
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox or Sandbox()

    @property
    def name(self) -> str:
        """The name of its node."""
        return "run"

    @property
    def proposes(self) -> bool:
        """What a program prints is no candidate."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note a parent."""
        return Outcome(notes=tuple([await self._note(parent) for parent in task.parents]))

    async def _note(self, parent: Candidate) -> Note:
        return Note(kind="result", about=parent.id, text=await self.output_of(parent.text))

    async def output_of(self, text: str) -> str:
        """Return what the program in a text prints or raises, or why it was not run."""
        source = extract_program(text).source
        if source is None:
            return "The text holds no program."
        ran = await self.sandbox.run(source)
        said = "\n".join(filter(None, [ran.stdout.strip(), ran.stderr.strip()]))
        if ran.passed:
            return said[-_LONGEST:] or "(nothing was printed)"
        return f"{ran.status}: {ran.detail}\n{said}".strip()[-_LONGEST:]
