"""The demo in a real terminal: keys are typed, screens are read, and a run is interrupted."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="no tmux on this machine")
pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
PROMPT = "refinegraph>"


class Terminal:
    """A tmux session that runs one command."""

    def __init__(self, name: str, command: str, *, columns: int, lines: int, home: Path) -> None:
        self.socket = f"refinegraph-{os.getpid()}-{name}"
        size = ("-x", str(columns), "-y", str(lines))
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", *size, "-c", str(home), "sh")
        self.tmux("set-option", "-g", "history-limit", "5000")
        self.type(f"exec {command}")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            [str(TMUX), "-L", self.socket, *words], capture_output=True, text=True, timeout=20
        )
        return done.stdout

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", "t", "-l", text)
        self.tmux("send-keys", "-t", "t", "Enter")

    def press(self, key: str) -> None:
        self.tmux("send-keys", "-t", "t", key)

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    @property
    def everything(self) -> str:
        return self.tmux("capture-pane", "-p", "-J", "-t", "t", "-S", "-5000")

    def wait(self, text: str, *, seconds: float = 60) -> str:
        """Return the screen as soon as it contains a text."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if text in self.screen:
                return self.everything
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come; the screen is:\n{self.screen}")

    def close(self) -> None:
        self.tmux("kill-server")


class Stalling(BaseHTTPRequestHandler):
    """A model that never answers in time."""

    def do_POST(self) -> None:
        time.sleep(20)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def stalling() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    server.daemon_threads = True
    server.block_on_close = False
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (140, 40)])
def test_a_tour_a_problem_an_interrupt_and_the_way_out(
    columns: int, lines: int, stalling: str, tmp_path: Path
) -> None:
    env = f"env REFINEGRAPH_HOME={tmp_path} REFINEGRAPH_API_BASE={stalling} OPENAI_API_KEY=none"
    command = f"{env} {sys.executable} -m refinegraph demo"
    terminal = Terminal(str(columns), command, columns=columns, lines=lines, home=tmp_path)
    try:
        toured = terminal.wait(PROMPT)
        for told in ("reviewer", "refiner", "passes all", "Now yours"):
            assert told in toured
        terminal.type("/help")
        assert "/why" in terminal.wait("/quit")
        terminal.type("Write f(x) for a list of integers. Sort the numbers, then drop the first 2.")
        assert "def f(x)" in terminal.wait("unverified")
        terminal.type("/why")
        terminal.wait("Stop (")
        terminal.type("/model openai/stalls")
        terminal.wait("openai/stalls")
        terminal.type("Write g(x).")
        terminal.wait("the Solver writes")
        terminal.press("C-c")
        terminal.wait("stopped; nothing was found yet.")
        assert all(len(line) <= columns for line in terminal.screen.splitlines())
        terminal.type("/quit")
        until = time.monotonic() + 20
        while terminal.screen and time.monotonic() < until:
            time.sleep(0.1)
        assert terminal.screen == ""
    finally:
        terminal.close()


def test_a_paste_is_one_problem_where_the_terminal_does_not_mark_it(tmp_path: Path) -> None:
    command = f"env REFINEGRAPH_HOME={tmp_path} {sys.executable} -m refinegraph demo"
    terminal = Terminal("paste", command, columns=80, lines=24, home=tmp_path)
    try:
        terminal.wait(PROMPT)
        lines = (
            "Write turned(xs) for a list of integers.",
            "Reverse the list.",
            "turned([1]) == [1]",
        )
        terminal.tmux("set-buffer", "\n".join(lines) + "\n")
        terminal.tmux("paste-buffer", "-t", "t")
        terminal.wait("def turned(xs):")
        assert "1 from the statement" in terminal.wait(f"\n{PROMPT}")
        terminal.type("exit")
        until = time.monotonic() + 20
        while terminal.screen and time.monotonic() < until:
            time.sleep(0.1)
        assert terminal.screen == ""
    finally:
        terminal.close()
