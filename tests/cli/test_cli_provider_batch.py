"""`batch --provider-batch`: rounds become waves, and batches outlive the process."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer
from command_line import COMMAND, Done, environment

Command = Callable[..., Done]


def boxed(asked: dict[str, Any]) -> str:
    found = re.search(r"What is (\d+)", str(asked["messages"]))
    return f"\\boxed{{{found[1] if found else 0}}}"


@pytest.fixture
def questions(tmp_path: Path) -> str:
    path = tmp_path / "questions.jsonl"
    lines = [{"prompt": f"What is {n}?", "kind": "math", "page": n} for n in range(6)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def answers(out: Path) -> dict[int, str]:
    lines = map(json.loads, out.read_text().splitlines())
    return {line["page"]: line["refinegraph"]["answer"] for line in lines}


RIGHT = {n: str(n) for n in range(6)}


def test_rounds_are_converted_to_waves(command: Command, questions: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    more = ("--strategy", "self-refine", "--rounds", "1", "--prices", "1,1")
    with BatchServer(boxed) as server:
        done = command("batch", questions, "--out", str(out), *server.flags, *more)
    assert done.code == 0, done.err
    assert answers(out) == RIGHT
    assert all(len(wave) == 6 for wave in server.waves)
    assert 2 <= len(server.waves) <= 3
    assert not (tmp_path / "out.jsonl.state" / "calls.sqlite").exists()


def test_a_refused_request_fails_its_problem_alone(
    command: Command, questions: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("batch", questions, "--out", str(out), "--strategy", "single")
    with BatchServer(lambda asked: 400 if "What is 3?" in str(asked) else boxed(asked)) as server:
        done = command(*arguments, *server.flags)
    assert done.code == 0
    assert "1 problem failed" in done.err
    assert "refused" in done.err
    assert answers(out) == {**RIGHT, 3: None}


def test_a_new_process_waits_for_a_batch_in_progress(
    command: Command, questions: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    with BatchServer(boxed, held=True) as server:
        arguments = ("batch", questions, "--out", str(out), "--strategy", "single", *server.flags)
        process = subprocess.Popen(
            [*COMMAND, *arguments], stderr=subprocess.DEVNULL, env=environment()
        )
        while not server.waves and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        server.held = False
        done = command(*arguments, "--resume")
    assert done.code == 0, done.err
    assert answers(out) == RIGHT
    assert len(server.waves) == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--timeout", "9"], "--timeout and --provider-batch exclude each other"),
        (["--out", "-"], "--provider-batch needs --out FILE"),
        (["--model", "anthropic/x"], "direct client cannot serve the model 'anthropic/x'"),
        (["--fallback", "openai/y"], "FallbackChatModel is none"),
    ],
)
def test_what_cannot_go_in_batches_is_refused(
    more: list[str], says: str, command: Command, questions: str, tmp_path: Path
) -> None:
    flags = ("--model", "openai/x", "--api-base", "http://127.0.0.1:1/v1", "--provider-batch")
    done = command("batch", questions, "--out", str(tmp_path / "out"), *flags, *more)
    assert (done.code, says in done.sentence) == (2, True), done.sentence
