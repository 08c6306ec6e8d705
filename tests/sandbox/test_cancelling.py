"""A cancelled run ends immediately at any stage, and its workers remain usable."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.schema import Verdict
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy

PATIENT = SandboxPolicy(wall_seconds=300, cpu_seconds=300)
PROMPT = 60.0
"""Seconds: far longer than a loaded machine needs, far shorter than the programs sleep."""
SLEEP = "import time\ntime.sleep(300)"
RUNS: dict[str, Callable[[Sandbox], Coroutine[None, None, Verdict]]] = {
    "check": lambda sandbox: sandbox.check(f"def f(): pass\n{SLEEP}", "f", [((), None)]),
    "test": lambda sandbox: sandbox.test("def f(): pass", f"f()\n{SLEEP}\nassert f() is None"),
    "run": lambda sandbox: sandbox.run(SLEEP, stdin="x" * 1_000_000),
}


async def _cancel(how: str, wait: Coroutine[None, None, None]) -> None:
    sandbox = Sandbox(policy=PATIENT)
    task = asyncio.ensure_future(RUNS[how](sandbox))
    await wait
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PROMPT)
    assert done, "the run went on"
    assert task.cancelled()
    after = sandbox.check("def f(x): return x", "f", [((1,), 1)])
    assert (await asyncio.wait_for(after, PROMPT)).passed


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", RUNS)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 30))
def test_run_is_cancelled_after_any_number_of_turns_of_the_loop(how: str, count: int) -> None:
    asyncio.run(_cancel(how, _turns(count)))


@pytest.mark.parametrize("how", RUNS)
@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.03))
def test_run_is_cancelled_at_any_moment(how: str, seconds: float) -> None:
    asyncio.run(_cancel(how, asyncio.sleep(seconds)))


@pytest.mark.parametrize(("mode", "step"), [("run", 4), ("test", 7), ("launch", 40)])
def test_run_is_cancelled_at_any_line(mode: str, step: int) -> None:
    script = Path(__file__).with_name("cancel_everywhere.py")
    done = subprocess.run(
        [sys.executable, str(script), mode, str(step)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    tried = int(done.stdout.split()[0])
    assert tried >= 8, done.stdout


async def test_run_ends_before_its_task_when_the_task_is_cancelled_twice() -> None:
    sandbox = Sandbox(policy=PATIENT)
    task = asyncio.ensure_future(sandbox.run(SLEEP))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PROMPT)
    assert done
    assert task.cancelled()
    assert (await sandbox.run("print(1)")).passed


HOST = """
import asyncio, signal, sys
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy

async def sleep_long():
    sandbox = Sandbox(policy=SandboxPolicy(wall_seconds=300))
    runs = [asyncio.ensure_future(sandbox.run("import time; time.sleep(300)")) for _ in range(3)]
    await sandbox.run("print(1)")
    print("ready", flush=True)
    await asyncio.gather(*runs)

signal.signal(signal.SIGINT, signal.default_int_handler)
"""
WITH_RUNNER = f"{HOST}\nasyncio.run(sleep_long())"
WITH_LOOP = f"{HOST}\nasyncio.new_event_loop().run_until_complete(sleep_long())"
IN_THREAD = f"""{HOST}
import threading
threading.Thread(target=lambda: asyncio.run(sleep_long()), daemon=True).start()
signal.pause()
"""


@pytest.mark.parametrize("source", [WITH_RUNNER, WITH_LOOP, IN_THREAD])
def test_process_that_is_interrupted_does_not_wait_for_its_programs(source: str) -> None:
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as host:
        assert host.stdout
        assert host.stdout.readline() == b"ready\n"
        host.send_signal(signal.SIGINT)
        assert host.wait(PROMPT) != 0


def test_loop_that_stops_for_good_ends_its_runs() -> None:
    """The remains of a closed loop are collected, including the run."""
    sandbox = Sandbox(policy=PATIENT)

    def leave_runs() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(sandbox.run(SLEEP))
        loop.run_until_complete(asyncio.sleep(0.05))
        task.get_coro().close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    for _ in range(20):  # as many as there are places for, if they went on
        leave_runs()
    verdict = asyncio.run(asyncio.wait_for(sandbox.run("print(1)"), PROMPT))
    assert verdict.passed
