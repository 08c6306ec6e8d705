"""Act in an environment: one thought, one action, one observation."""

from collections.abc import Callable, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.environments.environment import Environment, Observation
from refinegraph.agents.environments.transcript import (
    ACTION,
    OBSERVATION,
    actions,
    observed,
    read_turn,
    up_to_action,
)
from refinegraph.agents.models import Choice, Sampling, generate, model_name
from refinegraph.agents.operators.algebra import Operator
from refinegraph.agents.operators.task import Draft, Outcome, Task
from refinegraph.schema import Problem
from refinegraph.support.awaiting import wait_for_all

_NO_ACTION = Observation(f"no action was found; write it on a line that begins with `{ACTION}`")
_FORM = (
    f"Think in one or two sentences, then write one action on a line that begins with `{ACTION}` "
    "and stop."
)


class act(Operator):
    """Write one more thought and action after the move's parent, and what the environment shows.

    A candidate holds its whole episode. It is complete when the environment says that the episode
    is over; until then it is never the answer. `Move.keep` goes on from the parent's first actions
    alone, which is how a search takes actions back. `make` returns a fresh environment for every
    candidate, in which the parent's actions are played again. Costs one model call, or one a
    candidate where the provider returns single choices, and the actions of the episode so far.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.agents.environments import ToolUse
    >>> from refinegraph.schema import Move
    >>> step = act(ScriptedChatModel("Easy.\\nAction: finish[4]"), lambda: ToolUse([]))
    >>> task = Task(problem=Problem(prompt="2 + 2?", kind="math"), move=Move(operator="act"))
    >>> draft = asyncio.run(step.apply(task)).drafts[0]
    >>> draft.complete, draft.choice.text.splitlines()[-1]
    (True, 'The answer is 4')
    """

    def __init__(
        self,
        model: BaseChatModel,
        make: Callable[[], Environment],
        *,
        sampling: Sampling | None = None,
    ) -> None:
        self.model = model
        self.make = make
        self.sampling = sampling or Sampling(temperature=0.7)

    async def apply(self, task: Task) -> Outcome:
        """Return as many next steps as the move asks for."""
        so_far = await self._so_far(task)
        environment = self.make()
        first = await environment.reset(task.problem)
        written = await generate(
            self.model,
            _messages(task, first, so_far),
            n=task.count,
            sampling=self.sampling,
            stop=(f"\n{OBSERVATION}",),
        )
        steps = (self._step(task.problem, so_far, choice) for choice in written.choices)
        return Outcome(drafts=tuple(await wait_for_all(*steps)))

    async def _step(self, problem: Problem, so_far: str, choice: Choice) -> Draft:
        turn = read_turn(choice.text)
        played = (*actions(so_far), turn.action) if turn.action else ()
        shown = await self._play(problem, played) if played else _NO_ACTION
        text = "\n".join(filter(None, [so_far, turn.text, observed(shown)]))
        return Draft(choice.model_copy(update={"text": text}), complete=shown.done)

    async def _so_far(self, task: Task) -> str:
        """Return the parent's episode, as far as the move keeps it."""
        whole = task.parents[0].text if task.parents else ""
        if task.move.keep is None or task.move.keep >= len(actions(whole)):
            return whole
        kept = up_to_action(whole, task.move.keep)
        if not kept:
            return ""
        return f"{kept}\n{observed(await self._play(task.problem, actions(kept)))}"

    async def _play(self, problem: Problem, played: Sequence[str]) -> Observation:
        environment = self.make()
        shown = await environment.reset(problem)
        for action in played:
            shown = await environment.step(action)
        return shown

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"act({model_name(self.model)!r})"


def _messages(task: Task, first: Observation, so_far: str) -> list[BaseMessage]:
    parts = [task.problem.prompt.strip(), first.text, _FORM, task.instruction, so_far]
    return [HumanMessage("\n\n".join(filter(None, parts)))]
