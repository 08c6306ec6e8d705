"""Cancel a run at each line that a thread of the sandbox executes, one run a line.

    python cancel_everywhere.py MODE STEP

MODE is `run` or `test` with workers that are warm, or `launch` with workers that are launched
anew; every STEP-th line is tried. Prints how many lines were, and the lines where it went wrong.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

from refinegraph.schema import Verdict
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy, pool

FOLDER = str(Path(pool.__file__).parent)
SANDBOX = Sandbox(policy=SandboxPolicy(wall_seconds=300))
SLEEPER = "import time\ntime.sleep(300)"
PROMPT = 60.0
"""Seconds: far longer than a loaded machine needs, far shorter than the program sleeps."""


def _nothing() -> None:
    pass


class Tripwire:
    """Calls a function at one of the lines that threads of the sandbox execute."""

    def __init__(self) -> None:
        self.seen = 0
        self.place = ""
        self._at = -1
        self._call: Callable[[], None] = _nothing

    def set(self, at: int, call: Callable[[], None]) -> None:
        """Schedule a call of a function after this many lines."""
        self.seen, self.place, self._at, self._call = 0, "", at, call

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        """Count lines; installed in every new thread."""
        if not frame.f_code.co_filename.startswith(FOLDER):
            return None
        if event == "line":
            self.seen += 1
            if self.seen == self._at:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                self._call()
        return self.trace


def _begin(mode: str) -> Coroutine[None, None, Verdict]:
    if mode == "launch":
        pool.close_pools()
    if mode == "test":
        return SANDBOX.test(SLEEPER, "assert f(1) == 1")
    return SANDBOX.run(SLEEPER)


async def _begin_and_end(mode: str) -> None:
    """Launch the workers that a run needs."""
    task = asyncio.ensure_future(_begin(mode))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])


async def _lines_in(wire: Tripwire, mode: str) -> int:
    """Return the number of lines that a run executes before it only waits."""
    await _begin_and_end(mode)
    wire.set(-1, _nothing)
    task = asyncio.ensure_future(_begin(mode))
    before = -1
    while before != wire.seen:
        before = wire.seen
        await asyncio.sleep(2)
    task.cancel()
    await asyncio.wait([task])
    return before


async def _cancelled_at(wire: Tripwire, mode: str, line: int) -> str:
    """Cancel a run at one line; return the line if the run did not end."""
    loop, went_on = asyncio.get_running_loop(), threading.Event()

    def cancel() -> None:
        task.cancel()
        loop.call_soon(lambda: loop.call_soon(went_on.set))

    def trip() -> None:
        loop.call_soon_threadsafe(cancel)
        went_on.wait(0.05)  # a lock that this line holds may keep the loop from going on

    task = asyncio.ensure_future(_begin(mode))
    wire.set(line, trip)
    until = time.monotonic() + 1  # a run differs from the last one by a few lines
    while not task.done() and not wire.place and time.monotonic() < until:
        await asyncio.sleep(0.001)
    if not wire.place:  # a second cancellation would hide that the first was lost
        task.cancel()
    done, _ = await asyncio.wait([task], timeout=PROMPT)
    right = bool(done) and task.cancelled()
    passed = await asyncio.wait_for(SANDBOX.check("def f(): return 1", "f", [((), 1)]), PROMPT)
    return "" if right and passed.passed else f"{wire.place or line}: {task}"


async def main(mode: str, step: int) -> int:
    """Cancel at several lines; return the number of lost cancellations."""
    wire = Tripwire()
    threading.settrace(wire.trace)
    count = await _lines_in(wire, mode)
    tried = range(1, count + 1, step)
    wrong = [place for line in tried if (place := await _cancelled_at(wire, mode, line))]
    print(f"{len(tried)} of {count} lines", *wrong, sep="\n")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], int(sys.argv[2]))))
