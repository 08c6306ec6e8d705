"""The command as a person runs it: real processes, real servers on the loopback."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "refinegraph"]
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REFINEGRAPH_")}
    kept.pop("OPENAI_API_KEY", None)
    return {**kept, "COLUMNS": "80", **more}


def refinegraph(
    *arguments: str, stdin: str | bytes = "", env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=data,
        capture_output=True,
        timeout=60,
        env=env or environment(),
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


@contextmanager
def server(
    text: str,
    *,
    kind: str = "application/json",
    stall: float = 0.0,
    reached: threading.Event | None = None,
) -> Generator[str]:
    """Serve one answer to every chat request; whatever `text` is, as it is, where no JSON."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            return

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if reached:
                reached.set()
            time.sleep(stall)
            count = asked.get("n") or 1
            choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            body = {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [{"index": number, **choice} for number in range(count)],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
            data = (json.dumps(body) if kind == "application/json" else text).encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/v1"
        running.shutdown()


@pytest.fixture
def tests(tmp_path: Path) -> str:
    path = tmp_path / "tests.py"
    path.write_text("assert add(1, 2) == 3\nassert add(0, 0) == 0\n")
    return str(path)


def solve(base: str, tests: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return refinegraph(
        *("solve", "Write add(a, b).", "--tests", tests, "--model", "openai/x"),
        *("--api-base", base, *more),
    )


def test_solve_prints_the_answer_and_how_it_came(tests: str) -> None:
    with server(RIGHT) as base:
        done = solve(base, tests)
    assert done.returncode == 0, done.stderr
    assert "def add(a, b):\n    return a + b" in done.stdout
    assert "passes all 2 visible tests given" in done.stderr
    assert "price unknown" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


CONTRACT = [
    *("schema_version", "problem_id", "solved", "answer", "strategy", "difficulty", "rounds"),
    *("stop_reason", "usage", "candidates", "isolation", "models", "seed"),
]
USAGE = [
    *("llm_calls", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd"),
    *("sandbox_runs", "wall_seconds"),
]


def test_json_is_one_object_with_the_fields_of_the_contract(tests: str, tmp_path: Path) -> None:
    output = tmp_path / "answer.json"
    with server(RIGHT) as base:
        done = solve(base, tests, "--json", "--output", str(output), "--seed", "7")
    told = json.loads(done.stdout)
    assert list(told) == CONTRACT
    assert list(told["usage"]) == USAGE
    assert told["solved"] is True
    assert told["usage"]["cost_usd"] is None
    assert told["seed"] == 7
    assert list(told["candidates"][0]) == [
        *("id", "parent_id", "role", "round", "score", "passed", "failed")
    ]
    assert set(told["isolation"]) == {"tier", "layers"}
    assert set(told["models"]) == {"solver", "reviewer", "refiner"}
    assert json.loads(output.read_text()) == told


def test_answer_that_its_tests_refute_exits_with_1(tests: str) -> None:
    with server(WRONG) as base:
        done = solve(base, tests, "--strategy", "single", "--quiet")
    assert done.returncode == 1
    assert done.stdout == "def add(a, b):\n    return a - b\n"
    assert done.stderr == ""


def test_model_that_answers_nothing_exits_with_3(tests: str) -> None:
    with server("") as base:
        done = solve(base, tests, "--strategy", "single", "--quiet")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith("'openai/x' answered nothing.")


def test_answer_of_5_mb_is_a_candidate_with_a_reason(tests: str) -> None:
    with server("word " * 1_000_000) as base:
        done = solve(base, tests, "--strategy", "single", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["answer"] is None


def test_server_that_answers_html_exits_with_3(tests: str) -> None:
    with server("<!DOCTYPE html><html>hi</html>", kind="text/html") as base:
        done = solve(base, tests)
    assert done.returncode == 3
    assert "refinegraph: " in done.stderr
    assert "Traceback" not in done.stderr


def test_server_that_is_down_exits_with_3(tests: str) -> None:
    done = solve("http://127.0.0.1:9/v1", tests, "--timeout", "2")
    assert done.returncode == 3
    assert "http://127.0.0.1:9/v1" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": "one", "prompt": "Write f."}\n{"id": \n')
    return str(path)


BAD = [
    (["solve"], "no problem was given"),
    (["solve", "   "], "the problem is empty"),
    (["solve", "x"], "no model is named"),
    (["solve", "x", "--strategy", "adaptve", "--model", "openai/x"], "did you mean 'adaptive'"),
    (["solve", "x", "--model", "opnai/x"], "did you mean 'openai/x'"),
    (["solve", "x", "--model", "openai/x"], "set OPENAI_API_KEY"),
    (["solve", "x", "--samples", "0"], "'0' is not a number of at least 1"),
    (["solve", "x", "--timeout", "nan"], "'nan' is not a number"),
    (["solve", "x", "--tests", "/nowhere"], "the tests in '/nowhere' cannot be read"),
    (["solve", "x", "--output", "/nowhere/a"], "cannot be written"),
    (["solve", "--dataset", "/nowhere", "--id", "1"], "/nowhere"),
    (["solve", "--dataset", "FILE", "--id", "two"], "broken.jsonl"),
    (["solve", "x", "--id", "1"], "--id was given without --dataset"),
    (["slove"], "did you mean solve?"),
    (["solve", "x", "--sampels", "3"], "did you mean --samples?"),
    (["graph", "magic"], "did you mean 'magicore'"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=lambda each: " ".join(each)[:40])
def test_bad_input_gets_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, broken: str
) -> None:
    done = refinegraph(*[broken if each == "FILE" else each for each in arguments])
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("refinegraph: ")
    assert said in done.stderr


def test_broken_line_of_a_data_set_is_named(broken: str) -> None:
    done = refinegraph("solve", "--dataset", broken, "--id", "two")
    assert "line 2" in done.stderr or "broken.jsonl:2" in done.stderr


def test_tests_that_do_not_parse_are_refused_before_a_call_is_paid(tmp_path: Path) -> None:
    path = tmp_path / "tests.py"
    path.write_text("assert add(1, 2) == 3\nassert add(\n")
    done = solve("http://127.0.0.1:9/v1", str(path))
    assert done.returncode == 2
    assert "2" in done.stderr


def test_problem_is_read_from_standard_input() -> None:
    with server(RIGHT) as base:
        done = refinegraph(
            *("solve", "-", "--model", "openai/x", "--api-base", base, "--strategy", "single"),
            stdin="Write add(a, b).",
        )
    assert done.returncode == 0
    assert "nothing to check it with" in done.stderr
    assert refinegraph("solve", "-", stdin=b"\xff\xfe").returncode == 2


def test_interrupt_ends_with_130_and_one_line(tests: str) -> None:
    reached = threading.Event()
    with server(RIGHT, stall=5, reached=reached) as base:
        running = subprocess.Popen(
            [
                *(*COMMAND, "solve", "Write add(a, b).", "--tests", tests),
                *("--model", "openai/x", "--api-base", base),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        assert reached.wait(60)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)
    assert running.returncode == 130
    assert out == b""
    assert err.decode().strip().splitlines()[-1] == "refinegraph: interrupted."
    assert b"Traceback" not in err


def test_demo_says_what_is_scripted_and_repairs_twice() -> None:
    done = refinegraph("demo")
    assert done.returncode == 0
    assert "scripted; the graph, the tests and the" in done.stderr
    assert "3/5 visible tests" in done.stderr
    assert "passes all 5 visible tests" in done.stderr
    assert "max(merged[-1][1], end)" in done.stdout


def test_graph_comes_from_the_compiled_graph() -> None:
    text = refinegraph("graph", "adaptive").stdout
    assert "route   ->  review | select | solve" in text
    assert "review(review)" in refinegraph("graph", "magicore", "--format", "mermaid").stdout
    assert "review" not in refinegraph("graph", "best-of-n").stdout.split("\n", 2)[2]


def test_doctor_names_the_tier() -> None:
    done = refinegraph("doctor")
    assert done.returncode == 0
    assert re.search(r"^sandbox      (strong|medium); (\d+) of \2 attacks", done.stdout, re.M)
    assert "seccomp             in force" in done.stdout


def test_doctor_names_a_server_that_does_not_answer() -> None:
    done = refinegraph("doctor", env={"REFINEGRAPH_API_BASE": "http://127.0.0.1:9/v1"})
    assert done.returncode == 3
    assert "not reached" in done.stdout


def test_doctor_shows_no_key() -> None:
    done = refinegraph("doctor", env={"OPENAI_API_KEY": "sk-secret"})
    assert "OPENAI_API_KEY" in done.stdout
    assert "sk-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom refinegraph.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "heavy = {'litellm', 'langgraph', 'langchain_core', 'pydantic', 'rich', 'asyncio'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines()[-1] == "heavy: []"
