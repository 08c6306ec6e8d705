"""Commands import only what they need, and show that they are working."""

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import threading
import tty
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple, TextIO

import pytest

from refinegraph.terminal.waiting import patiently

HEAVY = frozenset(
    {
        *("litellm", "langgraph", "langchain_core", "langsmith", "langgraph_sdk.client"),
        *("langsmith.types.run", "xllamacpp", "aiohttp", "openai", "numpy", "pandas", "scipy"),
        *("torch", "tiktoken", "tokenizers", "httpx", "websockets", "requests", "docker"),
        *("sympy", "math_verify", "PIL", "prompt_toolkit"),
    }
)
"""Modules that take more than a hundredth of a second to import."""

GRAPH = frozenset({"langgraph", "langchain_core", "langsmith", "requests"})
"""Imports of every run: LangChain's base classes import LangSmith."""

REPORT = """
import atexit, json, sys

def report():
    print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr)

atexit.register(report)
from refinegraph.cli import main

sys.exit(main())
"""


class Command(NamedTuple):
    words: tuple[str, ...]
    imports: frozenset[str] = frozenset()


SOLVE = ("solve", "Write f(x). Sort a list.", "--strategy", "single", "--no-keep")
NOWHERE = ("--api-base", "http://127.0.0.1:9/v1", "--timeout", "1")
COMMANDS = {
    "no command": Command(()),
    "help": Command(("--help",)),
    "help of solve": Command(("solve", "--help")),
    "config": Command(("config",)),
    "runs": Command(("runs",)),
    "cache": Command(("cache",), frozenset({"langchain_core", "requests"})),
    "doctor": Command(("doctor",)),
    "bad input": Command(("solve", "--samples", "none")),
    "the package's model": Command((*SOLVE, "--model", "embedded"), GRAPH | {"xllamacpp"}),
    "a server": Command((*SOLVE, "--model", "openai/m", *NOWHERE), GRAPH | {"aiohttp"}),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_only_what_it_needs(name: str, tmp_path: Path) -> None:
    command = COMMANDS[name]
    if "xllamacpp" in command.imports:
        pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    ended = subprocess.run(
        [sys.executable, "-c", REPORT, *command.words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "REFINEGRAPH_HOME": str(tmp_path), "OPENAI_API_KEY": "x"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    imported = set(json.loads(ended.stderr.splitlines()[-1]))
    assert imported & HEAVY == command.imports


DEFERRED = """
import sys
from refinegraph.cli.deferred_packages import DEFERRED, defer_packages
defer_packages()
defer_packages()
import langgraph.graph
assert "langgraph_sdk.auth.types" in sys.modules
assert not {"langgraph_sdk.client", "langsmith.types.run"} & sys.modules.keys()
import langgraph_sdk, langsmith.types
assert langgraph_sdk.__name__ == "langgraph_sdk" and langgraph_sdk.__path__
assert "langgraph_sdk.client" not in sys.modules
from langgraph_sdk import get_client
assert get_client is sys.modules["langgraph_sdk.client"].get_client
assert not hasattr(langgraph_sdk, "nonsense")
from langsmith.types import Run
assert Run is sys.modules["langsmith.types.run"].Run
assert not hasattr(langsmith.types, "nonsense")
"""


def test_a_deferred_package_runs_when_it_is_used() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DEFERRED], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@contextlib.contextmanager
def terminal() -> Generator[tuple[TextIO, int]]:
    """Open a terminal; return the program's end and the user's end."""
    user, program = pty.openpty()
    tty.setraw(program)
    with os.fdopen(program, "w", encoding="utf-8") as stream:
        try:
            yield stream, user
        finally:
            os.close(user)


def read_until(descriptor: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        seen += os.read(descriptor, 4096)
    return seen


@pytest.fixture
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("xterm")
def test_a_wait_is_shown_on_a_terminal_and_wiped_off_again() -> None:
    shown = threading.Event()

    def work() -> int:
        assert shown.wait(60)
        return 42

    with terminal() as (stream, user), contextlib.redirect_stderr(stream):
        results: list[int] = []
        waiting = threading.Thread(target=lambda: results.append(patiently(work, "loading x")))
        waiting.start()
        read_until(user, "⠙ loading x".encode())
        shown.set()
        assert read_until(user, b"\x1b[K").endswith(b"\r\x1b[K")
        waiting.join()
    assert results == [42]


@pytest.mark.usefixtures("xterm")
@pytest.mark.parametrize("quiet", [True, False])
def test_a_short_wait_shows_nothing(quiet: bool) -> None:
    with terminal() as (stream, user), contextlib.redirect_stderr(stream):
        assert patiently(lambda: 42, "loading x", quiet=quiet) == 42
        stream.write("end")
        stream.flush()
        assert read_until(user, b"end") == b"end"


def test_a_wait_shows_nothing_where_there_is_no_terminal() -> None:
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        assert patiently(lambda: threading.Event().wait(0.3), "loading x") is False
    assert stream.getvalue() == ""


def test_what_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        patiently(lambda: 1 // 0, "dividing")


def test_ctrl_c_ends_a_command_that_is_importing(tmp_path: Path) -> None:
    controlling, program = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-m", "refinegraph", *SOLVE, "--model", "openai/gpt-4o"],
        stdin=program,
        stdout=program,
        stderr=program,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        env={**os.environ, "TERM": "xterm", "REFINEGRAPH_HOME": str(tmp_path)},
    )
    os.close(program)
    read_until(controlling, b"loading")
    os.write(controlling, b"\x03")
    assert started.wait(60) == 130
    os.close(controlling)
