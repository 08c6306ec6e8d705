"""Judges that score one solution at a time: as a whole, step by step, or by a reference answer."""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.judges.cached_scores import score_cases
from refinegraph.agents.judges.replies import OutcomeReply, StepsReply
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import ANSWER_FIRST, JUDGE, OWN_ANSWER, STEP_JUDGE
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.structured_output import StructuredModel
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Kind, Problem, Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch
from refinegraph.tools.step_scores import StepAggregation, product
from refinegraph.tools.steps import step_texts

JudgeVote = Literal["mean", "median", "majority"]
Vote = Callable[[Sequence[float]], float]


class Case(NamedTuple):
    """One solution to judge; also the key under which its score is cached."""

    prompt: str
    kind: Kind
    text: str


class Opinion(NamedTuple):
    """One judge's opinion of a solution."""

    value: float
    steps: tuple[float, ...] = ()
    reason: str = ""


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _majority(values: Sequence[float]) -> float:
    """Return the share of judges above one half; a judge at exactly one half counts as half."""
    return _mean([1.0 if value > 0.5 else 0.5 if value == 0.5 else 0.0 for value in values])


_VOTES: dict[JudgeVote, Vote] = {
    "mean": _mean,
    "median": statistics.median,
    "majority": _majority,
}


class Judge:
    """Score each candidate from 0 to 1 by asking a chat model (arXiv 2306.05685).

    `judges` independent answers are combined by `vote`: their mean, their median, or the share
    that considers the solution right. An answer that cannot be parsed counts as unparsable and is
    requested once more; if that fails too, the judge has no vote. The score is None if there is
    no vote, or if the candidate's answer or program could not be extracted.

    Costs one call per candidate if the provider returns several choices per call, otherwise one
    per judge, and one for each repeated request. Judging the same solution again costs nothing.
    Raises `ModelError` if the model failed for every candidate; never because of what a model
    writes.

    Args:
        model: The model that judges.
        judges: Number of answers about each solution.
        vote: How the answers are combined.
        sampling: Sampling settings; the default temperature is 0 for one judge, 0.7 for several.
        prompt: The prompt, with the placeholders `$problem` and `$solution`. It has to ask for a
            JSON object with `reason` and `score`, a number from 0 to 10.
        scores_unfinished: Whether to judge incomplete solutions as far as they are written.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> judge = Judge(ScriptedChatModel('{"reason": "it adds", "score": 8}'))
    >>> pool = [Candidate(id="0.0", operator="solve", text="1 + 1 = 2", answer="2")]
    >>> asyncio.run(judge(Problem(prompt="1 + 1?", kind="math"), pool)).scores[0].value
    0.8
    """

    name = "judge"
    scores_alone = True
    """Every solution is judged independently of the others."""

    def __init__(
        self,
        model: ModelLike,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
        scores_unfinished: bool = True,
    ) -> None:
        if judges < 1 or vote not in _VOTES:
            raise InputError(
                f"unknown settings: judges={judges!r}, vote={vote!r}; expected at least one judge "
                f"and a vote among {', '.join(_VOTES)}."
            )
        self.model = as_chat_model(model)
        self.judges = judges
        self.vote: JudgeVote = vote
        # Several judges at temperature 0 would all give the same answer.
        self.sampling = sampling or Sampling(temperature=0.0 if judges == 1 else 0.7)
        self.prompt = prompt or prompts_for(self.model).judge or JUDGE
        self.scores_unfinished = scores_unfinished
        self._structured = StructuredModel(self.model, sampling=self.sampling)
        self._cache: AsyncCache[Case, Score] = AsyncCache()

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        settings = f"judges={self.judges}, vote={self.vote!r}"
        return f"{type(self).__name__}({model_name(self.model)!r}, {settings})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        cases = [_case(problem, candidate) for candidate in candidates]
        return await score_cases(cases, self._cache, self._judge, scorer=self.name)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return the judges' opinions of one solution, without those that could not be parsed."""
        messages = self.prompt.messages(problem=case.prompt, solution=case.text)
        return await self.outcomes(messages)

    async def outcomes(self, messages: Sequence[BaseMessage]) -> list[Opinion]:
        """Return the judges' scores for a whole solution."""
        replies = await self._structured.ask(messages, OutcomeReply, n=self.judges)
        return [Opinion(reply.score / 10, reason=reply.reason) for reply in replies if reply]

    def aggregate(self, steps: Sequence[float]) -> float:
        """Combine the values of a solution's steps into the value of the solution."""
        return product(steps)

    async def _judge(self, case: Case) -> Score:
        opinions = await self.opinions(case)
        if not opinions:
            return Score(scorer=self.name, value=None, evidence="no judge's answer could be read")
        join = _VOTES[self.vote]
        steps = tuple(map(join, zip(*(opinion.steps for opinion in opinions), strict=True)))
        values = [opinion.value for opinion in opinions]
        value = self.aggregate(steps) if steps else join(values)
        return Score(scorer=self.name, value=value, steps=steps, evidence=opinions[0].reason)


class StepJudge(Judge):
    """Score each step of each candidate; the candidate's value is the product by default.

    Costs as much as `Judge`. An answer counts as unparsable if its number of scores differs from
    the number of steps.
    """

    name = "step_judge"

    def __init__(
        self,
        model: ModelLike,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        aggregate: StepAggregation = product,
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
    ) -> None:
        model = as_chat_model(model)
        prompt = prompt or prompts_for(model).step_judge or STEP_JUDGE
        super().__init__(model, judges=judges, vote=vote, sampling=sampling, prompt=prompt)
        self._aggregate = aggregate

    def aggregate(self, steps: Sequence[float]) -> float:
        """Combine the values of a solution's steps into the value of the solution."""
        return self._aggregate(steps)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return the judges' scores for the steps."""
        steps = step_texts(case.text, kind=case.kind)
        numbered = "\n".join(f"[{number}] {step}" for number, step in enumerate(steps, 1))
        messages = self.prompt.messages(
            problem=case.prompt, solution=numbered, count=str(len(steps))
        )

        def check(reply: StepsReply) -> str | None:
            if len(reply.steps) == len(steps):
                return None
            return f"That answer has {len(reply.steps)} scores for {len(steps)} steps."

        replies = await self._structured.ask(messages, StepsReply, n=self.judges, check=check)
        return [
            Opinion(0.0, tuple(score / 10 for score in reply.steps), reply.reason)
            for reply in replies
            if reply
        ]


class AnswerFirstJudge(Judge):
    """Let the model solve the problem before it sees a solution, then compare the two.

    This is reference-guided grading (arXiv 2306.05685) with the judge's own answer as reference,
    which makes the judge harder to persuade of a wrong answer. Costs as much as `Judge`, plus one
    call per problem.
    """

    name = "answer_first_judge"

    def __init__(
        self,
        model: ModelLike,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        sampling: Sampling | None = None,
        prompt: Prompt = ANSWER_FIRST,
        own_answer: Prompt = OWN_ANSWER,
    ) -> None:
        super().__init__(model, judges=judges, vote=vote, sampling=sampling, prompt=prompt)
        self.own_answer = own_answer
        self._own: AsyncCache[str, str] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        with charging(forward=True) as spent:
            if any(_case(problem, candidate) for candidate in candidates):
                await self._own.get(problem.prompt.strip(), self._solve)
        scored = await super().__call__(problem, candidates)
        return ScoreBatch(scored.scores, scored.usage + spent.usage)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return the judges' scores, which take the model's own answer as reference."""
        own = await self._own.get(case.prompt, self._solve)
        messages = self.prompt.messages(problem=case.prompt, own=own, solution=case.text)
        return await self.outcomes(messages)

    async def _solve(self, prompt: str) -> str:
        drafts = await generate(
            self.model, self.own_answer.messages(problem=prompt), sampling=self.sampling
        )
        return drafts.choices[0].text


def _case(problem: Problem, candidate: Candidate) -> Case | None:
    if candidate.content is None and candidate.complete:
        return None
    return Case(problem.prompt.strip(), problem.kind, candidate.program or candidate.text)
