"""Act in an environment: one thought, one action, one observation."""

from collections.abc import Callable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.environments.environment import Environment, Observation
from refinegraph.agents.environments.sessions import Session, Sessions
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
from refinegraph.schema import Candidate, Problem
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
    parent's first actions only, which lets a search backtrack. `make` creates an environment, which
    stays open while its episode goes on, so that every action is performed once. A second branch of
    an episode, and a resumed run, replay the earlier actions in a fresh environment, unless it is
    `stateless`. An action during which the process was killed is performed again. Costs one model
    call if the provider returns several choices per call, otherwise one per candidate.

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
        self._sessions = Sessions(make)
        # The steps of one move have to differ from each other.
        self.sampling = sampling or Sampling(temperature=0.7)

    async def apply(self, task: Task) -> Outcome:
        """Return as many next steps as the move requests."""
        problem, episode = task.problem, await self._episode(task)
        session = await self._sessions.take(problem, episode)
        try:
            completions = await generate(
                self.model,
                _messages(task, session.first, episode),
                n=task.count,
                sampling=self.sampling,
                stop=(f"\n{OBSERVATION}",),
            )
        except BaseException:
            self._sessions.put(problem, episode, session)
            raise
        first, *others = completions.choices
        steps = [self._step(problem, episode, choice) for choice in others]
        drafts = await wait_for_all(self._step(problem, episode, first, session), *steps)
        return Outcome(drafts=tuple(drafts))

    async def _step(
        self, problem: Problem, episode: str, choice: Choice, session: Session | None = None
    ) -> Draft:
        turn = read_turn(choice.text)
        session = session or await self._sessions.take(problem, episode)
        observation = await session.environment.step(turn.action) if turn.action else _NO_ACTION
        text = "\n".join(filter(None, [episode, turn.text, observed(observation)]))
        if not observation.done:
            self._sessions.put(problem, text, session)
        return Draft(choice.model_copy(update={"text": text}), complete=observation.done)

    async def _episode(self, task: Task) -> str:
        """Return the parent's episode, up to the actions that the move keeps."""
        whole, keep = task.parents[0].text if task.parents else "", task.move.keep
        if keep is None or keep >= len(actions(whole)):
            return whole
        if keep == 0:
            return ""
        recorded = (
            candidate.text for candidate in task.lineage if _is_start(candidate, whole, keep)
        )
        return next(recorded, None) or await self._replayed(task.problem, whole, keep)

    async def _replayed(self, problem: Problem, whole: str, keep: int) -> str:
        """Return the first actions of an episode that no candidate of its line ends with."""
        before, kept = (up_to_action(whole, count) for count in (keep - 1, keep))
        session = await self._sessions.take(problem, before)
        observation = await session.environment.step(actions(kept)[-1])
        return f"{kept}\n{observed(observation)}"

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"act({model_name(self.model)!r})"


def _is_start(candidate: Candidate, whole: str, keep: int) -> bool:
    return whole.startswith(candidate.text) and len(actions(candidate.text)) == keep


def _messages(task: Task, first: Observation, episode: str) -> list[BaseMessage]:
    parts = [task.problem.prompt.strip(), first.text, _FORM, task.instruction, episode]
    return [HumanMessage("\n\n".join(filter(None, parts)))]
