"""A judge that uses tools before it gives a score."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.environments import Environment, act
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.operators import Task
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Move, Problem, Score
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory

_ASK = """Problem:
{problem}

Proposed solution:
{solution}

Find out whether the solution is right. Use the actions to compute or to look up what it claims; \
do not trust it. End with the action `finish[SCORE]`, a number from 0 (wrong) to 10 (right)."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class ToolJudge:
    """Score each candidate from 0 to 1 by a model that acts with tools before it decides.

    A reward with tools, as in Themis (arXiv 2310.01045). The evidence is the judge's whole episode,
    so that a Refiner can read what the tools said. None where no score came within `most_actions`.
    Costs one call an action; a solution that was judged before costs nothing.

    Args:
        model: The model that judges.
        make: Makes the environment with the tools, such as `lambda: ToolUse([...])` or
            `PythonSession`; one for each candidate.
        most_actions: How many actions a judgement may take.
        prompt: What is asked, with places for `{problem}` and `{solution}`.
        sampling: How to sample; at temperature 0 unless given.
    """

    name = "tool_judge"
    scores_alone = True

    def __init__(
        self,
        model: BaseChatModel,
        make: Callable[[], Environment],
        *,
        most_actions: int = 5,
        prompt: str = _ASK,
        sampling: Sampling | None = None,
    ) -> None:
        if most_actions < 1:
            raise InputError(f"a judge with {most_actions} actions cannot end; give it 1 or more.")
        self.model = model
        self.most_actions = most_actions
        self.prompt = prompt
        self._act = act(model, make, sampling=sampling or Sampling(temperature=0.0))
        self._known: Memory[str, Score] = Memory()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        asked = [self._asked(problem, candidate) for candidate in candidates]
        with charging(forward=True) as spent:
            told = iter(await self._known.each([each for each in asked if each], self._judge))
        scores = [Score(scorer=self.name, value=None) if not each else next(told) for each in asked]
        kept = (each if isinstance(each, Score) else self._unknown(str(each)) for each in scores)
        return Scored(tuple(kept), spent.usage)

    def __repr__(self) -> str:
        """The call that makes it, with the model by its name."""
        return f"ToolJudge({model_name(self.model)!r}, most_actions={self.most_actions})"

    def _asked(self, problem: Problem, candidate: Candidate) -> str:
        """Return what the judge is asked; empty for a candidate that cannot be judged."""
        if candidate.content is None:
            return ""
        text = (candidate.program or candidate.text).strip()
        return self.prompt.format(problem=problem.prompt.strip(), solution=text)

    async def _judge(self, asked: str) -> Score:
        problem = Problem(prompt=asked, kind="text")
        task = Task(problem=problem, move=Move(operator="judge"))
        episode = ""
        for _ in range(self.most_actions):
            draft = (await self._act.apply(task)).drafts[0]
            episode = draft.choice.text
            if draft.complete:
                return self._score(episode)
            so_far = Candidate(id="0.0", text=episode, complete=False)
            task = replace(task, parents=(so_far,))
        return self._unknown(f"no score after {self.most_actions} actions:\n{episode}")

    def _score(self, episode: str) -> Score:
        said = _NUMBER.findall(episode.rpartition("The answer is")[2])
        if not said or float(said[0]) > 10:
            return self._unknown(f"no score from 0 to 10:\n{episode}")
        return Score(scorer=self.name, value=float(said[0]) / 10, evidence=episode)

    def _unknown(self, why: str) -> Score:
        return Score(scorer=self.name, value=None, evidence=why)
