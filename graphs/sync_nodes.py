"""Let async nodes run under LangGraph's synchronous interface too."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

from langgraph._internal._runnable import RunnableCallable

Given = TypeVar("Given")


def node_runnable(name: str, node: Callable[[Given], Awaitable[Any]]) -> RunnableCallable:
    """Return a node for `invoke` and `ainvoke`, with sync and async checkpointers.

    Under `invoke` the coroutines of all nodes run in one event loop, kept by a thread of its own,
    because the clients and sandbox workers that they share belong to one loop.
    """

    def run(given: Given) -> Any:
        pending = asyncio.run_coroutine_threadsafe(_awaited(node, given), _background_loop())
        try:
            return pending.result()
        finally:
            pending.cancel()  # an interrupt of this thread ends the coroutine too

    async def arun(given: Given) -> Any:
        return await node(given)

    return RunnableCallable(run, arun, name=name, trace=False)


async def _awaited(node: Callable[[Given], Awaitable[Any]], given: Given) -> Any:
    return await node(given)


@cache
def _background_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="refinegraph-nodes", daemon=True).start()
    return loop
