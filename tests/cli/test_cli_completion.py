"""Completion: scripts for three shells, and the words that they offer."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from command_line import COMMAND, PATIENCE, Done, environment

Command = Callable[..., Done]


def completed(line: str, tmp_path: Path, **more: str) -> list[str]:
    """Request completions like a shell that has no file descriptor to read from."""
    answer = tmp_path / "answer"
    asked = {
        "COMP_LINE": line,
        "COMP_POINT": str(len(line.encode())),
        "COMP_TYPE": "9",
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
    }
    subprocess.run(
        [sys.executable, "-c", "from refinegraph.cli import main; main()"],
        env=environment(**asked, **more),
        timeout=PATIENCE,
        check=True,
        capture_output=True,
    )
    return [word.strip() for word in answer.read_text().split("\n") if word.strip()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("refinegraph so", {"solve"}),
        ("refinegraph solve --strategy self-", {"self-refine", "self-consistency"}),
        ("refinegraph solve --kind ", {"code", "math", "choice", "text"}),
        ("refinegraph solve --budget-c", {"--budget-calls"}),
        ("refinegraph solve -m embed", {"embedded"}),
        ("refinegraph eval --review s", {"separate"}),
        ("refinegraph graph magi", {"magicore"}),
        ("refinegraph completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_a_shell_completes_the_possible_words(
    line: str, expected: set[str], tmp_path: Path
) -> None:
    assert expected <= set(completed(line, tmp_path))


def test_kept_runs_are_completed_by_their_ids(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "20260101-120000-abc123.json").write_text("{}")
    words = completed("refinegraph show ", tmp_path, REFINEGRAPH_HOME=str(tmp_path))
    assert words == ["last", "20260101-120000-abc123"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell: str, command: Command) -> None:
    done = command("completion", shell)
    assert done.code == 0
    assert "refinegraph" in done.out
    assert "_ARGCOMPLETE" in done.out


SET_UP = {
    "bash": 'eval "$(refinegraph completion bash)"',
    "zsh": 'autoload -U compinit; compinit -u -d $HOME/dump; eval "$(refinegraph completion zsh)"',
    "fish": "refinegraph completion fish | source",
}
"""The line that the documentation puts into the settings of a shell."""
START = {
    "bash": ("bash", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "--interactive"),
}


@pytest.mark.parametrize("shell", list(SET_UP))
def test_a_real_shell_completes_at_tab(shell: str, tmp_path: Path) -> None:
    missing = [name for name in ("setsid", shell) if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {missing[0]} on this machine")
    with Terminal(START[shell], home=tmp_path) as terminal:
        terminal.type(f"{SET_UP[shell]}; echo all se''t\n")
        terminal.wait_for("all set")
        terminal.type("refinegraph completion fi\t")
        terminal.wait_for("refinegraph completion fish")


class Terminal:
    """A shell in a terminal of its own, with the command of this environment on its path."""

    def __init__(self, words: Sequence[str], *, home: Path) -> None:
        own, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        shell = environment(PATH=path, HOME=str(home), TERM="xterm", PS1="> ")
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *words], stdin=other, stdout=other, stderr=other, env=shell
        )
        os.close(other)
        self._terminal = own
        self._shown = ""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._terminal, text.encode())

    def wait_for(self, words: str) -> None:
        """Wait until the terminal has shown some words, however they are coloured."""
        until = time.monotonic() + PATIENCE
        while words not in _PLAIN.sub("", self._shown):
            assert time.monotonic() < until, self._shown
            if select.select([self._terminal], [], [], 0.2)[0]:
                self._shown += os.read(self._terminal, 4096).decode(errors="replace")


_PLAIN = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()=>].?)|[\x07\x0f]")
"""What steers a terminal and is not shown."""


def test_an_unknown_shell_is_named(command: Command) -> None:
    done = command("completion", "ksh")
    assert done.code == 2
    assert "'ksh'" in done.err


def test_nothing_is_completed_where_no_shell_asks() -> None:
    done = subprocess.run([*COMMAND, "-V"], capture_output=True, text=True, env=environment())
    assert done.stdout.startswith("refinegraph ")
