"""A chat model that compares candidates two by two."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.judges.replies import ComparisonReply
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.prompts.choice import prompts_for
from refinegraph.agents.prompts.judging import PAIR
from refinegraph.agents.prompts.prompt import Prompt
from refinegraph.agents.structured_output import StructuredModel
from refinegraph.charging import charging
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.comparisons import bradley_terry, pairs_to_compare, win_rates
from refinegraph.tools.scorers.basic import Scored
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
    pair is a tie. At most `most_pairs` pairs are compared, and the outcomes become one value each
    in 0 to 1: by Bradley and Terry's model, which is fair to those that met strong opponents, or
    as the share of points. Candidates with equal texts count as one; one that was compared with
    no other scores None.

    Costs two calls a pair; pairs that were compared before cost nothing. Raises `ModelError`
    where no pair could be compared because the model failed.
    """

    name = "pairwise"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        most_pairs: int = 12,
        ranking: Ranking = "bradley-terry",
        sampling: Sampling | None = None,
        prompt: Prompt | None = None,
    ) -> None:
        if ranking not in _RANKINGS:
            known = ", ".join(_RANKINGS)
            raise InputError(f"The ranking {ranking!r} is unknown; rankings are {known}.")
        self.model = model
        self.most_pairs = most_pairs
        self.ranking: Ranking = ranking
        self.prompt = prompt or prompts_for(model).pairwise_judge or PAIR
        self._structured = StructuredModel(model, sampling=sampling or Sampling(temperature=0.0))
        self._known: Memory[_Comparison, float | None] = Memory()

    def __repr__(self) -> str:
        """The call that makes it, with the model's name."""
        settings = f"most_pairs={self.most_pairs}, ranking={self.ranking!r}"
        return f"PairwiseJudge({model_name(self.model)!r}, {settings})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, and what they cost."""
        asked = sorted(candidates, key=lambda each: each.order)
        texts = dict.fromkeys(_text(each) for each in asked if each.content is not None)
        pairs = pairs_to_compare(list(texts), limit=self.most_pairs)
        with charging(forward=True) as spent:
            outcomes = await self._compare(problem.prompt.strip(), pairs)
        values = _RANKINGS[self.ranking](outcomes)
        return Scored(tuple(self._score(each, values) for each in candidates), spent.usage)

    async def _compare(
        self, prompt: str, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], float]:
        """Return the points of each pair's first; pairs without any readable answer left out."""
        shown = [_Comparison(prompt, *order) for pair in pairs for order in (pair, pair[::-1])]
        told = await self._known.each(shown, self._ask)
        points = [each if isinstance(each, float) else None for each in told]
        outcomes = {
            pair: _settle(there, back)
            for pair, there, back in zip(pairs, points[::2], points[1::2], strict=True)
        }
        return {pair: outcome for pair, outcome in outcomes.items() if outcome is not None}

    async def _ask(self, shown: _Comparison) -> float | None:
        """Return the points of the solution shown first; None where nothing could be read."""
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


def _settle(there: float | None, back: float | None) -> float | None:
    """Join the points of a pair's first from both orders: what they agree on, else a tie."""
    if there is None or back is None:
        return there if back is None else 1.0 - back
    return there if there == 1.0 - back else 0.5
