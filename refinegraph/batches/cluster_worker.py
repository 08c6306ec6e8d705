"""The worker of a cluster: an actor that solves many problems at a time on its node."""

import secrets
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.batches.running import Batch
from refinegraph.batches.shared_books import Caps, RemoteCache, RemoteLedger, RemoteRates
from refinegraph.errors import SettingError
from refinegraph.options import RunOptions
from refinegraph.runs.planning import learned_rates, rate_limits_of, resolve_models
from refinegraph.runs.solving import call_cache
from refinegraph.schema import Kind
from refinegraph.tools.sandbox import Sandbox


class Worker:
    """The actor that solves problems on a node, many at a time in one event loop."""

    def __init__(
        self, name: str, options: RunOptions, concurrency: int, books_name: str, keeps: bool
    ) -> None:
        ray = import_ray()
        # A handle among the arguments may be lost when a worker restarts, so look it up by name.
        books = ray.get_actor(books_name)
        life = f"{name} {secrets.token_hex(4)}"
        ray.get(books.register.remote(name, life))
        caps = caps_of(options)
        models = resolve_models(options)
        self._stack = ExitStack()
        named = self._stack.enter_context(call_cache(options))
        limits = rate_limits_of(options, concurrency=concurrency)
        limits.shared = RemoteRates(books)
        self._batch = Batch(
            options,
            models,
            Sandbox(),
            limits,
            ledger=RemoteLedger(books, caps, life) if caps.is_limited else None,
            rates=self._stack.enter_context(learned_rates(options, models)),
            cache_for=lambda item: RemoteCache(books, f"{item.index}:") if keeps else named,
        )

    async def prepare(self, kind: Kind) -> None:
        """Build the graph for a kind of problem."""
        await self._batch.prepare(kind)

    async def solve(self, item: BatchItem) -> BatchRecord:
        """Return the outcome of a problem."""
        if item.problem:
            await self._batch.prepare(item.problem.kind)
        return await self._batch.solve(item)

    def is_up(self) -> bool:
        """Return True; a worker that is still restarting raises instead."""
        return True

    def close(self) -> None:
        """Save what was learned."""
        self._stack.close()


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
