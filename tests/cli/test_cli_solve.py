"""`refinegraph solve` with local servers: its output and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import PATIENCE, RIGHT, WRONG, ChatServer, Done, environment, run_process

Command = Callable[..., Done]
Serve = Callable[..., ChatServer]

CONTRACT = [
    *("schema_version", "problem_id", "solved", "answer", "strategy", "difficulty", "rounds"),
    *("stop_reason", "usage", "candidates", "isolation", "models", "seed"),
]
USAGE = [
    *("llm_calls", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd"),
    *("sandbox_runs", "wall_seconds"),
]


def test_process_without_a_terminal_prints_plain_lines(serve: Serve, tests: str) -> None:
    server = serve(RIGHT)
    done = run_process("solve", "Write add(a, b).", "--tests", tests, *server.flags)
    assert done.code == 0, done.err
    assert done.out == "def add(a, b):\n    return a + b\n"
    lines = done.err.splitlines()
    assert lines[:3] == [
        "  problem    Write add(a, b).",
        "  tests      2 given",
        "  0.0        ✓ 2/2",
    ]
    assert "  result     passes both visible tests" in lines
    assert "price unknown" in done.err
    assert "proof" not in done.err
    assert "\x1b" not in done.err
    assert all(line == line.rstrip() for line in lines)


def test_json_is_one_object_with_the_fields_of_the_contract(
    command: Command, serve: Serve, tests: str, tmp_path: Path
) -> None:
    output = tmp_path / "answer.json"
    asked = ("solve", "Write add.", "--tests", tests, "--json", "--seed", "7")
    done = command(*asked, "--output", str(output), *serve(RIGHT).flags)
    told = json.loads(done.out)
    assert list(told) == CONTRACT
    assert list(told["usage"]) == USAGE
    assert list(told["candidates"][0]) == [
        *("id", "parent_id", "role", "round", "score", "passed", "failed")
    ]
    assert set(told["isolation"]) == {"tier", "layers"}
    assert set(told["models"]) == {"solver", "reviewer", "refiner"}
    assert (told["solved"], told["usage"]["cost_usd"], told["seed"]) == (True, None, 7)
    assert output.read_text() == done.out


def test_refuted_answer_is_printed_and_exits_with_1(
    command: Command, serve: Serve, tests: str
) -> None:
    flags = ("--tests", tests, "--strategy", "single", *serve(WRONG).flags)
    done = command("solve", "Write add.", *flags)
    assert (done.code, done.out) == (1, "def add(a, b):\n    return a - b\n")
    assert "refuted: passes 1 of 2 visible tests" in done.err
    assert "✗ 1/2   add(1, 2) gave -1, not 3" in done.err
    assert command("solve", "Write add.", *flags, "--quiet") == done._replace(err="")


def test_answer_that_nothing_could_check_exits_with_0(command: Command, serve: Serve) -> None:
    done = command("solve", "Write add.", "--strategy", "single", *serve(RIGHT).flags)
    assert done.code == 0
    assert "unverified: there was nothing to check it with" in done.err


def test_generated_tests_are_not_called_proof(command: Command, serve: Serve) -> None:
    def reply(asked: dict[str, Any]) -> str:
        return (
            "assert add(1, 2) == 3\nassert add(0, 0) == 0" if "tester" in asked["model"] else RIGHT
        )

    server = serve(reply)
    done = command("solve", "Write add(a, b).", *server.flags, "--tester-model", "openai/tester")
    assert done.code == 0
    assert "tests      2 written by a model, which prove nothing" in done.err
    assert "· passes 2 generated tests" in done.err
    assert "unverified: the only tests were 2 written by a model" in done.err
    assert "openai/x; tester openai/tester" in done.err


def test_repair_is_reported_round_by_round(command: Command, serve: Serve, tests: str) -> None:
    def reply(asked: dict[str, Any]) -> str:
        if "Review the program" in asked["messages"][-1]["content"]:
            return "VERDICT: wrong\nSTEP: a - b\nWHY: it subtracts\nCHANGE: add"
        return RIGHT if "a - b" in asked["messages"][-1]["content"] else WRONG

    done = command(
        *("solve", "Write add.", "--tests", tests, "--strategy", "self-refine"), *serve(reply).flags
    )
    assert done.code == 0
    told = done.err[done.err.index("  round 1") :]
    assert told.startswith(
        "  round 1    refine 0.0\n"
        "  reviewer   0.0: a - b\n"
        "             why: it subtracts\n"
        "             change: add\n"
        "  refiner    1.0 from 0.0\n"
        "             -    return a - b\n"
        "             +    return a + b\n"
        "  1.0        ✓ 2/2\n"
    )


def test_hostile_answer_cannot_steer_the_terminal_or_break_the_json(
    command: Command, serve: Serve, tests: str
) -> None:
    hostile = 'def add(a, b):\n    return "\x1b[2J[red]\\ud800" + "\ud800"'
    flags = ("--tests", tests, "--strategy", "single", *serve(f"```python\n{hostile}\n```").flags)
    done = command("solve", "Write add.", *flags, "--json")
    assert done.code in (1, 3)
    json.loads(done.out)
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "its answers were empty"), ("word " * 1_000_000, "more than the limit of 200,000")],
    ids=["empty", "5 MB"],
)
def test_model_that_gives_nothing_usable_exits_with_3(
    text: str, said: str, command: Command, serve: Serve, tests: str
) -> None:
    flags = ("--tests", tests, "--strategy", "single", *serve(text).flags)
    done = command("solve", "Write add.", *flags, "--json")
    assert done.code == 3
    assert said in done.sentence
    assert json.loads(done.out)["answer"] is None


def test_server_that_answers_html_exits_with_3(command: Command, serve: Serve) -> None:
    server = serve("<!DOCTYPE html><html>hi</html>", kind="text/html")
    done = command("solve", "Write add.", *server.flags)
    assert (done.code, done.out) == (3, "")
    assert server.base in done.sentence
    assert "Traceback" not in done.err


def test_server_that_is_down_exits_with_3(command: Command) -> None:
    address = "http://127.0.0.1:9/v1"
    asked = ("solve", "x", "--model", "openai/x", "--api-base", address)
    done = command(*asked, "--timeout", "1")
    assert (done.code, done.out) == (3, "")
    assert address in done.err


def test_a_budget_too_small_for_one_call_is_bad_input(command: Command, serve: Serve) -> None:
    done = command("solve", "Write add(a, b).", *serve(RIGHT).flags, "--budget-tokens", "3")
    assert (done.code, done.out) == (2, "")
    assert "the budget of 3 tokens is too small for a single call; allow more" in done.err


def test_time_that_is_up_before_any_answer_exits_with_3(command: Command, serve: Serve) -> None:
    done = command("solve", "x", *serve(RIGHT, stall=5).flags, "--timeout", "0.3")
    assert done.code == 3
    assert "0.3" in done.sentence or "time" in done.sentence


def test_settings_of_the_environment_are_used(
    command: Command, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(RIGHT)
    monkeypatch.setenv("REFINEGRAPH_MODEL", "openai/fromsetting")
    monkeypatch.setenv("REFINEGRAPH_API_BASE", server.base)
    asked = ("solve", "Write add.", "--strategy", "single", "--quiet")
    assert command(*asked).code == 0
    assert command(*asked, "--solver-model", "openai/fromflag").code == 0
    assert [each["model"] for each in server.asked] == ["fromsetting", "fromflag"]


def test_hidden_tests_of_a_data_set_are_never_sent(
    command: Command, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "set.jsonl"
    record = {
        **{"id": "one", "prompt": "Write add(a, b).", "tests": "assert add(1, 2) == 3"},
        "hidden_tests": "assert add(40, 2) == 42",
    }
    path.write_text(json.dumps(record) + "\n")
    server = serve(RIGHT)
    done = command("solve", "--dataset", str(path), "--id", "one", "--json", *server.flags)
    assert json.loads(done.out)["problem_id"] == "one"
    assert "add(1, 2)" in json.dumps(server.asked)
    assert "40, 2" not in json.dumps(server.asked) + done.out + done.err


def test_file_is_replaced_whole_and_keeps_its_mode(
    command: Command, serve: Serve, tmp_path: Path
) -> None:
    path, link = tmp_path / "answer.py", tmp_path / "link.py"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    flags = ("--strategy", "single", "--quiet", *serve(RIGHT).flags)
    done = command("solve", "Write add.", "--output", str(link), *flags)
    assert path.read_text() == done.out == "def add(a, b):\n    return a + b\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["answer.py", "link.py"]


def test_device_named_as_output_stays_a_device(command: Command, serve: Serve) -> None:
    flags = ("--strategy", "single", "--quiet", *serve(RIGHT).flags)
    assert command("solve", "Write add.", "--output", "/dev/null", *flags).code == 0
    assert Path("/dev/null").is_char_device()


def test_reader_that_goes_away_changes_nothing(serve: Serve) -> None:
    script = (
        "import os, sys, subprocess\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "done = subprocess.run(sys.argv[1:], stdout=writing, stderr=subprocess.PIPE)\n"
        "print(done.returncode, done.stderr.decode().count('Broken pipe'))"
    )
    import subprocess
    import sys

    flags = ("--strategy", "single", "--quiet", *serve(RIGHT).flags)
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            *(sys.executable, "-m", "refinegraph"),
            "solve",
            "x",
            *flags,
        ],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
    )
    assert told.stdout == "0 0\n"


def test_huge_problem_from_standard_input_is_sent_whole(serve: Serve) -> None:
    server = serve(RIGHT)
    problem = "Write add(a, b). " + "word " * 1_000_000
    done = run_process(
        "solve", "-", "--strategy", "single", "--quiet", *server.flags, stdin=problem.encode()
    )
    assert done.code == 0, done.err
    assert problem.strip() in server.asked[0]["messages"][-1]["content"]


def test_statement_is_utf8_whatever_the_locale_is(serve: Serve) -> None:
    server = serve("```python\ndef f(x):\n    return 'e'\n```")
    env = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = run_process("solve", "Write f(x), é.", "--quiet", *server.flags, env=env)
    assert done.code == 0, done.err
    assert "Write f(x), é." in json.dumps(server.asked, ensure_ascii=False)


def test_byte_order_mark_and_line_ends_do_not_reach_the_model(serve: Serve) -> None:
    server = serve(RIGHT)
    stdin = b"\xef\xbb\xbfWrite add(a, b).\r\nAdd them.\r\n"
    done = run_process("solve", "-", "--quiet", *server.flags, stdin=stdin)
    assert done.code == 0, done.err
    sent = json.dumps(server.asked, ensure_ascii=False)
    assert "Write add(a, b).\\nAdd them." in sent
    assert "\\r" not in sent and "\ufeff" not in sent


def test_problem_behind_a_bad_record_can_be_solved(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text('{"id": "bad", "prompt": " "}\n{"id": "good", "prompt": "Write add."}\n')
    server = serve(RIGHT)
    done = run_process("solve", "--dataset", str(file), "--id", "good", "--quiet", *server.flags)
    assert done.code == 0, done.err
