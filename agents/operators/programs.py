"""Run a candidate's program, for problems whose answer the program prints."""

from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.schema import Candidate, Note
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox

_LONGEST = 2_000
"""Maximum characters of output shown to a model; the end of longer output is kept."""


class run_code(Operator):
    """Run the Python program in each parent's text and note what it printed or raised.

    The note is of kind `result` and refers to the parent; it also says if the text contains no
    program. Intended for problems that ask for an answer which a program computes; code problems
    have tests instead. Costs one sandbox run per parent.

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
        """The name of the operator's node."""
        return "run"

    @property
    def proposes(self) -> bool:
        """False, because a program's output is not a candidate."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return one note per parent."""
        return Outcome(notes=tuple([await self._note(parent) for parent in task.parents]))

    async def _note(self, parent: Candidate) -> Note:
        return Note(kind="result", about=parent.id, text=await self.output_of(parent.text))

    async def output_of(self, text: str) -> str:
        """Return what the program in a text prints or raises, or why it was not run."""
        source = extract_program(text).source
        if source is None:
            return "The text holds no program."
        verdict = await self.sandbox.run(source)
        output = "\n".join(filter(None, [verdict.stdout.strip(), verdict.stderr.strip()]))
        if verdict.passed:
            return output[-_LONGEST:] or "(nothing was printed)"
        return f"{verdict.status}: {verdict.detail}\n{output}".strip()[-_LONGEST:]
