"""A judge that compares candidates in pairs."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from refinegraph.agents.judges.replies import ComparisonReply
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.models.model_like import ModelLike, as_chat_model
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import PAIR
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.structured_output import StructuredModel
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.comparisons import bradley_terry, pairs_to_compare, win_rates
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch

Ranking = Literal["bradley-terry", "win-rate"]

_RANKINGS = {"bradley-terry": bradley_terry, "win-rate": win_rates}
_POINTS = {"A": 1.0, "B": 0.0, "tie": 0.5}


class _Comparison(NamedTuple):
    """Two solutions in the order in which the model sees them."""

    prompt: str
    first: str
    second: str


class PairwiseJudge:
    """Score candidates by comparing them in pairs (arXiv 2306.05685).

    Every pair is shown in both orders, because models favour a position; if the two verdicts
    disagree, the pair is a tie. At most `max_pairs` pairs are compared. The outcomes are turned
    into values from 0 to 1, either with the Bradley-Terry model, which accounts for the strength
    of the opponents, or as the share of points won. Candidates with equal texts are treated as
    one. A candidate that was compared with no other has a score of None.

    Costs two calls per pair; comparing the same pair again costs nothing. Raises `ModelError` if
    the model failed for every pair.
    """

    name = "pairwise"

    def __init__(
        self,
        model: ModelLike,
        *,
        max_pairs: int = 12,
        ranking: Ranking = "bradley-terry",
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
    ) -> None:
        if ranking not in _RANKINGS:
            expected = ", ".join(_RANKINGS)
            raise InputError(f"unknown ranking {ranking!r}; expected one of {expected}.")
        self.model = as_chat_model(model)
        self.max_pairs = max_pairs
        self.ranking: Ranking = ranking
        self.prompt = prompt or prompts_for(self.model).pairwise_judge or PAIR
        self._structured = StructuredModel(
            self.model, sampling=sampling or Sampling(temperature=0.0)
        )
        self._cache: AsyncCache[_Comparison, float | None] = AsyncCache()

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        settings = f"max_pairs={self.max_pairs}, ranking={self.ranking!r}"
        return f"PairwiseJudge({model_name(self.model)!r}, {settings})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost."""
        ordered = sorted(candidates, key=lambda candidate: candidate.sort_key)
        texts = dict.fromkeys(_text(c) for c in ordered if c.content is not None)
        pairs = pairs_to_compare(list(texts), limit=self.max_pairs)
        with charging(forward=True) as spent:
            outcomes = await self._compare(problem.prompt.strip(), pairs)
        values = _RANKINGS[self.ranking](outcomes)
        return ScoreBatch(
            tuple(self._score(candidate, values) for candidate in candidates), spent.usage
        )

    async def _compare(
        self, prompt: str, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], float]:
        """Return the points of each pair's first solution; unreadable pairs are left out."""
        comparisons = [
            _Comparison(prompt, *order) for pair in pairs for order in (pair, pair[::-1])
        ]
        results = await self._cache.get_all(comparisons, self._ask)
        points = [result if isinstance(result, float) else None for result in results]
        outcomes = {
            pair: _combine(forward, backward)
            for pair, forward, backward in zip(pairs, points[::2], points[1::2], strict=True)
        }
        return {pair: outcome for pair, outcome in outcomes.items() if outcome is not None}

    async def _ask(self, shown: _Comparison) -> float | None:
        """Return the points of the solution shown first, or None if the reply is unreadable."""
        messages = self.prompt.messages(
            problem=shown.prompt, first=shown.first, second=shown.second
        )
        (reply,) = await self._structured.ask(messages, ComparisonReply)
        return _POINTS[reply.winner] if reply else None

    def _score(self, candidate: Candidate, values: Mapping[str, float]) -> Score:
        value = values.get(_text(candidate)) if candidate.content is not None else None
        evidence = "" if value is not None else "it was compared with no other candidate"
        return Score(scorer=self.name, value=value, evidence=evidence)


def _text(candidate: Candidate) -> str:
    return candidate.program or candidate.text


def _combine(forward: float | None, backward: float | None) -> float | None:
    """Combine the points of a pair's first solution from both orders; disagreement is a tie."""
    if forward is None or backward is None:
        return forward if backward is None else 1.0 - backward
    return forward if forward == 1.0 - backward else 0.5
