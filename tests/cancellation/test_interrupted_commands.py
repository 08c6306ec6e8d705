"""Ctrl-C ends a command at any moment with exit code 130, and none of its processes survives."""

import json
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from command_line import COMMAND, ChatServer
from interrupting import PATIENCE, Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
THREADS = 5
SLEEPS = f"""```python
import threading, time
def add(a, b):
    for _ in range({THREADS}):
        threading.Thread(target=time.sleep, args=(60,)).start()
    time.sleep(60)
```"""
"""A program that a test can recognise from outside by its number of threads."""


class Server:
    """A chat server that answers the first requests and delays all others indefinitely."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._chat = ChatServer(self._reply, kind="application/json", stall=0.0)

    def _reply(self, _: dict[str, Any]) -> str:
        with self._lock:
            if self.answers:
                return self.answers.pop(0)
        self.release.wait(PATIENCE)
        return WRONG

    @property
    def requests(self) -> int:
        return len(self._chat.asked)

    @property
    def flags(self) -> tuple[str, ...]:
        return self._chat.flags

    def close(self) -> None:
        self.release.set()
        self._chat.close()


@pytest.fixture
def server() -> Generator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path) -> Generator[Callable[..., Command]]:
    """Start commands, each with a separate home; kill what remains of them."""
    started: list[Command] = []

    def run(*words: str) -> Command:
        started.append(Command(words, REFINEGRAPH_HOME=str(tmp_path / "home")))
        return started[-1]

    yield run
    for command in started:
        command.close()


def runs_a_program(command: Command) -> bool:
    """Return whether a program written by a model is running in the sandbox."""
    for process in command.children:
        with suppress(psutil.Error):
            if process.num_threads() > THREADS:
                return True
    return False


class Moment(NamedTuple):
    """A moment at which to interrupt a command."""

    name: str
    reached: Callable[[Command, Server], bool]
    answers: tuple[str, ...] = ()
    """The answers of the server before that moment."""


def writes(text: str) -> Moment:
    return Moment(text, lambda command, _: text in command.err)


STARTING = [
    Moment("pydantic is imported", lambda command, _: command.has_loaded("_pydantic_core")),
    Moment("LangGraph is imported", lambda command, _: command.has_loaded("ormsgpack")),
]
MOMENTS = [
    *STARTING,
    Moment("the Solver is asked", lambda _, server: server.requests == 1),
    Moment("a program runs", lambda command, _: runs_a_program(command), (SLEEPS,) * 2),
    Moment("the Reviewer is asked", lambda _, server: server.requests == 2, (WRONG,)),
]


def check(command: Command, server: Server, moment: Moment) -> str:
    """Interrupt a command at a moment; return its standard error."""
    server.answers += moment.answers
    command.wait_until(lambda: moment.reached(command, server))
    ended = command.interrupt()
    requests = server.requests
    assert (ended.code, ended.survivors) == (130, []), ended.err
    assert "Traceback" not in ended.err
    server.release.set()
    assert server.requests == requests
    return ended.err


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_solve_ends(
    moment: Moment, server: Server, start: Callable[..., Command], tmp_path: Path
) -> None:
    tests = tmp_path / "tests.py"
    tests.write_text("assert add(1, 2) == 3")
    options = ("--tests", str(tests), "--strategy", "self-refine", *server.flags)
    check(start(*COMMAND, "solve", "Write add(a, b).", *options), server, moment)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_eval_ends(
    moment: Moment, server: Server, start: Callable[..., Command], tmp_path: Path
) -> None:
    dataset = tmp_path / "problems.jsonl"
    record = {"prompt": "Write add(a, b).", "tests": "assert add(1, 2) == 3"}
    lines = [{"id": str(i), "hidden_tests": "assert add(0, 1) == 1", **record} for i in range(3)]
    dataset.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    options = ("--dataset", str(dataset), "--out", str(tmp_path / "out"), "--concurrency", "1")
    check(
        start(*COMMAND, "eval", *options, "--strategy", "self-refine", *server.flags),
        server,
        moment,
    )


DEMO = [
    *STARTING,
    Moment("llama.cpp is loaded", lambda command, _: command.has_loaded("xllamacpp")),
    *(writes(text) for text in ("── task 1 ──", "0.0 ", "── task 2 ──", "1.0 ")),
]


@pytest.mark.parametrize("moment", DEMO, ids=lambda moment: moment.name)
def test_demo_ends(moment: Moment, server: Server, start: Callable[..., Command]) -> None:
    check(start(*COMMAND, "demo"), server, moment)


def test_an_interrupted_solve_says_how_to_resume(
    server: Server, start: Callable[..., Command]
) -> None:
    moment = MOMENTS[-1]
    options = ("--strategy", "self-refine", *server.flags)
    said = check(start(*COMMAND, "solve", "Write add(a, b).", *options), server, moment)
    assert "the best so far is candidate 0.0" in said
    assert "refinegraph resume" in said


NOTEBOOK = """
import asyncio, sys, threading
import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel

async def cell():
    try:
        rg.solve("Write add(a, b).", tests="assert add(1, 2) == 3", strategy="self-refine",
                 model="openai/x", api_base=sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)

async def next_cell():
    model = ScriptedChatModel("def add(a, b): return a + b", cycle=True)
    solved = rg.solve("Write add(a, b).", tests="assert add(1, 2) == 3", model=model).solved
    print(f"solved: {solved}", [each.name for each in threading.enumerate()], file=sys.stderr)

async def cells():
    await cell()
    await next_cell()

loop = asyncio.new_event_loop()
loop.run_until_complete(cells())
"""
"""Two cells of a notebook: code that runs while an event loop is running in its thread."""


@pytest.mark.parametrize("moment", MOMENTS[2:], ids=lambda moment: moment.name)
def test_a_cell_of_a_notebook_ends_and_the_next_one_runs(
    moment: Moment, server: Server, start: Callable[..., Command]
) -> None:
    command = start(sys.executable, "-c", NOTEBOOK, server.flags[-1])
    server.answers += moment.answers
    command.wait_until(lambda: moment.reached(command, server))
    requests = server.requests
    ended = command.interrupt()
    assert (ended.code, ended.survivors) == (0, []), ended.err
    assert ended.err.startswith("interrupted\nsolved: True")
    assert "refinegraph-solve" not in ended.err
    assert server.requests == requests
