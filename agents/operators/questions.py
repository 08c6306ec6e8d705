"""Write new questions out of a problem."""

from collections.abc import Mapping, Sequence

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Sampling, generate
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Outcome, Task
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.errors import InputError
from refinegraph.schema import Note

CHANGES: Mapping[str, str] = {
    "rephrased": "Say the same problem in other words. Its answer must stay the same.",
    "harder": "Write a harder problem of the same kind: one more step, or one more condition.",
    "new": "Write another problem that needs the same skill, about something else.",
}
"""What may be asked for, with the instruction for it."""
_ASK = """$problem

$change Do not solve it. Answer with the text of the problem alone."""


class vary_problem(Operator):
    """Have a model write variants of the problem, one note of kind `question` each.

    A note is about the change that was asked for: `rephrased`, `harder` or `new`. Questions are no
    candidates and have no answer; `refinegraph export --format question` writes them. Costs one
    model call a change.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Move, Problem
    >>> vary = vary_problem(ScriptedChatModel("What is 2 + 2 + 2?"), changes=["harder"])
    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="vary"))
    >>> asyncio.run(vary.apply(task)).notes[0].about
    'harder'
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        changes: Sequence[str] = tuple(CHANGES),
        sampling: Sampling | None = None,
    ) -> None:
        unknown = [change for change in changes if change not in CHANGES]
        if unknown or isinstance(changes, str):
            raise InputError(f"changes={changes!r}; expected a list of {', '.join(CHANGES)}.")
        self.model = model
        self.changes = tuple(changes)
        self.sampling = sampling or Sampling(temperature=0.8)

    @property
    def name(self) -> str:
        """The name of its node."""
        return "vary"

    @property
    def proposes(self) -> bool:
        """Questions are no candidates."""
        return False

    async def apply(self, task: Task) -> Outcome:
        """Return a note for every change whose question is not empty or the problem itself."""
        notes = [await self._note(task, change) for change in self.changes]
        return Outcome(notes=tuple(note for note in notes if note))

    async def _note(self, task: Task, change: str) -> Note | None:
        messages = Prompt(user=_ASK).messages(problem=task.problem.prompt, change=CHANGES[change])
        generations = await generate(self.model, messages, n=1, sampling=self.sampling)
        text = generations.choices[0].text.strip()
        same = text == task.problem.prompt.strip()
        return None if same or not text else Note(kind="question", about=change, text=text)
