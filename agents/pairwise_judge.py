"""A language model that compares candidates two by two."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.judge_replies import ComparisonReply
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.prompts import JUDGE, JudgePrompts
from refinegraph.agents.structured import StructuredModel
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.comparisons import bradley_terry, pairs_to_compare, win_rates
from refinegraph.tools.scorers.memory import Memory

Ranking = Literal["bradley-terry", "win-rate"]

_RANKINGS = {"bradley-terry": bradley_terry, "win-rate": win_rates}
_POINTS = {"A": 1.0, "B": 0.0, "tie": 0.5}


class _Comparison(NamedTuple):
    """Two solutions in the order in which they are shown."""

    prompt: str
    first: str
    second: str


class PairwiseJudge:
    """Score candidates by how they fare against each other in a model's eyes (arXiv 2306.05685).

    Every pair is shown in both orders, since models favour a place; where the two disagree the
    pair is a tie. At most `pairs` pairs are compared, and the outcomes become one value each in 0
    to 1 by Bradley and Terry's model or as the share of points. Candidates with equal texts are
    compared once for all; one that was compared with nothing scores None.

    Costs two calls a pair; pairs that were compared before cost nothing. Raises `ModelError`
    where the model cannot be reached.
    """

    name = "pairwise"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        pairs: int = 24,
        ranking: Ranking = "bradley-terry",
        sampling: Sampling | None = None,
        prompts: JudgePrompts = JUDGE,
    ) -> None:
        if ranking not in _RANKINGS:
            known = ", ".join(_RANKINGS)
            raise InputError(f"The ranking {ranking!r} is unknown; rankings are {known}.")
        self.model = model
        self.pairs = pairs
        self.ranking: Ranking = ranking
        self.prompts = prompts
        self._structured = StructuredModel(model, sampling=sampling or Sampling(temperature=0.0))
        self._known: Memory[_Comparison, float | None] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, with the model's name."""
        settings = f"pairs={self.pairs}, ranking={self.ranking!r}"
        return f"PairwiseJudge({model_name(self.model)!r}, {settings})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate."""
        asked = sorted(candidates, key=lambda each: each.order)
        texts = [each.program or each.text for each in asked if each.content is not None]
        pairs = pairs_to_compare(list(dict.fromkeys(texts)), limit=self.pairs)
        wins = await self._compare(problem.prompt.strip(), pairs)
        values = _RANKINGS[self.ranking](wins)
        return [self._score(each, values) for each in candidates]

    async def _compare(
        self, prompt: str, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], float]:
        there = [_Comparison(prompt, first, second) for first, second in pairs]
        back = [_Comparison(prompt, second, first) for first, second in pairs]
        won = await self._known.each([*there, *back], self._ask)
        swapped = [None if points is None else 1.0 - points for points in won[len(pairs) :]]
        judged = zip(pairs, won[: len(pairs)], swapped, strict=True)
        outcomes = {pair: _settle(first, second) for pair, first, second in judged}
        return {pair: points for pair, points in outcomes.items() if points is not None}

    async def _ask(self, shown: _Comparison) -> float | None:
        """Return the points of the solution shown first; None where nothing could be read."""
        messages = self.prompts.comparison.messages(
            problem=shown.prompt, first=shown.first, second=shown.second
        )
        (reply,) = await self._structured.ask(messages, ComparisonReply)
        return _POINTS[reply.winner] if reply else None

    def _score(self, candidate: Candidate, values: Mapping[str, float]) -> Score:
        text = candidate.program or candidate.text
        value = values.get(text) if candidate.content is not None else None
        evidence = "" if value is not None else "it was compared with no other candidate"
        return Score(scorer=self.name, value=value, evidence=evidence)


def _settle(there: float | None, back: float | None) -> float | None:
    """Join the outcomes of both orders: what they agree on, else a tie."""
    if there is None or back is None:
        return there if back is None else back
    return there if there == back else 0.5
