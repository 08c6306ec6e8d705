"""`refinegraph batch`: its output, and what remains after an early end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import COMMAND, ChatServer, Done, environment, run_process
from misbehaving_server import MisbehavingServer, answer, error
from misbehaving_server import Reply as MisbehavingReply

Serve = Callable[..., ChatServer]
Command = Callable[..., Done]


def boxed(asked: dict[str, Any]) -> str:
    found = re.search(r"What is (\d+)", str(asked["messages"]))
    return f"\\boxed{{{found[1] if found else 0}}}"


@pytest.fixture
def questions(tmp_path: Path) -> str:
    path = tmp_path / "questions.jsonl"
    write(path, 12)
    return str(path)


def write(path: Path, count: int, **more: Any) -> None:
    lines = [{"prompt": f"What is {n}?", "kind": "math", "page": n, **more} for n in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


SINGLE = ("--strategy", "single")


def test_every_problem_gets_its_line(
    serve: Serve, command: Command, questions: str, tmp_path: Path
) -> None:
    server, out = serve(boxed), tmp_path / "out.jsonl"
    done = command("batch", questions, "--out", str(out), *server.flags, *SINGLE, "--in-order")
    assert done.code == 0
    assert "12/12 problems" in done.sentence
    lines = lines_of(out.read_text())
    assert [(line["page"], line["refinegraph"]["answer"]) for line in lines] == [
        (n, str(n)) for n in range(12)
    ]
    assert lines[3]["refinegraph"]["id"] == "questions/3"
    assert not (tmp_path / "out.jsonl.state" / "calls.sqlite").exists()


def test_streams_in_and_out(serve: Serve, questions: str) -> None:
    server = serve(boxed)
    given = Path(questions).read_bytes() + b"{torn\n"
    done = run_process("batch", "-", "--out", "-", *server.flags, *SINGLE, stdin=given)
    assert done.code == 0
    lines = lines_of(done.out)
    assert sorted(line["page"] for line in lines if "page" in line) == list(range(12))
    (bad,) = (line for line in lines if line["refinegraph"]["error"])
    assert bad["refinegraph"]["id"] == "stdin/12"
    assert "standard input, line 13 is not JSON" in done.err


def test_a_line_is_written_before_the_input_ends(serve: Serve) -> None:
    server = serve(boxed)
    process = subprocess.Popen(
        [*COMMAND, "batch", "-", "--out", "-", *server.flags, *SINGLE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    assert process.stdin and process.stdout
    for n in (4, 5):
        process.stdin.write(b'{"prompt": "What is %d?", "kind": "math"}\n' % n)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["refinegraph"]["answer"] == str(n)
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()


def test_a_failure_is_reported_and_retried_on_resume(
    serve: Serve, command: Command, questions: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("batch", questions, "--out", str(out), *SINGLE)
    refuse = error(400, "this prompt is refused")

    def behave(asked: dict[str, Any]) -> MisbehavingReply:
        return refuse if "What is 7" in str(asked["messages"]) else answer(boxed(asked))

    with MisbehavingServer(behave) as broken:
        done = command(*arguments, "--model", "openai/x", "--api-base", broken.api_base)
    assert done.code == 0
    assert "1 problem failed:" in done.err
    assert "11 of 12 problems have an answer in" in done.sentence
    assert "--resume" in done.sentence
    mended = serve(boxed)
    assert command(*arguments, *mended.flags, "--resume").code == 0
    assert len(mended.asked) == 1
    assert sorted(line["page"] for line in lines_of(out.read_text())) == list(range(12))
    assert "go on with --resume" in command(*arguments, *mended.flags).sentence


def test_a_cost_limit_holds_over_the_batch_and_its_resumptions(
    serve: Serve, command: Command, questions: str, tmp_path: Path
) -> None:
    server, out = serve(boxed), tmp_path / "out.jsonl"
    prices = ("--prices", "1000,1000", "--max-tokens", "20", "--concurrency", "1")
    arguments = ("batch", questions, "--out", str(out), *server.flags, *SINGLE, *prices)
    done = command(*arguments, "--cost-limit", "0.2")
    assert done.code == 0
    first = len(server.asked)
    assert 0 < first < 12
    assert f"{12 - first} problems left for a larger budget" in done.err
    assert command(*arguments, "--cost-limit", "0.2", "--resume").code == 0
    assert len(server.asked) == first
    assert command(*arguments, "--cost-limit", "20", "--resume").code == 0
    assert len(server.asked) == 12


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--prompt-column", "text"], "there is no column 'text' among 'kind', 'page', 'prompt'"),
        (["--column", "page"], "has a column 'page' already; name another one"),
        (["--shard", "0/4"], "shards are numbered from 1"),
        (["--strategy", "singel"], "did you mean 'single'?"),
        (["--out", "-", "--resume"], "--resume goes with a file"),
        (["--out", "{questions}"], "is the input; name another file"),
        (["--out", "{folder}"], "is no file"),
        (["--out", "{questions}/out.jsonl"], "cannot be written"),
    ],
)
def test_bad_input_gets_one_sentence_before_anything_is_paid(
    more: list[str], says: str, serve: Serve, command: Command, questions: str, tmp_path: Path
) -> None:
    server, out = serve(boxed), str(tmp_path / "out.jsonl")
    extra = [each.format(questions=questions, folder=tmp_path) for each in more]
    done = command("batch", questions, "--out", out, *server.flags, *extra)
    assert done.code == 2
    assert says in done.sentence
    assert not server.asked


def test_an_interruption_loses_nothing(serve: Serve, questions: str, tmp_path: Path) -> None:
    slow, out = serve(boxed, stall=0.2), tmp_path / "out.jsonl"
    arguments = ["batch", questions, "--out", str(out), *SINGLE, "--concurrency", "2"]
    process = subprocess.Popen(
        [*COMMAND, *arguments, *slow.flags],
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while process.poll() is None and not (out.exists() and out.read_text().count("\n") >= 3):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode == 130
    done = out.read_text().count("\n")
    assert f"{done} of 12 problems have an answer in" in said
    assert "continue with: refinegraph batch" in said
    again = serve(boxed)
    assert run_process(*arguments, *again.flags, "--resume").code == 0
    assert len(lines_of(out.read_text())) == 12
    assert len(again.asked) == 12 - done or sys.platform == "win32"


def test_a_killed_batch_pays_for_no_answer_twice(
    serve: Serve, questions: str, tmp_path: Path
) -> None:
    slow, out = serve(boxed, stall=0.1), tmp_path / "out.jsonl"
    more = ["--strategy", "self-consistency", "--samples", "2", "--concurrency", "2"]
    arguments = ["batch", questions, "--out", str(out), *more, *slow.flags]
    process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.DEVNULL, env=environment())
    while process.poll() is None and len(slow.asked) < 6:
        time.sleep(0.01)
    process.kill()
    process.wait()
    unanswered = 2
    assert run_process(*arguments, "--resume").code == 0
    asked = sum(each.get("n") or 1 for each in slow.asked)
    assert 24 <= asked <= 24 + 2 * unanswered
    assert sorted(line["page"] for line in lines_of(out.read_text())) == list(range(12))


def test_progress_fits_eighty_columns_of_plain_lines(
    serve: Serve, command: Command, questions: str, tmp_path: Path
) -> None:
    done = command("batch", questions, "--out", str(tmp_path / "o"), *serve(boxed).flags, *SINGLE)
    assert all(len(line) <= 80 for line in done.err.splitlines()[:1])
    assert "\x1b" not in done.err
