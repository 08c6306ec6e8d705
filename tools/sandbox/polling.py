"""Wait for the descriptors of all processes of one run at once."""

import select
import time
from collections.abc import Callable

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
Handler = Callable[[int], None]
"""Deals with the events of one descriptor."""


class Poller:
    """Call a handler for each descriptor that is ready.

    The processes of a run share one, so that none of them blocks on output that nobody reads
    while the host listens to another.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Handler] = {}

    def watch(self, descriptor: int, events: int, handler: Handler) -> None:
        """Wait for events of a descriptor too, or for other events than before."""
        self._poll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Stop waiting for a descriptor; does nothing where nothing waits for it."""
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def turn(self, *, until: float) -> None:
        """Wait for events and handle them; raises `TimeoutError` past that monotonic time."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for descriptor, events in self._poll.poll(left * 1000 + 1):
            handler = self._handlers.get(descriptor)
            if handler:  # an earlier handler may have closed this one's descriptor
                handler(events)
