"""`refinegraph doctor` reports every layer and shows no keys."""

import re
import shlex
import subprocess

from command_line import COMMAND, PATIENCE, environment, run_process


def test_the_tier_is_determined_by_trying_attacks() -> None:
    done = run_process("doctor")
    assert done.code == 0, done.err
    assert re.search(
        r"^sandbox      (strong|medium); all \d+ attack programs were contained$", done.out, re.M
    )
    assert "seccomp             in force" in done.out


def test_a_server_that_does_not_answer_is_named() -> None:
    done = run_process("doctor", env=environment(REFINEGRAPH_API_BASE="http://127.0.0.1:9/v1"))
    assert done.code == 3
    assert "not reached" in done.out


def test_no_key_is_shown() -> None:
    done = run_process("doctor", env=environment(OPENAI_API_KEY="sk-secret"))
    assert "OPENAI_API_KEY" in done.out
    assert "sk-secret" not in done.out + done.err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    shell = f"{shlex.join([*COMMAND, 'doctor'])} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, timeout=PATIENCE, env=environment()
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""
