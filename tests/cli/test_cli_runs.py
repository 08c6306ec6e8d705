"""Stored runs: listed, shown, rendered as pages and deleted; and stored answers."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import COMMAND, RIGHT, WRONG, ChatServer, Done, environment

Command = Callable[..., Done]


@pytest.fixture
def kept(
    command: Command,
    serve: Callable[..., ChatServer],
    tests: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    server = serve(RIGHT)
    done = command("solve", "Write add(a, b).", "--tests", tests, *server.flags)
    assert done.code == 0
    assert "refinegraph view last" in done.err
    return command


def test_runs_are_listed_shown_and_forgotten(kept: Command) -> None:
    listed = kept("runs").out
    assert "proved" in listed
    assert "Write add(a, b)." in listed
    shown = kept("show", "last")
    assert "return a + b" in shown.out
    assert "Stop (accepted)" in shown.out
    assert kept("rm", "last").code == 0
    assert "no run is kept yet" in kept("runs").out


def test_a_run_becomes_a_page(kept: Command, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    assert kept("view", "last", "--output", str(page)).out == f"{page}\n"
    assert "return a + b" in re.sub(r"<[^>]+>", "", page.read_text())
    assert re.search(r"<title>.* · strategy .* · model .* UTC</title>", page.read_text())


def test_a_run_that_is_not_there_is_named(kept: Command) -> None:
    done = kept("show", "nothing")
    assert done.code == 2
    assert "there is no run 'nothing'; the last one is" in done.sentence


def test_nothing_is_kept_where_that_is_not_wanted(
    kept: Command, serve: Callable[..., ChatServer]
) -> None:
    kept("rm", "last")
    kept("solve", "Write add(a, b).", *serve(RIGHT).flags, "--no-keep")
    assert "no run is kept yet" in kept("runs").out


def test_answers_are_kept_and_replayed_without_a_server(
    kept: Command, serve: Callable[..., ChatServer], tests: str, tmp_path: Path
) -> None:
    file = tmp_path / "calls.sqlite"
    server = serve(RIGHT)
    asked = ("solve", "Write add(a, b).", "--tests", tests, *server.flags)
    assert kept(*asked, "--cache", str(file)).code == 0
    calls = len(server.asked)
    again = kept(*asked, "--replay", str(file))
    assert (again.code, len(server.asked)) == (0, calls)
    assert "answers" in kept("cache", str(file)).out
    other = kept("solve", "Write sub(a, b).", *server.flags, "--replay", str(file))
    assert other.code == 3
    assert "differ from the recorded run" in other.sentence
    assert "deleted 1 answer" in kept("cache", str(file), "--clear").out


@pytest.mark.parametrize("columns", ["20", "50", "80"])
def test_the_list_keeps_its_results_beside_wide_problems(
    columns: str,
    kept: Command,
    serve: Callable[..., ChatServer],
    tests: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    wide = "Write add(a, b). " + "写一个函数" * 40
    kept("solve", wide, "--tests", tests, *serve(WRONG).flags, "--strategy", "single")
    listed = kept("runs").out
    assert "refuted" in listed
    assert "proved" in listed
    assert "single" in listed


def test_a_reader_that_leaves_is_no_failure(kept: Command) -> None:
    listing = subprocess.Popen(
        [*COMMAND, "runs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert listing.stdout
    listing.stdout.close()
    assert listing.wait(60) == 0
    assert listing.stderr
    assert listing.stderr.read() == b""
    listing.stderr.close()
