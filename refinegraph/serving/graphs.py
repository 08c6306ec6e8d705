"""The graphs of strategies, built once for all requests with the same options."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies import build_strategy
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, learned_rates, plan_of
from refinegraph.schema import Kind
from refinegraph.tools.sandbox import Sandbox

_MOST = 64
"""Graphs that are kept: more than strategies that clients commonly use, and some megabytes."""
_LIMITS = ("budget_usd", "budget_tokens", "budget_calls", "timeout")
"""Options that have no part in a graph."""


@dataclass
class Graphs:
    """The graphs of the last requests; building one takes longer than all else before a call.

    Requests with the same options share what their graph learns, as the problems of a batch do.
    """

    sandbox: Sandbox | None = None
    _kept: OrderedDict[tuple[RunOptions, Kind], RefinementGraph] = field(
        default_factory=OrderedDict[tuple[RunOptions, Kind], RefinementGraph]
    )
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def graph(
        self, options: RunOptions, models: Models, kind: Kind
    ) -> AsyncGenerator[RefinementGraph]:
        """Yield the graph of a strategy for one run; with `learn="keep"` it is the run's own."""
        if options.learn != "keep":
            yield await self._shared(options, models, kind)
            return
        with learned_rates(options, models) as rates:
            yield self._built(options, models, kind, rates)

    async def _shared(self, options: RunOptions, models: Models, kind: Kind) -> RefinementGraph:
        key = (replace(options, **cast("dict[str, Any]", dict.fromkeys(_LIMITS))), kind)
        # One at a time, or all requests that arrive together would build the same graph.
        async with self._building:
            if key not in self._kept:
                await asyncio.sleep(0)
                with learned_rates(options, models) as rates:
                    self._kept[key] = self._built(options, models, kind, rates)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _built(
        self, options: RunOptions, models: Models, kind: Kind, rates: SuccessRates | None
    ) -> RefinementGraph:
        plan = plan_of(options, kind=kind, models=models, sandbox=self.sandbox, rates=rates)
        return build_strategy(options.strategy, plan)
