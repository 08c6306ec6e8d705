"""The workers of a cluster: actors that solve many problems at a time on their node."""

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from typing import Any

from refinegraph.agents.models import CallCache
from refinegraph.agents.models.spending.cache_file import CacheFile
from refinegraph.batches.ray_home import Home
from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.batches.running import Batch
from refinegraph.batches.shared_books import Caps, RemoteCache, RemoteLedger, RemoteRates
from refinegraph.errors import SettingError
from refinegraph.evaluation.running import Evaluation, Outcome, Work, evaluated_graphs
from refinegraph.options import RunOptions
from refinegraph.options.config import own_folder
from refinegraph.runs.planning import learned_rates, plan_of, rate_limits_of, resolve_models
from refinegraph.runs.solving import call_cache
from refinegraph.schema import Kind
from refinegraph.tools.sandbox import Sandbox


class Worker:
    """What all actors have that do jobs on a node, many at a time in one event loop."""

    def __init__(self, name: str, options: RunOptions, concurrency: int, home: Home) -> None:
        ray = import_ray()
        # A handle among the arguments may be lost when a worker restarts, so look it up by name.
        self._books = ray.get_actor(f"books {home.life}", home.namespace)
        life = f"{name} {secrets.token_hex(4)}"
        ray.get(self._books.register.remote(name, life))
        caps = caps_of(options)
        self._keeps = home.calls is not None
        self._calls = RemoteCache(self._books, "", _file_here(home))
        self._options = options
        self._models = resolve_models(options)
        self._sandbox = Sandbox()
        self._ledger = RemoteLedger(self._books, caps, life) if caps.is_limited else None
        self._limits = rate_limits_of(options, concurrency=concurrency)
        self._limits.shared = RemoteRates(self._books)
        self._stack = ExitStack()
        self._named = self._stack.enter_context(call_cache(options))
        self._rates = self._stack.enter_context(learned_rates(options, self._models))

    def is_up(self) -> bool:
        """Return True; a worker that is still restarting raises instead."""
        return True

    def close(self) -> None:
        """Save what was learned."""
        self._stack.close()


class BatchWorker(Worker):
    """Solves the problems of a batch."""

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self._batch = Batch(
            self._options,
            self._models,
            self._sandbox,
            self._limits,
            ledger=self._ledger,
            rates=self._rates,
            cache_for=self._cache_for,
        )

    async def prepare(self, kind: Kind) -> None:
        """Build the graph for a kind of problem."""
        await self._batch.prepare(kind)

    async def do(self, item: BatchItem) -> BatchRecord:
        """Return the outcome of a problem."""
        if item.problem:
            await self._batch.prepare(item.problem.kind)
        return await self._batch.solve(item)

    def _cache_for(self, item: BatchItem) -> CallCache | None:
        return self._calls.with_namespace(f"{item.index}:") if self._keeps else self._named


class EvaluationWorker(Worker):
    """Makes and judges the runs of an evaluation."""

    def __init__(self, *settings: Any, strategies: Sequence[str], kind: Kind) -> None:
        super().__init__(*settings)
        plan = plan_of(
            self._options,
            kind=kind,
            models=self._models,
            sandbox=self._sandbox,
            rates=self._rates,
        )
        self._evaluation = Evaluation(
            evaluated_graphs(strategies, plan),
            self._sandbox,
            rate_limits=self._limits,
            timeout=self._options.timeout,
            cache=self._calls if self._keeps else self._named,
            shares_answers=not self._keeps,
            ledger=self._ledger,
        )

    async def do(self, work: Work) -> Outcome:
        """Return the outcome of a run."""
        return await self._evaluation.outcome(work)


def _file_here(home: Home) -> CacheFile | None:
    """Open the file of answers if this is its node; None if not, or if that fails."""
    if home.calls and home.node == import_ray().get_runtime_context().get_node_id():
        with suppress(sqlite3.Error, OSError):
            return CacheFile(own_folder() / home.calls)
    return None


def caps_of(options: RunOptions) -> Caps:
    """Return the limits over the whole batch."""
    return Caps(options.budget_usd, options.budget_tokens, options.budget_calls)


def import_ray() -> Any:
    """Return the package; raises `SettingError` if it is not installed."""
    try:
        return import_module("ray")
    except ImportError:
        raise SettingError(
            "a cluster needs Ray, which is not installed: pip install 'refinegraph[ray]'."
        ) from None
