"""Answer a request with runs of a strategy."""

import asyncio
from dataclasses import replace
from functools import reduce
from operator import add
from typing import NamedTuple

from refinegraph.agents.models import Ledger, RateLimits, run_scope
from refinegraph.errors import BudgetExceeded, ModelError
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, ledger_of
from refinegraph.runs.runner import run_graph
from refinegraph.runs.solving import call_cache
from refinegraph.runs.unfinished import new_run_id
from refinegraph.schema import Problem, RefinementResult
from refinegraph.serving.answers import (
    ServedAnswer,
    ServedChoice,
    content_of,
    cut_at,
    first_text,
    run_note,
)
from refinegraph.serving.budgets import NestedLedger
from refinegraph.serving.deltas import Delta, OnDelta
from refinegraph.serving.graphs import Graphs
from refinegraph.serving.progress import Progress
from refinegraph.serving.run_pages import RunPages
from refinegraph.serving.tasks import Task
from refinegraph.tools.sandbox import Sandbox

_WHOLE_TEXT = frozenset({"single"})
"""Strategies whose only model call is the answer, which is therefore sent while it is written."""


class RunOrder(NamedTuple):
    """The runs that one request asks for."""

    task: Task
    options: RunOptions
    models: Models
    stops: tuple[str, ...] = ()
    n: int = 1
    ledger: Ledger | None = None
    """The budget of the client."""


class Runner:
    """Runs strategies for requests, which share one limit of concurrent calls."""

    def __init__(
        self, rate_limits: RateLimits, pages: RunPages, sandbox: Sandbox | None = None
    ) -> None:
        self.rate_limits = rate_limits
        self.pages = pages
        self._graphs = Graphs(sandbox)

    async def answer(self, order: RunOrder, tell: OnDelta, *, heartbeat: float) -> ServedAnswer:
        """Answer a request with one run for each choice, all of them concurrently.

        Raises:
            ModelError: If the model wrote nothing.
            BudgetExceeded: If the budget left no room for an answer.
        """
        try:
            async with asyncio.TaskGroup() as group:
                runs = [
                    group.create_task(self._choice(order, number, tell, heartbeat))
                    for number in range(order.n)
                ]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        ended = [run.result() for run in runs]
        usage = reduce(add, (result.usage for _, result in ended))
        return ServedAnswer(tuple(choice for choice, _ in ended), usage)

    async def _choice(
        self, order: RunOrder, number: int, tell: OnDelta, heartbeat: float
    ) -> tuple[ServedChoice, RefinementResult]:
        """Make one run; return its answer as a choice, and its result."""
        reasoning: list[str] = []

        def note(delta: Delta) -> None:
            if delta.kind == "reasoning":
                reasoning.append(delta.text)
            tell(delta)

        options = _for_choice(order.options, number)
        live = options.strategy in _WHOLE_TEXT and not order.stops
        progress = Progress(note, choice=number, live=live)
        async with _pulsing(progress, heartbeat):
            result = await self._run(order, options, progress, live=live)
        run_id = new_run_id()
        page = await self.pages.keep(run_id, order.task.problem, result)
        run = run_note(run_id, result, page=page, ignored=order.task.ignored)
        progress.say(f"  {run.verdict}: {run.evidence.removeprefix(f'{run.verdict}: ')}")
        if page:
            progress.say(f"  run {run_id}: {page}")
        content = cut_at(_content(result, order.task.problem, options), order.stops)
        progress.finish(content)
        return ServedChoice(content, reasoning="".join(reasoning), run=run), result

    async def _run(
        self, order: RunOrder, options: RunOptions, progress: Progress, *, live: bool
    ) -> RefinementResult:
        problem = order.task.problem
        with (
            run_scope(rate_limits=self.rate_limits),
            call_cache(options) as cache,
        ):
            async with self._graphs.graph(options, order.models, problem.kind) as graph:
                result = await run_graph(
                    graph,
                    problem,
                    timeout=options.timeout,
                    cache=cache,
                    stream=live,
                    ledger=_ledger(options, order.ledger),
                    on_event=progress.handle,
                )
        _check_answer(result)
        return result


def _for_choice(options: RunOptions, number: int) -> RunOptions:
    """Return the options of one of several runs: equal seeds would give equal answers."""
    if not number or options.seed is None:
        return options
    return replace(options, seed=options.seed + 1_000 * number)


def _ledger(options: RunOptions, outer: Ledger | None) -> Ledger | None:
    own = ledger_of(options)
    if own is None or outer is None:
        return own or outer
    return NestedLedger(usd=own.usd, tokens=own.tokens, calls=own.calls, outer=outer)


def _content(result: RefinementResult, problem: Problem, options: RunOptions) -> str:
    return content_of(result, kind=problem.kind, whole_text=options.strategy in _WHOLE_TEXT)


def _check_answer(result: RefinementResult) -> None:
    """Raise an error with the reason of the run if there is nothing to send."""
    if result.answer is not None or first_text(result):
        return
    if result.stop_reason.rule == "budget":
        raise BudgetExceeded(f"no answer was found: {result.stop_reason.detail}.")
    reasons = [candidate.unusable for candidate in result.candidates if candidate.unusable]
    reason = reasons[0] if reasons else result.stop_reason.detail
    raise ModelError(
        f"{result.models.solver or 'the model'} gave no usable answer: {reason.rstrip('.')}."
    )


class _pulsing:
    """Reports that the run is still active, at a fixed interval."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        self._progress = progress
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._pulse())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _pulse(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await asyncio.sleep(self._seconds)
            self._progress.pulse(loop.time() - began)
