"""Solve the problems of a batch concurrently, and yield the outcomes as they arrive."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from refinegraph.agents.models import CallCache, Ledger, RateLimits, run_scope
from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.evaluation.ending import Hope
from refinegraph.evaluation.failures import Failed, SpentUsage, error_in, error_of
from refinegraph.evaluation.judging import require_sandbox
from refinegraph.evaluation.records import RunError
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies import build_strategy, find_strategy
from refinegraph.options import RunOptions
from refinegraph.options.solve_options import EventHandler
from refinegraph.runs.planning import Models, plan_of
from refinegraph.runs.runner import run_graph
from refinegraph.runs.solving import require_fit
from refinegraph.schema import Kind, Problem, RefinementResult, Usage
from refinegraph.tools.sandbox import Sandbox

_AHEAD = 4
"""For ordered output, the number of held-back outcomes per active problem: large enough that a few
slow problems do not leave the others idle, and small enough to bound memory."""


@dataclass
class Batch:
    """Solves many problems with the same options.

    The limit of `rate_limits` bounds both the number of active problems and the number of calls,
    which all problems share.
    """

    options: RunOptions
    models: Models
    sandbox: Sandbox
    rate_limits: RateLimits
    ledger: Ledger | None = None
    """The budget of the whole batch; no problem is started once it is spent."""
    rates: SuccessRates | None = None
    cache_for: Callable[[BatchItem], CallCache | None] = field(default=lambda _: None)
    in_order: bool = False
    """Whether outcomes are yielded in the order of the problems rather than of their completion."""
    on_event: EventHandler | None = None
    was_cut: bool = False
    """Whether the budget was spent before the last problem was started."""
    _graphs: dict[Kind, RefinementGraph] = field(default_factory=dict[Kind, RefinementGraph])

    async def run(self, items: AsyncIterator[BatchItem]) -> AsyncGenerator[BatchRecord]:
        """Yield the outcome of every problem; a failure is an outcome as well.

        Problems are taken from `items` as there is room for them.

        Raises:
            InputError: There is no such strategy.
            ModelError: The first five runs all failed because of their model.
            SandboxUnavailable: Programs cannot be run here.
            SettingError: A model, a key or a price is not set up, which is so for every run.
        """
        find_strategy(self.options.strategy)
        hope, work = Hope(self.sandbox), _Work(self, items)
        try:
            async for record in work.ended():
                yield record
                await hope.after(_failure(record))
        finally:
            await work.stop()

    async def solve(self, item: BatchItem) -> BatchRecord:
        """Return the outcome of one problem; raises only `CancelledError`."""
        if item.problem is None:
            error = RunError(kind="input", type="InputError", detail=item.fault)
            return _record(item, error=error)
        spent = SpentUsage()
        try:
            with (
                run_scope(on_event=self.on_event),
                run_scope(rate_limits=self.rate_limits, ledger=self.ledger, on_event=spent.handle),
            ):
                result = await self._result(item, item.problem)
        except Exception as error:
            return _record(item, error=error_of(error), usage=spent.usage)
        if fault := error_in(result):
            return _record(item, error=fault, usage=result.usage)
        return _record(item, result=result, usage=result.usage)

    async def prepare(self, kind: Kind) -> None:
        """Build the graph for a kind of problem before any run costs anything.

        Raises `SandboxUnavailable` if the graph runs programs and no sandbox is available.
        """
        if kind in self._graphs:
            return
        if kind == "code":
            await require_sandbox(self.sandbox)
        plan = plan_of(
            self.options,
            kind=kind,
            models=self.models,
            sandbox=self.sandbox,
            rates=self.rates,
        )
        self._graphs[kind] = build_strategy(self.options.strategy, plan)

    async def _result(self, item: BatchItem, problem: Problem) -> RefinementResult:
        require_fit(problem, self.options)
        return await run_graph(
            self._graphs[problem.kind],
            problem,
            timeout=self.options.timeout,
            cache=self.cache_for(item),
        )


class _Work:
    """The active problems, the next one, and outcomes that are held back for their order."""

    def __init__(self, batch: Batch, items: AsyncIterator[BatchItem]) -> None:
        self._batch = batch
        self._items = items
        self._begun: deque[asyncio.Task[BatchRecord]] = deque()
        """The tasks whose outcomes were not yielded yet, in the order of the problems."""
        self._next: asyncio.Task[BatchItem | None] | None = None
        self._is_over = False

    async def ended(self) -> AsyncIterator[BatchRecord]:
        """Yield outcomes until no problem or no budget is left."""
        while True:
            self._look_for_next()
            waiting = [task for task in self._begun if not task.done()]
            if self._next:
                await asyncio.wait([*waiting, self._next], return_when=asyncio.FIRST_COMPLETED)
                await self._begin_next()
            elif waiting:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in self._told():
                yield task.result()
            if not self._begun and not self._next and not self._has_room():
                return

    async def stop(self) -> None:
        """Cancel the active problems and wait for them."""
        left: list[asyncio.Task[Any]] = [*self._begun, *([self._next] if self._next else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _has_room(self) -> bool:
        limit = self._batch.rate_limits.limit
        if self._is_over:
            return False
        under_way = sum(not task.done() for task in self._begun)
        return under_way < limit and len(self._begun) < _AHEAD * limit

    def _is_spent(self) -> bool:
        return self._batch.ledger is not None and self._batch.ledger.is_spent

    def _look_for_next(self) -> None:
        if self._next is None and self._has_room():
            self._next = asyncio.ensure_future(self._take())

    async def _take(self) -> BatchItem | None:
        return await anext(self._items, None)

    async def _begin_next(self) -> None:
        """Start the next problem if one was read."""
        if self._next is None or not self._next.done():
            return
        item, self._next = self._next.result(), None
        if item is None or self._is_spent():
            self._is_over = True
            self._batch.was_cut = item is not None
            return
        if item.problem:
            await self._batch.prepare(item.problem.kind)
        self._begun.append(asyncio.ensure_future(self._batch.solve(item)))

    def _told(self) -> list[asyncio.Task[BatchRecord]]:
        """Remove and return the tasks whose outcome can be yielded."""
        if not self._batch.in_order:
            ended = [task for task in self._begun if task.done()]
            self._begun = deque(task for task in self._begun if not task.done())
            return ended
        due: list[asyncio.Task[BatchRecord]] = []
        while self._begun and self._begun[0].done():
            due.append(self._begun.popleft())
        return due


def _record(
    item: BatchItem,
    *,
    result: RefinementResult | None = None,
    error: RunError | None = None,
    usage: Usage | None = None,
) -> BatchRecord:
    return BatchRecord(item.index, item.id, item.columns, result, error, usage or Usage())


def _failure(record: BatchRecord) -> Failed | None:
    if record.error is None:
        return None
    return Failed((record.id, ""), record.error, record.usage)
