"""Resources that belong to one event loop and are closed before it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

Resource = TypeVar("Resource")


class PerLoop(Generic[Resource]):
    """One resource per event loop, closed together with its loop.

    Runners shut down asynchronous generators before they close a loop. A suspended generator is
    therefore the only object that is notified in time.

    Args:
        make: Creates the resource; called in its loop.
        close: Closes the resource; awaited in the same loop.
    """

    def __init__(
        self, make: Callable[[], Resource], close: Callable[[Resource], Awaitable[object]]
    ) -> None:
        self._make = make
        self._close = close
        self._resources: dict[asyncio.AbstractEventLoop, Resource] = {}
        self._keepers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}

    async def get(self) -> Resource:
        """Return the resource of the running loop, creating it at first use."""
        loop = asyncio.get_running_loop()
        if loop in self._resources:
            return self._resources[loop]
        self._forget_closed_loops()
        resource = self._resources[loop] = self._make()
        keeper = self._keepers[loop] = self._keep(loop)
        await anext(keeper)
        return resource

    def _forget_closed_loops(self) -> None:
        for closed in [loop for loop in list(self._keepers) if loop.is_closed()]:
            self._keepers.pop(closed, None)
            self._resources.pop(closed, None)

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._keepers.pop(loop, None)
            await self._close(self._resources.pop(loop))
