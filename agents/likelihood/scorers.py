"""Scores from likelihoods: of a candidate under a model, and of what a model wrote itself."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.likelihood.likelihood import Likelihood, mean_logprob
from refinegraph.charging import charging
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.basic import Scored
from refinegraph.tools.scorers.memory import Memory


class _Case(NamedTuple):
    prompt: str
    text: str


class text_likelihood:
    """Score a candidate by how likely a model holds its text as the answer to the problem.

    The value is the geometric mean of the token probabilities, which is one over the perplexity: 1
    for a text without any alternative. Costs one call a candidate, and nothing for one that was
    scored before.

    >>> import asyncio
    >>> from refinegraph.agents.models import TokenLogprob
    >>> async def coin(messages, text):
    ...     return [TokenLogprob(token=each, logprob=math.log(0.5)) for each in text.split()]
    >>> scorer = text_likelihood(coin)
    >>> candidate = Candidate(id="0.0", text="heads tails")
    >>> asyncio.run(scorer(Problem(prompt="Toss."), [candidate])).scores[0].value
    0.5
    """

    scores_alone = True
    scores_unfinished = True

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood
        self._known: Memory[_Case, Score] = Memory()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        cases = [_Case(problem.prompt.strip(), candidate.text) for candidate in candidates]
        with charging(forward=True) as spent:
            told = await self._known.each(cases, self._measure)
        scores = (each if isinstance(each, Score) else _unknown(str(each)) for each in told)
        return Scored(tuple(scores), spent.usage)

    async def _measure(self, case: _Case) -> Score:
        messages: list[BaseMessage] = [HumanMessage(case.prompt)]
        tokens = await self.likelihood(messages, case.text)
        return Score(scorer="likelihood", value=math.exp(mean_logprob(tokens)))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"text_likelihood({self.likelihood!r})"


class written_likelihood:
    """Score a candidate by how likely its own model held it while writing.

    The value is the geometric mean of the token probabilities. Costs nothing. None where the model
    gave no log-probabilities: ask for them with `Sampling(logprobs=1)`.
    """

    scores_alone = True
    scores_unfinished = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        return [self._score(candidate.mean_logprob) for candidate in candidates]

    def __repr__(self) -> str:
        """The call that makes it."""
        return "written_likelihood()"

    def _score(self, logprob: float | None) -> Score:
        if logprob is None:
            return _unknown("the model gave no log-probabilities")
        return Score(scorer="likelihood", value=math.exp(logprob))


def _unknown(why: str) -> Score:
    return Score(scorer="likelihood", value=None, evidence=why)
