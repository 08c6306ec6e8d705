"""Completion: scripts for three shells, and the words that they offer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import COMMAND, PATIENCE, Done, environment, run_process

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


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_the_script_of_bash_can_be_sourced() -> None:
    script = run_process("completion", "bash").out
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p refinegraph"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PATH": os.environ["PATH"]},
    )
    assert "_python_argcomplete" in done.stdout, done.stderr


def test_an_unknown_shell_is_named(command: Command) -> None:
    done = command("completion", "ksh")
    assert done.code == 2
    assert "'ksh'" in done.err


def test_nothing_is_completed_where_no_shell_asks() -> None:
    done = subprocess.run([*COMMAND, "-V"], capture_output=True, text=True, env=environment())
    assert done.stdout.startswith("refinegraph ")
