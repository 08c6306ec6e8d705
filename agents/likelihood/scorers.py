"""Scorers based on likelihoods."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage

from refinegraph.agents.judges.cached_scores import score_cases
from refinegraph.agents.likelihood.likelihood import Likelihood, mean_logprob
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch


class _Case(NamedTuple):
    prompt: str
    text: str


class text_likelihood:
    """Score a candidate by the likelihood of its text as the answer to the problem.

    The value is the geometric mean of the token probabilities, that is, one over the perplexity:
    1 if the model considers every token certain. Costs one call per candidate, and nothing for a
    candidate scored before.

    >>> import asyncio
    >>> from refinegraph.agents.models import TokenLogprob
    >>> async def coin(messages, text):
    ...     return [TokenLogprob(token=word, logprob=math.log(0.5)) for word in text.split()]
    >>> scorer = text_likelihood(coin)
    >>> candidate = Candidate(id="0.0", text="heads tails")
    >>> asyncio.run(scorer(Problem(prompt="Toss."), [candidate])).scores[0].value
    0.5
    """

    scores_alone = True
    scores_unfinished = True

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood
        self._cache: AsyncCache[_Case, Score] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        cases = [_Case(problem.prompt.strip(), candidate.text) for candidate in candidates]
        return await score_cases(cases, self._cache, self._measure, scorer="likelihood")

    async def _measure(self, case: _Case) -> Score:
        messages: list[BaseMessage] = [HumanMessage(case.prompt)]
        tokens = await self.likelihood(messages, case.text)
        return Score(scorer="likelihood", value=math.exp(mean_logprob(tokens)))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"text_likelihood({self.likelihood!r})"


class written_likelihood:
    """Score a candidate by the likelihood that its own model assigned while writing it.

    The value is the geometric mean of the token probabilities. Costs nothing. The value is None if
    the model reported no log-probabilities; request them with `Sampling(logprobs=1)`.
    """

    scores_alone = True
    scores_unfinished = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [self._score(candidate.mean_logprob) for candidate in candidates]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "written_likelihood()"

    def _score(self, logprob: float | None) -> Score:
        if logprob is None:
            return Score(
                scorer="likelihood", value=None, evidence="the model gave no log-probabilities"
            )
        return Score(scorer="likelihood", value=math.exp(logprob))
