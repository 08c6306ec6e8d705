"""`refinegraph resume` continues a killed run where it stopped."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from command_line import COMMAND, RIGHT, WRONG, ChatServer, environment, run_process


def test_a_killed_command_is_resumed(
    serve: Callable[..., ChatServer], tests: str, tmp_path: Path
) -> None:
    wrong = serve(WRONG, stall=0.4)
    env = environment(REFINEGRAPH_HOME=str(tmp_path / "home"))
    asked = ["solve", "Write add(a, b).", "--tests", tests, "--strategy", "self-refine"]
    process = subprocess.Popen(
        [*COMMAND, *asked, *wrong.flags],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len(wrong.asked) < 3 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    listed = run_process("runs", env=env)
    assert "unfinished" in listed.out
    refused = run_process("show", listed.out.splitlines()[1].split()[0], env=env)
    assert (refused.code, "refinegraph resume" in refused.sentence) == (2, True)
    right = serve(RIGHT)
    done = run_process("resume", "last", "--api-base", right.base, "--json", env=env)
    told = json.loads(done.out)
    assert (done.code, told["solved"]) == (0, True)
    assert told["candidates"][0]["passed"] == 1
    assert len(right.asked) <= 2
    assert "proved" in run_process("runs", env=env).out
    again = run_process("resume", "last", env=env)
    assert (again.code, "no run is unfinished" in again.sentence) == (2, True)


def test_a_run_without_any_model_answer_is_not_stored(tmp_path: Path) -> None:
    env = environment(REFINEGRAPH_HOME=str(tmp_path / "home"), OPENAI_API_KEY="x")
    done = run_process(
        "solve", "Write f().", "--model", "openai/x", "--api-base", "http://127.0.0.1:9/v1", env=env
    )
    assert done.code == 3
    assert "no run is kept yet" in run_process("runs", env=env).out


def test_a_problem_is_solved_even_if_nothing_can_be_stored(
    serve: Callable[..., ChatServer], tests: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    env = environment(REFINEGRAPH_HOME=str(tmp_path / "file"))
    asked = ("solve", "Write add(a, b).", "--tests", tests, *serve(RIGHT).flags)
    done = run_process(*asked, env=env)
    assert (done.code, "cannot be kept" in done.err) == (0, True)
    assert "return a + b" in done.out
