"""Selectors in which a model chooses the answer, by pairwise matches or from a list.

Both consider one candidate per distinct answer, and only candidates that pass the most visible
tests, because execution outranks every opinion.
"""

from collections.abc import Sequence
from typing import Protocol, cast

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.judges.replies import ChoiceReply
from refinegraph.agents.models import Sampling, model_name
from refinegraph.agents.prompts.judging import BEST_OF_LIST
from refinegraph.agents.structured_output import StructuredModel
from refinegraph.graphs.selection import best_of
from refinegraph.schema import Candidate, Problem, Score, Selection
from refinegraph.support.awaiting import MaybeAwaitable, settle, wait_for_all
from refinegraph.tools.grouping import answer_groups
from refinegraph.tools.scorers.basic import ScoreBatch

_EVEN = 0.5
"""The share of points of a candidate that neither won nor lost."""


class PairJudge(Protocol):
    """Scores two candidates against each other, such as `PairwiseJudge`."""

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Sequence[Score] | ScoreBatch]:
        """Return one score per candidate."""
        ...


class knockout:
    """Eliminate candidates in pairwise matches until one is left (arXiv 2411.19477).

    Candidates are seeded by agreement: the most frequent answer meets the rarest one. Ties go to
    the more frequent answer. Costs one comparison less than there are distinct answers; with a
    `PairwiseJudge`, which shows both orders, a comparison costs two calls.
    """

    def __init__(self, judge: PairJudge) -> None:
        self.judge = judge

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the winner of the knockout."""
        field = finalists(problem, candidates)
        if len(field) < 2:
            return best_of()(problem, field or candidates)
        entrants = len(field)
        while len(field) > 1:
            half = len(field) // 2
            matches = zip(field[:half], reversed(field[-half:]), strict=True)
            winners = await wait_for_all(*(self._winner(problem, *match) for match in matches))
            unopposed = field[half : len(field) - half]
            field = sorted([*winners, *unopposed], key=field.index)
        reason = f"it won a knockout of {entrants} different answers"
        return Selection(candidate_id=field[0].id, reason=reason)

    async def _winner(self, problem: Problem, first: Candidate, second: Candidate) -> Candidate:
        judged = await settle(self.judge(problem, [first, second]))
        scores = cast(
            "Sequence[Score]", judged.scores if isinstance(judged, ScoreBatch) else judged
        )
        values = [_EVEN if score.value is None else score.value for score in scores]
        return second if values[1] > values[0] else first

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"knockout({self.judge!r})"


class listwise:
    """Show a model all distinct answers at once and take the one that it chooses most often.

    The list is shown `orders` times in different rotations, because models favour a position. Ties
    go to the more frequent answer, as do lists from which no reply chooses. At most `limit`
    answers are shown, the most frequent ones first. Costs `orders` calls.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        orders: int = 2,
        limit: int = 8,
        sampling: Sampling | None = None,
    ) -> None:
        self.model = model
        self.orders = orders
        self.limit = limit
        self._structured = StructuredModel(model, sampling=sampling or Sampling(temperature=0.0))

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the candidate chosen most often."""
        field = finalists(problem, candidates)[: self.limit]
        if len(field) < 2:
            return best_of()(problem, field or candidates)
        offsets = [index * len(field) // self.orders for index in range(self.orders)]
        lists = [field[index:] + field[:index] for index in offsets]
        winners = await wait_for_all(*(self._ask(problem, shown) for shown in lists))
        votes = [sum(winner is candidate for winner in winners) for candidate in field]
        best = max(range(len(field)), key=lambda index: (votes[index], -index))
        reason = f"it was chosen {votes[best]} of {self.orders} times from {len(field)} answers"
        return Selection(candidate_id=field[best].id, reason=reason)

    async def _ask(self, problem: Problem, shown: Sequence[Candidate]) -> Candidate | None:
        listed = "\n\n".join(
            f"# Solution {number}\n{candidate.program or candidate.text}"
            for number, candidate in enumerate(shown, 1)
        )
        messages = BEST_OF_LIST.messages(problem=problem.prompt.strip(), solutions=listed)
        (reply,) = await self._structured.ask(messages, ChoiceReply)
        inside = reply is not None and 1 <= reply.best <= len(shown)
        return shown[reply.best - 1] if reply is not None and inside else None

    def __repr__(self) -> str:
        """Return the constructor call, with the model's name in place of the model."""
        return f"listwise({model_name(self.model)!r}, orders={self.orders}, limit={self.limit})"


def finalists(problem: Problem, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return one candidate per distinct answer, the most frequent answer first.

    Only candidates that pass the most visible tests are considered.
    """
    usable = [candidate for candidate in candidates if candidate.content is not None]
    most_passed = max((_passed(candidate) for candidate in usable), default=0)
    best = [candidate for candidate in usable if _passed(candidate) == most_passed]
    return [group[0] for group in answer_groups(problem, best)]


def _passed(candidate: Candidate) -> int:
    return len(candidate.verdict.passed_ids) if candidate.verdict else 0
