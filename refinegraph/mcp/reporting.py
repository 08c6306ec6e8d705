"""Report the progress of a tool call: the events of its run, and a heartbeat in between."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

from refinegraph.schema import Frozen
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.transcript import narrate

_LONGEST_LINE = 160
"""Maximum number of characters of a message, which hosts show on one line."""


class Reports(Protocol):
    """Receives progress reports: the context of a tool call."""

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Send one report."""
        ...


class Narration:
    """The events of a run as lines for a person, kept until they are sent."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self._state = RunState()

    def handle(self, event: Frozen) -> None:
        """Handle one event."""
        before, self._state = self._state, self._state.after(event)
        for line in narrate(event, before):
            if text := line.render(_LONGEST_LINE).plain.strip():
                self.lines.put_nowait(text)


@asynccontextmanager
async def reporting(
    context: Reports, narration: Narration, *, heartbeat: float
) -> AsyncGenerator[None]:
    """Send the lines of a narration to the client as progress while the body runs.

    After `heartbeat` seconds of silence the seconds so far are reported. Hosts abandon a call after
    60 seconds without a report.
    """
    sending = asyncio.create_task(_send(context, narration.lines, heartbeat))
    try:
        yield
        sent = asyncio.ensure_future(narration.lines.join())
        # Sending ends by itself only where the client is gone.
        await asyncio.wait({sent, sending}, return_when=asyncio.FIRST_COMPLETED)
        sent.cancel()
    finally:
        sending.cancel()


async def _send(context: Reports, lines: "asyncio.Queue[str]", heartbeat: float) -> None:
    began = time.monotonic()
    count = 0
    while True:
        count += 1
        try:
            async with asyncio.timeout(heartbeat):
                line = await lines.get()
        except TimeoutError:
            message = f"at work for {time.monotonic() - began:.0f} s"
            await context.report_progress(count, message=message)
            continue
        try:
            await context.report_progress(count, message=line)
        finally:
            lines.task_done()
