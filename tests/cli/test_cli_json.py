"""`--json`: every command that prints a result can print it as one JSON document."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import RIGHT, ChatServer, Done

Command = Callable[..., Done]
Serve = Callable[..., ChatServer]


@pytest.fixture
def kept(
    command: Command, serve: Serve, tests: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Store one run; return a function that runs commands and parses their JSON."""
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    asked = ("solve", "Write add(a, b).", "--tests", tests, *serve(RIGHT).flags)
    assert command(*asked, "--strategy", "single").code == 0

    def read(*arguments: str) -> Any:
        done = command(*arguments, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    return read


def test_a_run_is_listed_and_shown(kept: Callable[..., Any], tmp_path: Path) -> None:
    [row] = kept("runs")
    assert row["result"] == "proved"
    assert row["model"] == "openai/x"
    assert row["tokens"] == 15
    assert row["problem"] == "Write add(a, b)."
    shown = kept("show", "last")
    assert shown["id"] == row["id"]
    assert shown["solved"] is True
    viewed = kept("view", row["id"][-6:])
    assert Path(viewed["path"]).parent == tmp_path
    assert kept("rm", "last") == {"removed": row["id"]}
    assert kept("runs") == []


def test_runs_are_searched_by_words_and_date(kept: Callable[..., Any]) -> None:
    assert len(kept("runs", "ADD", "proved")) == 1
    assert kept("runs", "add", "refuted") == []
    assert len(kept("runs", "--since", "2020-01-01")) == 1
    assert kept("runs", "--since", "2999-01-01") == []


def test_one_candidate_or_the_answer_is_printed_as_it_is(
    kept: Callable[..., Any], command: Command
) -> None:
    assert kept("runs")
    program = "def add(a, b):\n    return a + b\n"
    assert command("show", "last", "--answer").out == program
    assert command("show", "last", "--candidate", "0.0").out == program
    wrong = command("show", "last", "--candidate", "9.9")
    assert wrong.code == 2
    assert "has no candidate '9.9'; it has: 0.0" in wrong.sentence


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("config",), None),
        (("cache",), "answers"),
        (("models",), None),
        (("strategies", "single"), None),
        (("graph", "single"), "edges"),
    ],
)
def test_lookup_commands_print_json(
    arguments: tuple[str, ...], key: str | None, kept: Callable[..., Any]
) -> None:
    data = kept(*arguments)
    assert data
    assert key is None or key in data


def test_a_date_that_is_none_is_named(command: Command) -> None:
    done = command("runs", "--since", "yesterday")
    assert done.code == 2
    assert "'yesterday' is not a date such as 2026-01-31" in done.sentence
