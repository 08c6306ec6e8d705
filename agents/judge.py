"""Chat models as judges of solutions: by themselves, by a checklist, or in pairs."""

import asyncio
import itertools
import math
import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from refinegraph.agents.models import Generations, Sampling, generate
from refinegraph.agents.prompts.judging import CHECK, CHECKLIST, JUDGE, P_TRUE, PAIR, STEP_JUDGE
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.reading_scores import (
    read_answers,
    read_reason,
    read_score,
    read_step_scores,
)
from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.tools.scorers import Scored
from refinegraph.tools.step_scores import StepAggregation, product
from refinegraph.tools.steps import step_texts

_WINNER = re.compile(r"\b(A|B|TIE)\b")


class Judge:
    """Score each candidate from 0 to 1 by asking a chat model (arXiv 2306.05685).

    Costs a call a candidate, or `judges` samples whose mean counts. An answer that cannot be read
    is asked for once more and counted as unparsable; None where that fails too. Never raises for
    what a model writes.
    """

    name = "judge"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        judges: int = 1,
        sampling: Sampling | None = None,
        prompt: Prompt = JUDGE,
    ) -> None:
        self.model = model
        self.judges = judges
        self.sampling = sampling or Sampling(temperature=0.0 if judges == 1 else 0.7)
        self.prompt = prompt

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate; those without program or answer are not asked about."""
        told = await asyncio.gather(*(self._judged(problem, each) for each in candidates))
        usage = sum((spent for _, spent in told), Usage())
        return Scored(tuple(score for score, _ in told), usage)

    async def _judged(self, problem: Problem, candidate: Candidate) -> tuple[Score, Usage]:
        if candidate.content is None:
            return Score(scorer=self.name, value=None), Usage()
        messages = self._messages(problem, candidate)
        generations = await self._ask(messages)
        score, usage = self._read(generations, candidate, problem), generations.usage
        if score is None:
            again = await self._ask(messages)
            usage += again.usage + Usage(unparsable=1)
            score = self._read(again, candidate, problem)
        return score or Score(scorer=self.name, value=None, evidence="the judge was unclear"), usage

    async def _ask(self, messages: list[BaseMessage]) -> Generations:
        return await generate(self.model, messages, n=self.judges, sampling=self.sampling)

    def _messages(self, problem: Problem, candidate: Candidate) -> list[BaseMessage]:
        solution = candidate.program or candidate.text
        return self.prompt.messages(problem=problem.prompt.strip(), solution=solution)

    def _read(
        self, generations: Generations, candidate: Candidate, problem: Problem
    ) -> Score | None:
        texts = [choice.text for choice in generations.choices]
        values = [value for value in map(read_score, texts) if value is not None]
        if not values:
            return None
        mean = math.fsum(values) / len(values)
        return Score(scorer=self.name, value=mean, evidence=read_reason(texts[0]))


class StepJudge(Judge):
    """Score each step of each candidate; the value is their product unless told otherwise.

    Costs what `Judge` does. Answers with another number of scores than steps cannot be read.
    """

    name = "step_judge"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        judges: int = 1,
        aggregate: StepAggregation = product,
        sampling: Sampling | None = None,
        prompt: Prompt = STEP_JUDGE,
    ) -> None:
        super().__init__(model, judges=judges, sampling=sampling, prompt=prompt)
        self.aggregate = aggregate

    def _messages(self, problem: Problem, candidate: Candidate) -> list[BaseMessage]:
        steps = _steps(problem, candidate)
        shown = "\n".join(f"[{number}] {step}" for number, step in enumerate(steps, 1))
        return self.prompt.messages(
            problem=problem.prompt.strip(), solution=shown, count=str(len(steps))
        )

    def _read(
        self, generations: Generations, candidate: Candidate, problem: Problem
    ) -> Score | None:
        count = len(_steps(problem, candidate))
        texts = [choice.text for choice in generations.choices]
        rows = [row for row in (read_step_scores(each, count=count) for each in texts) if row]
        if not rows:
            return None
        steps = tuple(math.fsum(column) / len(rows) for column in zip(*rows, strict=True))
        return Score(
            scorer=self.name,
            value=self.aggregate(steps),
            steps=steps,
            evidence=read_reason(texts[0]),
        )


class ChecklistJudge(Judge):
    """Have a checklist written for the problem, once, and score by the share answered YES.

    After TICK (arXiv 2410.03608). Costs one call a problem and one a candidate.
    """

    name = "checklist"

    def __init__(
        self, model: BaseChatModel, *, questions: int = 6, sampling: Sampling | None = None
    ) -> None:
        super().__init__(model, sampling=sampling, prompt=CHECK)
        self.questions = questions
        self._lists: dict[str, tuple[str, ...]] = {}

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate."""
        spent = Usage()
        if candidates and problem.prompt not in self._lists:
            messages = CHECKLIST.messages(problem=problem.prompt, count=str(self.questions))
            written = await self._ask(messages)
            lines = [line.strip(" -*\t") for line in written.choices[0].text.splitlines()]
            questions = [line for line in lines if line.endswith("?")][: self.questions]
            self._lists[problem.prompt] = tuple(questions) or ("Is the solution right?",)
            spent = written.usage
        told = await super().__call__(problem, candidates)
        return Scored(told.scores, told.usage + spent)

    def _messages(self, problem: Problem, candidate: Candidate) -> list[BaseMessage]:
        questions = self._lists[problem.prompt]
        return self.prompt.messages(
            problem=problem.prompt.strip(),
            solution=candidate.program or candidate.text,
            questions="\n".join(f"{number}. {each}" for number, each in enumerate(questions, 1)),
        )

    def _read(
        self, generations: Generations, candidate: Candidate, problem: Problem
    ) -> Score | None:
        questions = self._lists[problem.prompt]
        answers = read_answers(generations.choices[0].text)
        known = {number: said for number, said in answers.items() if 1 <= number <= len(questions)}
        if not known:
            return None
        failed = [questions[number - 1] for number, said in sorted(known.items()) if not said]
        share = 1 - len(failed) / len(known)
        return Score(scorer=self.name, value=share, evidence="; ".join(failed)[:300])


class PairwiseJudge:
    """Compare candidates in pairs, each in both orders, and score by the share of wins.

    A judge that changes its mind with the order has not decided (arXiv 2306.05685), so each order
    counts half. Costs two calls a pair, for at most `most_pairs` pairs, spread evenly.
    """

    name = "pairwise"

    def __init__(
        self, model: BaseChatModel, *, most_pairs: int = 12, sampling: Sampling | None = None
    ) -> None:
        self.model = model
        self.most_pairs = most_pairs
        self.sampling = sampling or Sampling(temperature=0.0, max_tokens=8)

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate; None for one that was in no pair."""
        usable = sorted((each for each in candidates if each.content), key=lambda each: each.order)
        pairs = _spread(list(itertools.combinations(usable, 2)), self.most_pairs)
        asked = [order for pair in pairs for order in (pair, pair[::-1])]
        told = await asyncio.gather(*(self._won(problem, *each) for each in asked))
        points: dict[str, list[float]] = {}
        for (first, second), (share, _) in zip(asked, told, strict=True):
            points.setdefault(first.id, []).append(share)
            points.setdefault(second.id, []).append(1 - share)
        scores = tuple(_share_of_wins(self.name, points.get(each.id)) for each in candidates)
        return Scored(scores, sum((spent for _, spent in told), Usage()))

    async def _won(
        self, problem: Problem, first: Candidate, second: Candidate
    ) -> tuple[float, Usage]:
        messages = PAIR.messages(
            problem=problem.prompt.strip(),
            first=first.program or first.text,
            second=second.program or second.text,
        )
        said = await generate(self.model, messages, sampling=self.sampling)
        found = _WINNER.search(said.choices[0].text.upper())
        unclear = Usage(unparsable=0 if found else 1)
        share = {"A": 1.0, "B": 0.0}.get(found[1] if found else "", 0.5)
        return share, said.usage + unclear


class p_true:
    """Score by the probability that the model writes "True" of its own answer (2207.05221).

    It is shown the sibling answers, as the paper found to help. Needs log-probabilities; None
    where the provider gives none. Costs one call of one token a candidate.
    """

    name = "p_true"

    def __init__(self, model: BaseChatModel, *, shown: int = 5) -> None:
        self.model = model
        self.shown = shown
        self.sampling = Sampling(temperature=0.0, max_tokens=1, logprobs=20)

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate."""
        siblings = [each.content for each in candidates if each.content][: self.shown]
        told = await asyncio.gather(
            *(self._asked(problem, each, siblings) for each in candidates if each.content)
        )
        found = dict(zip((each.id for each in candidates if each.content), told, strict=True))
        scores = tuple(
            found[each.id][0] if each.id in found else Score(scorer=self.name, value=None)
            for each in candidates
        )
        return Scored(scores, sum((spent for _, spent in told), Usage()))

    async def _asked(
        self, problem: Problem, candidate: Candidate, siblings: Sequence[str]
    ) -> tuple[Score, Usage]:
        messages = P_TRUE.messages(
            problem=problem.prompt.strip(),
            samples="\n".join(siblings),
            answer=candidate.content or "",
        )
        said = await generate(self.model, messages, sampling=self.sampling)
        value = _probability_of_a(said)
        return Score(scorer=self.name, value=value), said.usage


def _probability_of_a(generations: Generations) -> float | None:
    """Return the share of A among A and B in the first token's likeliest."""
    logprobs = generations.choices[0].logprobs if generations.choices else None
    if not logprobs:
        return None
    mass = {"A": 0.0, "B": 0.0}
    for token, logprob in logprobs[0].top or ((logprobs[0].token, logprobs[0].logprob),):
        letter = token.strip(" (").upper()[:1]
        if letter in mass:
            mass[letter] += math.exp(logprob)
    total = mass["A"] + mass["B"]
    return mass["A"] / total if total else None


def _steps(problem: Problem, candidate: Candidate) -> list[str]:
    return step_texts(candidate.program or candidate.text, kind=problem.kind)


def _spread(
    pairs: list[tuple[Candidate, Candidate]], most: int
) -> list[tuple[Candidate, Candidate]]:
    if len(pairs) <= most:
        return pairs
    return [pairs[number * len(pairs) // most] for number in range(most)]


def _share_of_wins(name: str, points: Sequence[float] | None) -> Score:
    value = math.fsum(points) / len(points) if points else None
    return Score(scorer=name, value=value)
