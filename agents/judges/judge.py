"""Chat models as judges of one solution at a time: whole, step by step, or against their own."""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from refinegraph.agents.judges.replies import OutcomeReply, StepsReply
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import ANSWER_FIRST, JUDGE, OWN_ANSWER, STEP_JUDGE
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.structured_output import StructuredModel
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Kind, Problem, Score
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory
from refinegraph.tools.step_scores import StepAggregation, product
from refinegraph.tools.steps import step_texts

JudgeVote = Literal["mean", "median", "majority"]
Vote = Callable[[Sequence[float]], float]


class Case(NamedTuple):
    """One solution to judge; also what its judgement is remembered by."""

    prompt: str
    kind: Kind
    text: str


class Opinion(NamedTuple):
    """What one judge said of a solution."""

    value: float
    steps: tuple[float, ...] = ()
    reason: str = ""


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _majority(values: Sequence[float]) -> float:
    """Return the share of judges above one half; one that says a half counts half."""
    return _mean([1.0 if value > 0.5 else 0.5 if value == 0.5 else 0.0 for value in values])


_VOTES: dict[JudgeVote, Vote] = {
    "mean": _mean,
    "median": statistics.median,
    "majority": _majority,
}


class Judge:
    """Score each candidate from 0 to 1 by asking a chat model (arXiv 2306.05685).

    `judges` independent answers are joined by `vote`: their mean, their median, or the share that
    finds the solution right. Costs one call a candidate where the provider returns several
    choices a call, else one a judge, and one for each answer that has to be asked for again
    because it could not be read, which counts as unparsable. A judge that stays unreadable has no
    vote; without any vote the score is None, as it is for a candidate that could not be read. A
    solution that was judged before costs nothing. Raises `ModelError` where no candidate could be
    judged because the model failed; never for what a model writes.

    Args:
        model: The model that judges.
        judges: How many answers it gives about a solution.
        vote: How they are joined.
        sampling: How to sample; at temperature 0 for one judge, 0.7 for several unless given.
        prompt: What is asked, with places for `$problem` and `$solution`.
        unfinished: Whether solutions that are not complete are judged as far as they are written.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> judge = Judge(ScriptedChatModel('{"reason": "it adds", "score": 8}'))
    >>> pool = [Candidate(id="0.0", operator="solve", text="1 + 1 = 2", answer="2")]
    >>> asyncio.run(judge(Problem(prompt="1 + 1?", kind="math"), pool)).scores[0].value
    0.8
    """

    name = "judge"
    scores_alone = True
    """Each solution is judged by itself."""

    def __init__(
        self,
        model: BaseChatModel,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
        unfinished: bool = True,
    ) -> None:
        if judges < 1 or vote not in _VOTES:
            raise InputError(
                f"{judges!r} judges were asked to vote by {vote!r}; there must be at least one, "
                f"and they vote by {', '.join(_VOTES)}."
            )
        self.model = model
        self.judges = judges
        self.vote: JudgeVote = vote
        self.sampling = sampling or Sampling(temperature=0.0 if judges == 1 else 0.7)
        self.prompt = prompt or prompts_for(model).judge or JUDGE
        self.scores_unfinished = unfinished
        self._structured = StructuredModel(model, sampling=self.sampling)
        self._known: Memory[Case, Score] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, with the model's name."""
        settings = f"judges={self.judges}, vote={self.vote!r}"
        return f"{type(self).__name__}({model_name(self.model)!r}, {settings})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        cases = [_case(problem, each) for each in candidates]
        with charging(forward=True) as spent:
            told = iter(await self._known.each([each for each in cases if each], self._judge))
        scores = [self._unknown() if case is None else next(told) for case in cases]
        kept = (each if isinstance(each, Score) else self._unknown(str(each)) for each in scores)
        return Scored(tuple(kept), spent.usage)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return what the judges say of one solution, those that cannot be read left out."""
        messages = self.prompt.messages(problem=case.prompt, solution=case.text)
        return await self.outcomes(messages)

    async def outcomes(self, messages: Sequence[BaseMessage]) -> list[Opinion]:
        """Return the judges' scores of a whole solution."""
        replies = await self._structured.ask(messages, OutcomeReply, n=self.judges)
        return [Opinion(each.score / 10, reason=each.reason) for each in replies if each]

    def aggregate(self, steps: Sequence[float]) -> float:
        """Return the value of a solution from those of its steps."""
        return product(steps)

    async def _judge(self, case: Case) -> Score:
        opinions = await self.opinions(case)
        if not opinions:
            return self._unknown("no judge's answer could be read")
        join = _VOTES[self.vote]
        steps = tuple(map(join, zip(*(each.steps for each in opinions), strict=True)))
        value = self.aggregate(steps) if steps else join([each.value for each in opinions])
        return Score(scorer=self.name, value=value, steps=steps, evidence=opinions[0].reason)

    def _unknown(self, why: str = "") -> Score:
        return Score(scorer=self.name, value=None, evidence=why)


class StepJudge(Judge):
    """Score each step of each candidate; the value is their product unless told otherwise.

    Costs what `Judge` does. An answer with another number of scores than steps counts as one that
    cannot be read.
    """

    name = "step_judge"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        aggregate: StepAggregation = product,
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
    ) -> None:
        asked = prompt or prompts_for(model).step_judge or STEP_JUDGE
        super().__init__(model, judges=judges, vote=vote, sampling=sampling, prompt=asked)
        self._aggregate = aggregate

    def aggregate(self, steps: Sequence[float]) -> float:
        """Return the value of a solution from those of its steps."""
        return self._aggregate(steps)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return the judges' scores of the steps."""
        steps = step_texts(case.text, kind=case.kind)
        shown = "\n".join(f"[{number}] {step}" for number, step in enumerate(steps, 1))
        messages = self.prompt.messages(problem=case.prompt, solution=shown, count=str(len(steps)))

        def fits(reply: StepsReply) -> str | None:
            if len(reply.steps) == len(steps):
                return None
            return f"That answer has {len(reply.steps)} scores for {len(steps)} steps."

        replies = await self._structured.ask(messages, StepsReply, n=self.judges, fits=fits)
        return [
            Opinion(0.0, tuple(score / 10 for score in each.steps), each.reason)
            for each in replies
            if each
        ]


class AnswerFirstJudge(Judge):
    """Let the model solve the problem before it sees a solution, then compare the two.

    Reference-guided grading (arXiv 2306.05685), with a reference of the judge's own: it is less
    easily talked into a wrong answer. Costs what `Judge` does and one call more a problem.
    """

    name = "answer_first_judge"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        judges: int = 1,
        vote: JudgeVote = "mean",
        sampling: Sampling | None = None,
        prompt: Prompt = ANSWER_FIRST,
        own_answer: Prompt = OWN_ANSWER,
    ) -> None:
        super().__init__(model, judges=judges, vote=vote, sampling=sampling, prompt=prompt)
        self.own_answer = own_answer
        self._own: Memory[str, str] = Memory()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        with charging(forward=True) as spent:
            if any(_case(problem, candidate) for candidate in candidates):
                await self._own.one(problem.prompt.strip(), self._solve)
        told = await super().__call__(problem, candidates)
        return Scored(told.scores, told.usage + spent.usage)

    async def opinions(self, case: Case) -> list[Opinion]:
        """Return the judges' scores, given the model's own answer."""
        own = await self._own.one(case.prompt, self._solve)
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
