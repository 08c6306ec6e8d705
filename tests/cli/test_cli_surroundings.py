"""Full disks, closed pipes, terminals and missing folders: nothing is lost or hidden."""

import json
import os
import pty
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import COMMAND, PATIENCE, RIGHT, ChatServer, Done, environment, run_process

from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.runs import RunStore
from refinegraph.schema import Problem

Command = Callable[..., Done]
Serve = Callable[..., ChatServer]
HOSTILE = "```python\ndef add(a, b):\n    '''\x1b]0;owned\x07\x9b2J'''\n    return a + b\n```"

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@needs_full
def test_an_answer_that_cannot_be_written_is_stored_and_its_command_shown(
    command: Command, serve: Serve
) -> None:
    flags = ("--strategy", "single", *serve(RIGHT).flags)
    done = command("solve", "Write add.", *flags, "--output", "/dev/full")
    assert done.code == 2
    assert "return a + b" in done.out
    assert "'/dev/full' cannot be written: No space left on device" in done.sentence
    id = done.sentence.rpartition("refinegraph show ")[2]
    assert "return a + b" in command("show", id).out


@needs_full
def test_an_answer_that_is_kept_nowhere_is_printed_on_standard_error(
    command: Command, serve: Serve
) -> None:
    shell = f"{shlex.join([*COMMAND, 'solve', 'Write add.', '--no-keep', '--strategy', 'single'])}"
    flags = shlex.join(serve(RIGHT).flags)
    done = subprocess.run(
        ["bash", "-c", f"{shell} {flags} > /dev/full"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
    )
    assert done.returncode == 2
    assert "    return a + b" in done.stderr
    assert "standard output cannot be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


@needs_full
@pytest.mark.parametrize("asked", ["runs", "config", "graph magicore", "--help", "solve --help"])
def test_a_full_standard_output_is_a_sentence(asked: str) -> None:
    shell = f"{shlex.join([*COMMAND, *asked.split()])} > /dev/full"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, timeout=PATIENCE, env=environment()
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("asked", ["runs", "config", "graph magicore", "--help"])
def test_a_reader_that_leaves_early_is_no_error(asked: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *asked.split()],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        env=environment(),
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_no_answer_steers_a_terminal(flag: str, serve: Serve) -> None:
    asked = ["solve", "Write add.", "--strategy", "single", "--no-keep", flag]
    out = on_a_terminal(*asked, *serve(HOSTILE).flags)
    assert b"return a + b" in out
    assert b"\x1b]" not in out
    assert "\x9b".encode() not in out
    if flag == "--json":
        assert "\x1b]0;owned\x07\x9b2J" in json.loads(out[out.index(b"{") :])["answer"]


def on_a_terminal(*arguments: str) -> bytes:
    """Run the command with standard output on a terminal; return its output."""
    controlling, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=terminal, stderr=subprocess.DEVNULL, env=environment()
    )
    os.close(terminal)
    out = b""
    while True:
        try:
            part = os.read(controlling, 65_536)
        except OSError:
            break
        if not part:
            break
        out += part
    process.wait(timeout=PATIENCE)
    os.close(controlling)
    return out


def test_a_current_folder_that_was_removed_is_no_obstacle(
    command: Command, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    flags = ("--strategy", "single", *serve(RIGHT).flags)
    assert command("solve", "Write add.", *flags).code == 0
    refused = command("solve", "Write add.", *flags, "--output", "answer.py")
    assert (refused.code, "'answer.py' cannot be written" in refused.sentence) == (2, True)
    assert command("config").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without an entry")
def test_a_user_without_a_home_is_told_what_to_set() -> None:
    # Imports come first: that user may not be allowed to read the installation.
    code = (
        "import os, platformdirs, refinegraph.cli.config, refinegraph.cli.runs\n"
        "from refinegraph.cli import main\n"
        "platformdirs.user_data_dir()\n"
        "os.setgroups([]); os.setgid(64999); os.setuid(64999)\n"
        "print(main(['config']), main(['runs']))"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PATH": os.environ["PATH"]},
        cwd="/",
    )
    assert done.stdout.splitlines()[-1] == "0 2", done.stderr
    assert "none: there is no home folder" in done.stdout
    assert "there is no home folder to keep data in; set REFINEGRAPH_HOME" in done.stderr


def test_a_problem_on_standard_input_has_no_mark_and_plain_lines(serve: Serve) -> None:
    server = serve(RIGHT)
    problem = "\ufeffWrite add(a, b).\r\nAdd them.\r\n".encode()
    done = run_process(
        *("solve", "-", "--strategy", "single", "--no-keep", *server.flags), stdin=problem
    )
    assert done.code == 0, done.err
    sent = server.asked[0]["messages"][-1]["content"]
    assert "Write add(a, b).\nAdd them." in sent
    assert "\r" not in sent
    assert "\ufeff" not in sent


async def test_an_error_of_the_run_is_not_taken_for_one_of_its_folder(tmp_path: Path) -> None:
    run = RunStore(tmp_path).begin(Problem(prompt="x"), RunOptions())
    with pytest.raises(OSError, match="the log") as failed:
        async with run.parts():
            raise OSError(28, "the log is full")
    assert not isinstance(failed.value, InputError)
    run.release()


def test_a_kind_is_asked_for_by_a_flag(command: Command, serve: Serve) -> None:
    server = serve("7 * 8 = 56\n\n\\boxed{56}")
    asked = ("solve", "What is 7 * 8?", "--kind", "math", "--strategy", "single", "--no-keep")
    done = command(*asked, *server.flags)
    assert (done.code, done.out) == (0, "56\n")


def test_parts_are_named_on_the_command_line(command: Command, serve: Serve) -> None:
    flags = ("--stop", "rounds(0) | budget(tokens=20_000)", "--router", "always-hard")
    more = ("--select", "majority-vote", "--scorer", "execution,agreement", "--samples", "2")
    asked = ("solve", "Write add.", "--strategy", "magicore", "--no-keep", "--json")
    done = command(*asked, *flags, *more, *serve(RIGHT).flags)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["stop_reason"], told["difficulty"]["level"]) == ("rounds", "hard")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--stop", "round(3)"), "did you mean 'rounds'?"),
        (("--router", "agrement"), "did you mean 'agreement'?"),
        (("--select", "bestof"), "did you mean 'best-of'?"),
        (("--scorer", "prm:http://h:1"), "names no model after the address"),
        (("--policy", "x"), "known: refine-loop, execution-gain, expected-gain"),
        (("--prompts", "compct"), "did you mean 'compact'?"),
        (("--kind", "poem"), "is none of code, math, choice, text"),
    ],
)
def test_a_name_that_is_unknown_gets_the_nearest_one(
    flags: tuple[str, ...], said: str, command: Command
) -> None:
    done = command("solve", "x", *flags)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err
