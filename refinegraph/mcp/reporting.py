"""Progress of a tool call: what happens in its run, and a sign of life when nothing does."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

from refinegraph.options.solve_options import EventHandler
from refinegraph.schema import Frozen
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.transcript import narrate

_LONGEST_LINE = 160
"""Characters of a message: hosts show it on one line."""


class Reports(Protocol):
    """What progress is reported to: the context of a tool call."""

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Send one report."""
        ...


@asynccontextmanager
async def reporting(context: Reports, *, heartbeat: float) -> AsyncGenerator[EventHandler]:
    """Give an event handler whose events reach the client as progress while the body runs.

    After `heartbeat` seconds of silence the seconds so far are reported. Hosts give a call up
    after 60 seconds, and every report begins that time anew.
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    state = RunState()

    def hear(event: Frozen) -> None:
        nonlocal state
        before, state = state, state.after(event)
        for line in narrate(event, before):
            if text := line.render(_LONGEST_LINE).plain.strip():
                lines.put_nowait(text)

    sending = asyncio.create_task(_send(context, lines, heartbeat))
    try:
        yield hear
        await lines.join()
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
