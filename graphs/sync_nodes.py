"""Run async nodes under LangGraph's synchronous interface."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

from langgraph._internal._runnable import RunnableCallable

Payload = TypeVar("Payload")


def node_runnable(name: str, node: Callable[[Payload], Awaitable[Any]]) -> RunnableCallable:
    """Return a node for `invoke` and `ainvoke`, with sync and async checkpointers.

    Under `invoke`, the coroutines of all nodes run in one event loop on a background thread,
    because the clients and sandbox workers that they share belong to one loop.
    """

    def run(payload: Payload) -> Any:
        pending = asyncio.run_coroutine_threadsafe(_awaited(node, payload), _background_loop())
        try:
            return pending.result()
        finally:
            pending.cancel()  # an interrupt of this thread also ends the coroutine

    async def arun(payload: Payload) -> Any:
        return await node(payload)

    return RunnableCallable(run, arun, name=name, trace=False)


async def _awaited(node: Callable[[Payload], Awaitable[Any]], payload: Payload) -> Any:
    return await node(payload)


@cache
def _background_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="refinegraph-nodes", daemon=True).start()
    return loop
