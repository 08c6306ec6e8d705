"""Run strategies over problems: some at a time, each result told as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from refinegraph.agents.models import CallCache, InFlight, Ledger, run_scope
from refinegraph.errors import BudgetExceeded, ModelError, RefinegraphError
from refinegraph.evaluation.folder import Key
from refinegraph.evaluation.judging import judge
from refinegraph.evaluation.records import RunLine
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.running import run_graph
from refinegraph.schema import LabelledProblem, RefinementResult
from refinegraph.tools.sandbox import Sandbox

_HOPELESS = 5


class Work(NamedTuple):
    """One problem for one strategy."""

    labelled: LabelledProblem
    strategy: str


class Failed(NamedTuple):
    """A run that no model answered, or that the budget cut short.

    It is not counted, and gone on with by `--resume`.
    """

    key: Key
    reason: str
    by_budget: bool = False
    """Whether a model would have answered, had there been more to spend."""


Outcome = RunLine | Failed


@dataclass(frozen=True)
class Evaluation:
    """Strategies over problems, problem by problem, so that what is compared is paired.

    The limit of `in_flight` bounds both the problems under way and the calls, shared by all.
    """

    graphs: Mapping[str, RefinementGraph]
    sandbox: Sandbox
    in_flight: InFlight = field(default_factory=lambda: InFlight(8))
    timeout: float | None = None
    cache: CallCache | None = None
    shares_answers: bool = True
    """Whether strategies that ask the same get the same answers from the cache."""
    ledger: Ledger | None = None
    """What the whole evaluation may spend: no run is begun once it is spent."""

    async def run(
        self, problems: Iterable[LabelledProblem], *, done: Callable[[Key], bool]
    ) -> AsyncIterator[Outcome]:
        """Yield what came of every piece of work that is not done yet, as it comes.

        Raises:
            ModelError: Where the first five runs all failed: nothing answers.
        """
        left = iter(self._left(problems, done))
        going: set[asyncio.Task[Outcome]] = set()
        failed = answered = 0
        try:
            while True:
                while self._has_room(going) and (work := next(left, None)):
                    going.add(asyncio.ensure_future(self._one(work)))
                if not going:
                    return
                ended, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    outcome = task.result()
                    failed += isinstance(outcome, Failed) and not outcome.by_budget
                    answered += isinstance(outcome, RunLine)
                    yield outcome
                    if isinstance(outcome, Failed) and not answered and failed >= _HOPELESS:
                        raise ModelError(outcome.reason)
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    def _has_room(self, going: set[asyncio.Task[Outcome]]) -> bool:
        spent = self.ledger is not None and self.ledger.is_spent
        return len(going) < self.in_flight.limit and not spent

    def _left(
        self, problems: Iterable[LabelledProblem], done: Callable[[Key], bool]
    ) -> Iterator[Work]:
        for labelled in problems:
            for strategy in self.graphs:
                if not done((labelled.problem.id, strategy)):
                    yield Work(labelled, strategy)

    async def _one(self, work: Work) -> Outcome:
        problem = work.labelled.problem
        try:
            with run_scope(in_flight=self.in_flight, ledger=self.ledger):
                result = await run_graph(
                    self.graphs[work.strategy],
                    problem,
                    timeout=self.timeout,
                    cache=self._cache_of(work.strategy),
                )
        except (ModelError, BudgetExceeded) as error:
            spent = isinstance(error, BudgetExceeded)
            return Failed((problem.id, work.strategy), str(error), by_budget=spent)
        cut = _cut_by_budget(result)
        if cut or _unanswered(result):
            return Failed((problem.id, work.strategy), result.stop_reason.detail, by_budget=cut)
        return await self._line(work, result)

    def _cache_of(self, strategy: str) -> CallCache | None:
        if self.cache is None or self.shares_answers:
            return self.cache
        return self.cache.apart(strategy)

    async def _line(self, work: Work, result: RefinementResult) -> RunLine:
        try:
            judged = await judge(work.labelled, result, sandbox=self.sandbox)
        except RefinegraphError as error:
            name = work.labelled.problem.id
            raise type(error)(f"problem {name!r} cannot be judged: {error}") from None
        chosen = result.selection.candidate_id
        return RunLine(
            problem_id=work.labelled.problem.id,
            strategy=work.strategy,
            prompt=work.labelled.problem.prompt,
            kind=work.labelled.problem.kind,
            correct=None if judged is None else judged.get(chosen or "", False),
            candidates_correct=tuple((judged or {}).items()),
            result=result,
        )


def _cut_by_budget(result: RefinementResult) -> bool:
    """Whether the evaluation's budget ended a run that would have gone on: it is not its worth."""
    return any(each.kind == "budget" for each in result.failures)


def _unanswered(result: RefinementResult) -> bool:
    silent = not any(each.text.strip() for each in result.candidates)
    return result.stop_reason.rule == "failed" and (silent or not result.solved)
