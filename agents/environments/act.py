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
    """Write one more thought and action after the move's parent, with the resulting observation.

    A candidate contains its whole episode. It is complete once the environment reports that the
    episode is over; until then it is never selected as the answer. `Move.keep` continues from the
    parent's first actions only, which lets a search backtrack. `make` creates a fresh environment
    for every candidate, in which the parent's actions are replayed. Costs one model call if the
    provider returns several choices per call, otherwise one per candidate, and replays the
    actions of the episode so far.

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
        # The steps of one move have to differ from each other.
        self.sampling = sampling or Sampling(temperature=0.7)

    async def apply(self, task: Task) -> Outcome:
        """Return as many next steps as the move requests."""
        episode = await self._episode(task)
        environment = self.make()
        first = await environment.reset(task.problem)
        completions = await generate(
            self.model,
            _messages(task, first, episode),
            n=task.count,
            sampling=self.sampling,
            stop=(f"\n{OBSERVATION}",),
        )
        steps = (self._step(task.problem, episode, choice) for choice in completions.choices)
        return Outcome(drafts=tuple(await wait_for_all(*steps)))

    async def _step(self, problem: Problem, episode: str, choice: Choice) -> Draft:
        turn = read_turn(choice.text)
        replayed = (*actions(episode), turn.action) if turn.action else ()
        observation = await self._play(problem, replayed) if replayed else _NO_ACTION
        text = "\n".join(filter(None, [episode, turn.text, observed(observation)]))
        return Draft(choice.model_copy(update={"text": text}), complete=observation.done)

    async def _episode(self, task: Task) -> str:
        """Return the parent's episode, up to the actions that the move keeps."""
        whole = task.parents[0].text if task.parents else ""
        if task.move.keep is None or task.move.keep >= len(actions(whole)):
            return whole
        kept = up_to_action(whole, task.move.keep)
        if not kept:
            return ""
        return f"{kept}\n{observed(await self._play(task.problem, actions(kept)))}"

    async def _play(self, problem: Problem, to_replay: Sequence[str]) -> Observation:
        environment = self.make()
        observation = await environment.reset(problem)
        for action in to_replay:
            observation = await environment.step(action)
        return observation

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"act({model_name(self.model)!r})"


def _messages(task: Task, first: Observation, episode: str) -> list[BaseMessage]:
    parts = [task.problem.prompt.strip(), first.text, _FORM, task.instruction, episode]
    return [HumanMessage("\n\n".join(filter(None, parts)))]
