"""Synchronous code that waits for a coroutine: results, errors, and Ctrl-C at any moment."""

import asyncio
import contextvars
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from interrupting import PATIENCE, Command

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.support.blocking import run_sync

name = contextvars.ContextVar("name", default="")


async def named(value: str) -> str:
    await asyncio.sleep(0)
    if not value:
        raise ValueError("no value")
    return f"{value} for {name.get()}"


async def in_a_loop(call: Callable[[], Any]) -> Any:
    """Call synchronous code where an event loop is running, as a notebook does."""
    return call()


def plainly(call: Callable[[], Any]) -> Any:
    return call()


def under_asyncio_run(call: Callable[[], Any]) -> Any:
    return asyncio.run(in_a_loop(call))


def in_a_notebook(call: Callable[[], Any]) -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(in_a_loop(call))
    finally:
        loop.close()


everywhere = pytest.mark.parametrize("place", [plainly, under_asyncio_run, in_a_notebook])
Place = Callable[[Callable[[], Any]], Any]


@everywhere
def test_results_errors_and_context_variables_pass_through(place: Place) -> None:
    name.set("a test")
    assert place(lambda: run_sync(named("7"))) == "7 for a test"
    with pytest.raises(ValueError, match="no value"):
        place(lambda: run_sync(named("")))


def test_it_works_in_a_thread() -> None:
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(run_sync(named("7"))))
    thread.start()
    thread.join()
    assert results == ["7 for "]


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


class Interrupted:
    """A coroutine that presses Ctrl-C when it starts, and records how it ended."""

    def __init__(self) -> None:
        self.cleaned_up = False
        self.steps = 0
        self.ended = threading.Event()

    async def heeding(self) -> None:
        """Clean up with an await when cancelled."""
        press_ctrl_c()
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            await asyncio.sleep(0.01)
            self.cleaned_up = True

    async def ignoring(self) -> None:
        """Ignore cancellation, next to a task that does the same."""
        beside = asyncio.create_task(self._for_ever())
        press_ctrl_c()
        await self._for_ever()
        await beside

    async def swallowing(self) -> str:
        """Return a value despite the cancellation."""
        press_ctrl_c()
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            self.cleaned_up = True
        return "as if nothing had happened"

    async def blocking(self) -> None:
        """Leave a running thread behind."""
        press_ctrl_c()
        await asyncio.to_thread(self.ended.wait, PATIENCE)

    async def _for_ever(self) -> None:
        while True:
            try:
                await asyncio.sleep(0.001)
                self.steps += 1
            except asyncio.CancelledError:
                continue


@contextmanager
def interruptible() -> Generator[None]:
    """Let SIGINT raise KeyboardInterrupt, regardless of the test runner's handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt(place: Place, work: Coroutine[Any, Any, Any]) -> None:
    with interruptible(), pytest.raises(KeyboardInterrupt):
        place(lambda: run_sync(work))


def wait_for_solving_threads() -> None:
    """Wait until the threads themselves report their end.

    `join` does not do: Python regards a thread as ended once a join of it was interrupted.
    """
    ends = time.monotonic() + PATIENCE
    while any(thread.name == "refinegraph-solve" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.005)


@everywhere
@pytest.mark.parametrize("way", ["heeding", "swallowing"])
def test_an_interrupt_waits_until_the_coroutine_cleaned_up(place: Place, way: str) -> None:
    interrupted = Interrupted()
    interrupt(place, getattr(interrupted, way)())
    wait_for_solving_threads()
    assert interrupted.cleaned_up


@everywhere
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_coroutine_that_ignores_cancellation_runs_no_further(place: Place) -> None:
    interrupted = Interrupted()
    interrupt(place, interrupted.ignoring())
    wait_for_solving_threads()
    assert interrupted.steps > 0


@everywhere
def test_an_interrupt_does_not_wait_for_a_blocking_thread(place: Place) -> None:
    interrupted = Interrupted()
    interrupt(place, interrupted.blocking())
    assert not interrupted.ended.is_set()
    interrupted.ended.set()
    wait_for_solving_threads()


@everywhere
def test_a_chat_model_called_synchronously_is_interrupted(place: Place) -> None:
    def script(*_: object) -> str:
        press_ctrl_c()
        return ""

    model = ScriptedChatModel(script, latency=PATIENCE)
    with interruptible(), pytest.raises(KeyboardInterrupt):
        place(lambda: model.invoke("1 + 1?"))
    wait_for_solving_threads()


SWALLOWING = """
import sys, time
from refinegraph.cli.interrupts import watch_interrupts
watch_interrupts()
print("ready", file=sys.stderr, flush=True)
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("swallowed", file=sys.stderr, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_command_ends_even_if_a_library_swallows_the_interrupt() -> None:
    command = Command([sys.executable, "-c", SWALLOWING])
    try:
        command.wait_until(lambda: "ready" in command.err)
        ended = command.interrupt()
    finally:
        command.close()
    assert (ended.code, ended.err) == (130, "ready\nswallowed\n")
