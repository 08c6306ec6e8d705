"""Scorers from what is known of a candidate already: what execution and agreement say."""

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.tools.grouping import agreeing_groups, answer_groups
from refinegraph.tools.scorers.memory import Memory


class Scored(NamedTuple):
    """Scores, and what they cost where they cost anything."""

    scores: tuple[Score, ...]
    usage: Usage = Usage()


Told = Sequence[Score] | Scored
Scorer = Callable[[Problem, Sequence[Candidate]], Told | Awaitable[Told]]


async def ask_scorer(scorer: Scorer, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
    """Return what a scorer of any form says of the candidates."""
    told = scorer(problem, candidates)
    found = await told if isinstance(told, Awaitable) else told
    return found if isinstance(found, Scored) else Scored(tuple(found))


async def ask_of_pool(scorer: Scorer, problem: Problem, pool: Sequence[Candidate]) -> Scored:
    """Return a scorer's scores of a pool, None for unfinished candidates that it cannot judge.

    A scorer that can judge them has an attribute `scores_unfinished` that is true.
    """
    if scores_unfinished(scorer) or all(candidate.complete for candidate in pool):
        return await ask_scorer(scorer, problem, pool)
    complete = [candidate for candidate in pool if candidate.complete]
    told = await ask_scorer(scorer, problem, complete) if complete else Scored(())
    by_id = {each.id: score for each, score in zip(complete, told.scores, strict=True)}
    blank = Score(scorer=told.scores[0].scorer if told.scores else "unfinished", value=None)
    return Scored(tuple(by_id.get(candidate.id, blank) for candidate in pool), told.usage)


def scores_unfinished(scorer: Scorer) -> bool:
    """Return whether a scorer says that it can judge what is not complete yet."""
    return bool(getattr(scorer, "scores_unfinished", False))


def scores_alone(scorer: Scorer) -> bool:
    """Return whether a scorer says that it judges each candidate by itself, whatever the pool.

    Such a scorer has an attribute `scores_alone` that is true. It is shown only new candidates.
    """
    return bool(getattr(scorer, "scores_alone", False))


class execution:
    """Score a program by the share of the visible tests that it passes.

    None where nothing was executed; a program that could not be read scores 0.
    """

    scores_alone = True

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        return [self._score(candidate) for candidate in candidates]

    def __repr__(self) -> str:
        """The call that makes it."""
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

    Programs that were run on generated tests are scored as CodeT does (arXiv 2207.10397): the
    size of the group of programs that return the same times the weight of the tests that they
    pass, over the largest value possible. Everything else is scored by the share
    of equal answers, as self-consistency does (arXiv 2203.11171).
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate, in 0 to 1."""
        tested = any(candidate.generated_passed is not None for candidate in candidates)
        values = self._by_tests(candidates) if tested else self._by_answers(problem, candidates)
        return [
            Score(scorer="agreement", value=values.get(candidate.id, 0.0))
            for candidate in candidates
        ]

    def __repr__(self) -> str:
        """The call that makes it."""
        return "agreement()"

    def _by_tests(self, candidates: Sequence[Candidate]) -> dict[str, float]:
        groups = agreeing_groups(candidates)
        tests = {test for group in groups for test in group.tests}
        weight = max((candidate.generated_weight for candidate in candidates), default=0.0)
        most = max(1.0, len(candidates) * max(weight, len(tests)))
        return {member.id: group.value / most for group in groups for member in group.members}

    def _by_answers(self, problem: Problem, candidates: Sequence[Candidate]) -> dict[str, float]:
        groups = answer_groups(problem, candidates)
        return {member.id: len(group) / len(candidates) for group in groups for member in group}


class first_of:
    """Score each candidate by the first scorer that can tell.

    A later scorer is asked only where an earlier one could not tell of some candidate, and then
    for the whole pool, so that a score of the pool such as agreement costs nothing, and changes
    nothing, where execution decides.
    """

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers
        self.scores_alone = all(map(scores_alone, scorers))
        self.scores_unfinished = any(map(scores_unfinished, scorers))

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate, under the name of the scorer that gave it."""
        scores: list[Score] = []
        for scorer in self.scorers:
            given = (await ask_of_pool(scorer, problem, candidates)).scores
            scores = [
                old if old.value is not None else new
                for old, new in zip(scores or given, given, strict=True)
            ]
            if all(score.value is not None for score in scores):
                break
        return scores

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"first_of({', '.join(map(repr, self.scorers))})"


class self_certainty:
    """Score a candidate by how far from guessing its model was (arXiv 2502.18581).

    The value is `1 - exp(-c)` of the candidate's certainty c in nats, which keeps its order and
    lies in 0 to 1. None where the model gave no log-probabilities: ask for them with
    `Sampling(logprobs=20)`, the same number for all that are to be compared.
    """

    scores_alone = True
    scores_unfinished = True
    """The certainty of a step is that of the tokens that were written for it."""

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        return [self._score(candidate.certainty) for candidate in candidates]

    def __repr__(self) -> str:
        """The call that makes it."""
        return "self_certainty()"

    def _score(self, certainty: float | None) -> Score:
        if certainty is None:
            return Score(scorer="self_certainty", value=None)
        evidence = f"{certainty:.2f} nats from uniform"
        value = -math.expm1(-certainty)
        return Score(scorer="self_certainty", value=value, evidence=evidence)


Judgement = Callable[[Problem, Candidate], MaybeAwaitable[float | None]]
"""The value of one candidate; None where it cannot be told."""


class score_each:
    """Score each candidate, unfinished ones too, by a function of the problem and the candidate.

    The function may be async, and is asked once for each candidate. Costs what it calls.

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
        self._known: Memory[tuple[str, str, str], float | None] = Memory()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate; None where the model that the function asks fails."""
        pool = {(problem.prompt, each.id, each.text): each for each in candidates}

        async def ask(key: tuple[str, str, str]) -> float | None:
            return await settle(self.judge(problem, pool[key]))

        values = await self._known.each(list(pool), ask)
        return [
            Score(scorer=self.name, value=None, evidence=str(value))
            if isinstance(value, Exception)
            else Score(scorer=self.name, value=value)
            for value in values
        ]

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"score_each({self.judge!r}, name={self.name!r})"
