"""Run strategies over problems concurrently and report outcomes as runs end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from refinegraph.agents.models import CallCache, Ledger, RateLimits, run_scope
from refinegraph.errors import ModelAbstained
from refinegraph.evaluation.ending import Hope
from refinegraph.evaluation.failures import Failed, SpentUsage, error_in, error_of
from refinegraph.evaluation.judging import Decider, find_decider, judge
from refinegraph.evaluation.records import RunKey, RunLine
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import (
    LabelledProblem,
    RefinementResult,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.tools.sandbox import Sandbox

LONGER = "single-long"
"""`single` with twice the maximum answer length: the effect of longer answers alone."""


class Work(NamedTuple):
    """A problem paired with a strategy."""

    labelled: LabelledProblem
    strategy: str

    @property
    def key(self) -> RunKey:
        """The identity of this work within its evaluation."""
        return self.labelled.problem.id, self.strategy


Outcome = RunLine | Failed


@dataclass(frozen=True)
class Evaluation:
    """Runs strategies problem by problem, so that comparisons are paired.

    The limit of `rate_limits` bounds the number of concurrent runs and of concurrent calls.
    """

    graphs: Mapping[str, RefinementGraph]
    sandbox: Sandbox
    rate_limits: RateLimits = field(default_factory=lambda: RateLimits(8))
    timeout: float | None = None
    cache: CallCache | None = None
    shares_answers: bool = True
    """Whether strategies that send the same request share its cached answer."""
    ledger: Ledger | None = None
    """The budget of the whole evaluation. No run starts once it is spent."""

    @property
    def names(self) -> Sequence[str]:
        """The strategies, in the order in which each problem is given to them."""
        return tuple(self.graphs)

    async def run(
        self, problems: Iterable[LabelledProblem], *, done: Callable[[RunKey], bool]
    ) -> AsyncIterator[Outcome]:
        """Yield the outcome of every unfinished run as it ends.

        An error in a run becomes its outcome, a `Failed`, and the other runs continue.

        Raises:
            ModelError: The first five runs all failed because of the model.
            SandboxUnavailable: The sandbox failed in a run and also fails on a trivial program.
            SettingError: A model, key or price is not configured, which affects every run.
        """
        left = iter(self._left(problems, done))
        going: set[asyncio.Task[Outcome]] = set()
        hope = Hope(self.sandbox)
        try:
            while True:
                while self._has_room(going) and (work := next(left, None)):
                    going.add(asyncio.ensure_future(self.outcome(work)))
                if not going:
                    return
                ended, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
                outcomes = [task.result() for task in ended]
                for outcome in outcomes:
                    yield outcome
                for outcome in outcomes:
                    await hope.after(outcome if isinstance(outcome, Failed) else None)
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    def _has_room(self, going: set[asyncio.Task[Outcome]]) -> bool:
        spent = self.ledger is not None and self.ledger.is_spent
        return len(going) < self.rate_limits.limit and not spent

    def _left(
        self, problems: Iterable[LabelledProblem], done: Callable[[RunKey], bool]
    ) -> Iterator[Work]:
        for labelled in problems:
            for strategy in self.names:
                work = Work(labelled, strategy)
                if not done(work.key):
                    yield work

    async def outcome(self, work: Work) -> Outcome:
        """Return the outcome of a run; any exception except cancellation becomes a `Failed`."""
        spent = SpentUsage()
        try:
            return await self._judged(work, spent)
        except Exception as error:
            return Failed(work.key, error_of(error), spent.usage)

    async def _judged(self, work: Work, spent: SpentUsage) -> Outcome:
        decide = find_decider(work.labelled, self.sandbox)
        try:
            with run_scope(rate_limits=self.rate_limits, ledger=self.ledger, on_event=spent.handle):
                result = await run_graph(
                    self.graphs[work.strategy],
                    work.labelled.problem,
                    timeout=self.timeout,
                    cache=self._cache_of(work.strategy),
                )
        except ModelAbstained as declined:
            result = _abstention(work, str(declined), spent.usage)
        if error := error_in(result):
            return Failed(work.key, error, result.usage)
        return await _line(work, result, decide)

    def _cache_of(self, strategy: str) -> CallCache | None:
        if self.cache is None or self.shares_answers:
            return self.cache
        return self.cache.with_namespace(strategy)


def evaluated_graphs(strategies: Sequence[str], plan: Plan) -> dict[str, RefinementGraph]:
    """Return the graph of every strategy, and of `LONGER`."""
    return {name: _graph(name, plan) for name in strategies}


def _graph(name: str, plan: Plan) -> RefinementGraph:
    if name != LONGER:
        return build_strategy(name, plan)
    return build_strategy("single", replace(plan, max_tokens=2 * (plan.max_tokens or 0)))


def _abstention(work: Work, reason: str, usage: Usage) -> RefinementResult:
    """Return the result of a run whose model declined the problem: there is no answer to it."""
    return RefinementResult(
        problem_id=work.labelled.problem.id,
        solved=None,
        answer=None,
        strategy=work.strategy,
        difficulty=None,
        rounds=0,
        stop_reason=StopReason(rule="abstained", detail=reason),
        selection=Selection(candidate_id=None, reason="the model declined the problem"),
        usage=usage,
        candidates=(),
    )


async def _line(work: Work, result: RefinementResult, decide: Decider | None) -> RunLine:
    rights = await judge(result, decide) if decide else None
    chosen = result.selection.candidate_id
    return RunLine(
        problem_id=work.labelled.problem.id,
        strategy=work.strategy,
        prompt=work.labelled.problem.prompt,
        kind=work.labelled.problem.kind,
        correct=None if rights is None else rights.get(chosen or "", False),
        candidates_correct=tuple((rights or {}).items()),
        result=result,
    )
