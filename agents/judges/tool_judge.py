"""A judge that uses tools before it gives a score."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from refinegraph.agents.environments import Environment, act
from refinegraph.agents.judges.cached_scores import score_cases
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.operators import Task
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Move, Problem, Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch

_ASK = """Problem:
{problem}

Proposed solution:
{solution}

Find out whether the solution is right. Use the actions to compute or to look up what it claims; \
do not trust it. End with the action `finish[SCORE]`, a number from 0 (wrong) to 10 (right)."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class ToolJudge:
    """Score each candidate from 0 to 1 with a model that uses tools before it decides.

    This is a tool-augmented reward as in Themis (arXiv 2310.01045). The evidence is the judge's
    whole episode, so that a Refiner can read the tools' output. The score is None if the judge
    gives none within `max_actions`. Costs one call per action; judging the same solution again
    costs nothing.

    Args:
        model: The model that judges.
        make: Creates the environment with the tools for one candidate, such as
            `lambda: ToolUse([...])` or `PythonSession`.
        max_actions: Maximum number of actions per judgement.
        prompt: The prompt, with the placeholders `{problem}` and `{solution}`.
        sampling: Sampling settings; the default temperature is 0.
    """

    name = "tool_judge"
    scores_alone = True

    def __init__(
        self,
        model: ModelLike,
        make: Callable[[], Environment],
        *,
        max_actions: int = 5,
        prompt: str = _ASK,
        sampling: Sampling | None = None,
    ) -> None:
        if max_actions < 1:
            raise InputError(f"max_actions must be at least 1, got {max_actions}.")
        self.model = as_chat_model(model)
        self.max_actions = max_actions
        self.prompt = prompt
        self._act = act(self.model, make, sampling=sampling or Sampling(temperature=0.0))
        self._cache: AsyncCache[str, Score] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        prompts = [self._prompt(problem, candidate) for candidate in candidates]
        return await score_cases(prompts, self._cache, self._judge, scorer=self.name)

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"ToolJudge({model_name(self.model)!r}, max_actions={self.max_actions})"

    def _prompt(self, problem: Problem, candidate: Candidate) -> str | None:
        if candidate.content is None:
            return None
        text = (candidate.program or candidate.text).strip()
        return self.prompt.format(problem=problem.prompt.strip(), solution=text)

    async def _judge(self, prompt: str) -> Score:
        problem = Problem(prompt=prompt, kind="text")
        task = Task(problem=problem, move=Move(operator="judge"))
        episode = ""
        for _ in range(self.max_actions):
            draft = (await self._act.apply(task)).drafts[0]
            episode = draft.choice.text
            if draft.complete:
                return self._score(episode)
            unfinished = Candidate(id="0.0", text=episode, complete=False)
            task = replace(task, parents=(unfinished,))
        return self._unknown(f"no score after {self.max_actions} actions:\n{episode}")

    def _score(self, episode: str) -> Score:
        numbers = _NUMBER.findall(episode.rpartition("The answer is")[2])
        if not numbers or float(numbers[0]) > 10:
            return self._unknown(f"no score from 0 to 10:\n{episode}")
        return Score(scorer=self.name, value=float(numbers[0]) / 10, evidence=episode)

    def _unknown(self, why: str) -> Score:
        return Score(scorer=self.name, value=None, evidence=why)
