"""Wait for the descriptors of all processes of a run at the same time."""

import select
import time
from collections.abc import Callable

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
Handler = Callable[[int], None]
"""A function that handles the events of one descriptor."""


class Poller:
    """Call a handler for every descriptor that is ready.

    The processes of a run share a poller, so that none of them blocks on unread output while the
    host waits for another one.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Handler] = {}

    def watch(self, descriptor: int, events: int, handler: Handler) -> None:
        """Register a descriptor, or change the events that it is registered for."""
        self._poll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Unregister a descriptor; does nothing if it is not registered."""
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def turn(self, *, until: float) -> None:
        """Wait for events until a monotonic time and handle them; raises `TimeoutError`."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for descriptor, events in self._poll.poll(left * 1000 + 1):
            handler = self._handlers.get(descriptor)
            if handler:  # an earlier handler may have closed this one's descriptor
                handler(events)
