"""Scorers that call no model: execution, agreement, certainty and plain functions."""

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.tools.grouping import agreeing_groups, answer_groups
from refinegraph.tools.scorers.async_cache import AsyncCache


class ScoreBatch(NamedTuple):
    """Scores in the order of the candidates, and what computing them cost."""

    scores: tuple[Score, ...]
    usage: Usage = Usage()


ScorerOutput = Sequence[Score] | ScoreBatch
Scorer = Callable[[Problem, Sequence[Candidate]], ScorerOutput | Awaitable[ScorerOutput]]


async def run_scorer(
    scorer: Scorer, problem: Problem, candidates: Sequence[Candidate]
) -> ScoreBatch:
    """Call a plain or async scorer and return its scores of the candidates."""
    result = scorer(problem, candidates)
    output = await result if isinstance(result, Awaitable) else result
    return output if isinstance(output, ScoreBatch) else ScoreBatch(tuple(output))


async def run_scorer_on_pool(
    scorer: Scorer, problem: Problem, pool: Sequence[Candidate]
) -> ScoreBatch:
    """Return a scorer's scores of a pool, with None for unfinished candidates it cannot judge.

    A scorer that can judge unfinished candidates sets its attribute `scores_unfinished` to true.
    """
    if scores_unfinished(scorer) or all(candidate.complete for candidate in pool):
        return await run_scorer(scorer, problem, pool)
    complete = [candidate for candidate in pool if candidate.complete]
    scored = await run_scorer(scorer, problem, complete) if complete else ScoreBatch(())
    by_id = {candidate.id: score for candidate, score in zip(complete, scored.scores, strict=True)}
    blank = Score(scorer=scored.scores[0].scorer if scored.scores else "unfinished", value=None)
    return ScoreBatch(tuple(by_id.get(candidate.id, blank) for candidate in pool), scored.usage)


def scores_unfinished(scorer: Scorer) -> bool:
    """Return whether a scorer declares that it can judge unfinished candidates."""
    return bool(getattr(scorer, "scores_unfinished", False))


def scores_alone(scorer: Scorer) -> bool:
    """Return whether a scorer declares that its scores do not depend on the rest of the pool.

    Such a scorer sets its attribute `scores_alone` to true and is called with new candidates only.
    """
    return bool(getattr(scorer, "scores_alone", False))


def reported_logprobs(scorers: Scorer | Sequence[Scorer] | None) -> int | None:
    """Return how many alternatives per token samples have to report for scorers; None for none.

    A scorer that needs them sets its attribute `logprobs`; scorers that combine others need what
    those need.

    >>> reported_logprobs(first_of(execution(), self_certainty()))
    20
    """
    parts = [scorers] if callable(scorers) else [*(scorers or ())]
    needs = [getattr(part, "logprobs", None) for part in parts]
    needs += [reported_logprobs(getattr(part, "scorers", None)) for part in parts]
    return max((need for need in needs if need), default=None)


class execution:
    """Score a program by the share of the visible tests that it passes.

    The score is None if nothing was executed, and 0 if the answer contains no usable program.
    """

    scores_alone = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [self._score(candidate) for candidate in candidates]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "execution()"

    def _score(self, candidate: Candidate) -> Score:
        if candidate.unusable:
            return Score(scorer="execution", value=0.0, evidence=candidate.unusable)
        verdict = candidate.verdict
        if verdict is None:
            return Score(scorer="execution", value=None)
        passed, count = len(verdict.passed_ids), len(verdict.tests)
        share = passed / count if count else float(verdict.passed)
        return Score(
            scorer="execution", value=share, evidence=f"{passed} of {count} visible tests passed"
        )


class agreement:
    """Score a candidate by how much of the pool agrees with it.

    Programs that were run on generated tests are scored as in CodeT (arXiv 2207.10397): the size
    of their group of programs with the same results, times the weight of the tests that they pass,
    divided by the largest possible value. All other candidates are scored by the share of equal
    answers, as in self-consistency (arXiv 2203.11171).
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, from 0 to 1."""
        tested = any(candidate.generated_passed is not None for candidate in candidates)
        values = self._by_tests(candidates) if tested else self._by_answers(problem, candidates)
        return [
            Score(scorer="agreement", value=values.get(candidate.id, 0.0))
            for candidate in candidates
        ]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "agreement()"

    def _by_tests(self, candidates: Sequence[Candidate]) -> dict[str, float]:
        groups = agreeing_groups(candidates)
        tests = {test for group in groups for test in group.tests}
        weight = max((candidate.generated_weight for candidate in candidates), default=0.0)
        largest = max(1.0, len(candidates) * max(weight, len(tests)))
        return {member.id: group.value / largest for group in groups for member in group.members}

    def _by_answers(self, problem: Problem, candidates: Sequence[Candidate]) -> dict[str, float]:
        groups = answer_groups(problem, candidates)
        return {member.id: len(group) / len(candidates) for group in groups for member in group}


class first_of:
    """Score every candidate with the first scorer that returns a value for it.

    A later scorer is called only if some candidate has no value yet, and then for the whole pool.
    A pool scorer such as agreement therefore costs nothing and changes nothing if execution has
    scored all candidates.
    """

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers
        self.scores_alone = all(map(scores_alone, scorers))
        self.scores_unfinished = any(map(scores_unfinished, scorers))

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, under the name of the scorer that gave it."""
        scores: list[Score] = []
        for scorer in self.scorers:
            latest = (await run_scorer_on_pool(scorer, problem, candidates)).scores
            scores = [
                old if old.value is not None else new
                for old, new in zip(scores or latest, latest, strict=True)
            ]
            if all(score.value is not None for score in scores):
                break
        return scores

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"first_of({', '.join(map(repr, self.scorers))})"


class self_certainty:
    """Score a candidate by the self-certainty of its model (arXiv 2502.18581).

    The value is `1 - exp(-c)`, where c is the candidate's certainty in nats; this keeps the order
    and lies between 0 and 1. The score is None if the model returned no log-probabilities. A
    strategy with this scorer requests them; elsewhere use `Sampling(logprobs=20)`, with the same
    number for all candidates to be compared.
    """

    logprobs = 20
    """Alternatives that samples have to report at every token: the most that servers report."""

    scores_alone = True
    scores_unfinished = True
    """The certainty of a step is that of the tokens written for it."""

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate."""
        return [self._score(candidate.self_certainty) for candidate in candidates]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "self_certainty()"

    def _score(self, certainty: float | None) -> Score:
        if certainty is None:
            return Score(scorer="self_certainty", value=None)
        evidence = f"{certainty:.2f} nats from uniform"
        value = -math.expm1(-certainty)
        return Score(scorer="self_certainty", value=value, evidence=evidence)


Judgement = Callable[[Problem, Candidate], MaybeAwaitable[float | None]]
"""A function that returns the value of one candidate, or None if it cannot decide."""


class score_each:
    """Score every candidate, including unfinished ones, with a function of problem and candidate.

    The function may be async and is called once per candidate. Costs what the function costs.

    >>> import asyncio
    >>> brevity = score_each(lambda problem, candidate: 1 / len(candidate.text), name="brevity")
    >>> pool = [Candidate(id="0.0", text="four")]
    >>> asyncio.run(brevity(Problem(prompt="2 + 2?"), pool))[0].value
    0.25
    """

    scores_alone = True
    scores_unfinished = True

    def __init__(self, judge: Judgement, *, name: str = "own") -> None:
        self.judge = judge
        self.name = name
        self._values: AsyncCache[tuple[str, str, str], float | None] = AsyncCache()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, with None if the function's model call failed."""
        pool = {
            (problem.prompt, candidate.id, candidate.text): candidate for candidate in candidates
        }

        async def ask(key: tuple[str, str, str]) -> float | None:
            return await settle(self.judge(problem, pool[key]))

        values = await self._values.get_all(list(pool), ask)
        return [
            Score(scorer=self.name, value=None, evidence=str(value))
            if isinstance(value, Exception)
            else Score(scorer=self.name, value=value)
            for value in values
        ]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"score_each({self.judge!r}, name={self.name!r})"
