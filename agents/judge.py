"""A language model as a scorer: of outcomes, of steps, against its own answer, by a checklist."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.judge_replies import (
    AnswersReply,
    ChecklistReply,
    OutcomeReply,
    StepsReply,
)
from refinegraph.agents.models import Sampling, generate, model_name
from refinegraph.agents.prompts import JUDGE, JudgePrompts
from refinegraph.agents.structured import StructuredModel
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Kind, Problem, Score
from refinegraph.tools.scorers.memory import Memory
from refinegraph.tools.scorers.spending import spend
from refinegraph.tools.step_scores import StepAggregation, product
from refinegraph.tools.steps import step_texts

JudgeMode = Literal["outcome", "steps", "answer-first", "checklist"]
JudgeVote = Literal["mean", "median", "majority"]

_MODES: tuple[JudgeMode, ...] = ("outcome", "steps", "answer-first", "checklist")


class _Case(NamedTuple):
    """One solution to judge; also what a judgement is remembered by."""

    prompt: str
    kind: Kind
    text: str


class _Opinion(NamedTuple):
    """What one judge said."""

    value: float
    steps: tuple[float, ...] = ()
    reason: str = ""


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values)


def _majority(values: Sequence[float]) -> float:
    """Return the share of judges that score above a half; a half counts as half a vote."""
    votes = Counter(value > 0.5 if value != 0.5 else None for value in values)
    return (votes[True] + votes[None] / 2) / len(values)


_VOTES: dict[JudgeVote, Callable[[Sequence[float]], float]] = {
    "mean": _mean,
    "median": statistics.median,
    "majority": _majority,
}


class Judge:
    """Score candidates by what a model thinks of them, in 0 to 1 (arXiv 2306.05685).

    Modes: `outcome` scores the whole solution; `steps` scores each step and joins them by
    `aggregate`; `answer-first` lets the model solve the problem before it sees a solution, then
    compares (reference-guided grading, same paper); `checklist` writes yes-or-no questions for
    the problem once and scores the share of yes (TICK, arXiv 2410.03608). `judges` independent
    answers are joined by `vote`; a judge whose answer cannot be read has none, and where all of
    them fail the score is None.

    Costs one call a candidate where the provider returns several choices a call, else one a
    judge, and one for each answer that has to be asked for again; `answer-first` and `checklist`
    cost one more a problem. A solution that was judged before costs nothing, nor does one that
    could not be read, whose score is None. Raises `ModelError` where the model cannot be reached.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> from refinegraph.schema import Candidate, Problem
    >>> judge = Judge(ScriptedChatModel('{"reason": "it adds", "score": 8}'))
    >>> pool = [Candidate(id="0.0", role="solver", text="1 + 1 = 2", answer="2")]
    >>> asyncio.run(judge(Problem(prompt="1 + 1?", kind="math"), pool))[0].value
    0.8
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        mode: JudgeMode = "outcome",
        judges: int = 1,
        vote: JudgeVote = "mean",
        aggregate: StepAggregation = product,
        questions: int = 6,
        sampling: Sampling | None = None,
        prompts: JudgePrompts = JUDGE,
    ) -> None:
        if mode not in _MODES or vote not in _VOTES:
            raise InputError(
                f"A judge was asked for mode={mode!r} and vote={vote!r}; modes are "
                f"{', '.join(_MODES)}, votes {', '.join(_VOTES)}."
            )
        self.model = model
        self.mode: JudgeMode = mode
        self.judges = judges
        self.vote: JudgeVote = vote
        self.aggregate = aggregate
        self.questions = questions
        self.sampling = sampling or Sampling(temperature=0.0 if judges == 1 else 0.7)
        self.prompts = prompts
        self._structured = StructuredModel(model, sampling=self.sampling)
        self._known: Memory[_Case, Score] = Memory()
        self._own: Memory[str, str] = Memory()
        self._checklists: Memory[str, tuple[str, ...]] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, with the model's name."""
        settings = f"mode={self.mode!r}, judges={self.judges}, vote={self.vote!r}"
        return f"Judge({model_name(self.model)!r}, {settings})"

    @property
    def name(self) -> str:
        """What its scores are called."""
        return "judge" if self.mode == "outcome" else f"judge:{self.mode}"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        cases = [_case(problem, each) for each in candidates]
        known = [each for each in cases if each is not None]
        if self.mode in ("answer-first", "checklist") and known:
            await self._prepare(known[0].prompt)
        scores = iter(await self._known.each(known, self._judge))
        unread = Score(scorer=self.name, value=None)
        return [unread if case is None else next(scores) for case in cases]

    async def _prepare(self, prompt: str) -> None:
        """Ask what all candidates share before they are judged at once."""
        if self.mode == "checklist":
            await self._checklists.each([prompt], self._write_checklist)
        else:
            await self._own.each([prompt], self._solve)

    async def _judge(self, case: _Case) -> Score:
        opinions = await self._opinions(case)
        if not opinions:
            return Score(scorer=self.name, value=None, evidence="no judge's answer could be read")
        join = _VOTES[self.vote]
        steps = tuple(map(join, zip(*(each.steps for each in opinions), strict=True)))
        value = self.aggregate(steps) if steps else join([each.value for each in opinions])
        return Score(scorer=self.name, value=value, steps=steps, evidence=opinions[0].reason)

    async def _opinions(self, case: _Case) -> list[_Opinion]:
        if self.mode == "steps":
            return await self._by_steps(case)
        if self.mode == "checklist":
            return await self._by_checklist(case)
        return await self._by_outcome(case)

    async def _by_outcome(self, case: _Case) -> list[_Opinion]:
        if self.mode == "answer-first":
            (own,) = await self._own.each([case.prompt], self._solve)
            messages = self.prompts.against_answer.messages(
                problem=case.prompt, own=own, solution=case.text
            )
        else:
            messages = self.prompts.outcome.messages(problem=case.prompt, solution=case.text)
        replies = await self._structured.ask(messages, OutcomeReply, n=self.judges)
        return [_Opinion(each.score / 10, reason=each.reason) for each in replies if each]

    async def _by_steps(self, case: _Case) -> list[_Opinion]:
        steps = step_texts(case.text, kind=case.kind)
        if not steps:
            return []
        shown = "\n".join(f"[{number}] {step}" for number, step in enumerate(steps, 1))
        messages = self.prompts.steps.messages(
            problem=case.prompt, steps=shown, count=str(len(steps))
        )

        def fits(reply: StepsReply) -> str | None:
            return _count_fault("scores", len(reply.scores), "steps", len(steps))

        replies = await self._structured.ask(messages, StepsReply, n=self.judges, fits=fits)
        return [
            _Opinion(0.0, tuple(score / 10 for score in each.scores), each.reason)
            for each in replies
            if each
        ]

    async def _by_checklist(self, case: _Case) -> list[_Opinion]:
        (questions,) = await self._checklists.each([case.prompt], self._write_checklist)
        if not questions:
            return []
        messages = self.prompts.checked.messages(
            problem=case.prompt,
            solution=case.text,
            questions="\n".join(f"{number}. {each}" for number, each in enumerate(questions, 1)),
            count=str(len(questions)),
        )

        def fits(reply: AnswersReply) -> str | None:
            return _count_fault("answers", len(reply.answers), "questions", len(questions))

        replies = await self._structured.ask(messages, AnswersReply, n=self.judges, fits=fits)
        return [_checked(questions, each) for each in replies if each]

    async def _write_checklist(self, prompt: str) -> tuple[str, ...]:
        messages = self.prompts.checklist.messages(problem=prompt, count=str(self.questions))
        (reply,) = await self._structured.ask(messages, ChecklistReply)
        return reply.questions[: self.questions] if reply else ()

    async def _solve(self, prompt: str) -> str:
        messages = self.prompts.own_answer.messages(problem=prompt)
        drafts = await generate(self.model, messages, sampling=self.sampling)
        spend(drafts.usage)
        return drafts.choices[0].text


def _case(problem: Problem, candidate: Candidate) -> _Case | None:
    if candidate.content is None:
        return None
    return _Case(problem.prompt.strip(), problem.kind, candidate.program or candidate.text)


def _count_fault(what: str, got: int, of: str, wanted: int) -> str | None:
    return None if got == wanted else f"That answer has {got} {what} for {wanted} {of}."


def _checked(questions: Sequence[str], reply: AnswersReply) -> _Opinion:
    failed = [q for q, answer in zip(questions, reply.answers, strict=True) if answer == "no"]
    reason = f"fails: {'; '.join(failed)}" if failed else "passes every question"
    return _Opinion(1 - len(failed) / len(questions), reason=reason)
