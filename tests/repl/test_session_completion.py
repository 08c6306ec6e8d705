"""Completion in a session: names with summaries, and the arguments of commands."""

import io
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from rich.console import Console

from refinegraph.options import RunOptions
from refinegraph.repl import Session
from refinegraph.repl.commands import COMMANDS, completables
from refinegraph.repl.completion import SessionCompleter


def completed(text: str) -> dict[str, str]:
    """Return the completions of a text, with their summaries."""
    console = Console(file=io.StringIO())
    session = Session(RunOptions(), console, console)
    completer = SessionCompleter(completables(session))
    found = completer.get_completions(Document(text, len(text)), CompleteEvent())
    return {completion.text: completion.display_meta_text for completion in found}


def test_commands_are_completed_with_their_summaries() -> None:
    assert completed("/") == {f"/{name}": command.summary for name, command in COMMANDS.items()}
    assert list(completed("/stra")) == ["/strategy"]


@pytest.mark.parametrize(("typed", "word"), [("hel", "help"), ("ex", "exit")])
def test_words_that_anyone_tries_are_completed(typed: str, word: str) -> None:
    assert word in completed(typed)


@pytest.mark.parametrize(
    ("typed", "word", "summary"),
    [
        ("/strategy self-r", "self-refine", "one answer, reviewed"),
        ("/model emb", "embedded", ""),
        ("/kind ma", "math", "a number"),
        ("/set sam", "samples", "maximum number"),
        ("/set review jo", "joint", ""),
        ("/why n", "numbers", "with the numbers"),
    ],
)
def test_arguments_are_completed(typed: str, word: str, summary: str) -> None:
    found = completed(typed)
    assert found[word].startswith(summary)


def test_files_are_completed_where_a_command_takes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests_of_mine.py").write_text("")
    assert "_of_mine.py" in completed("/tests tests")
    assert completed("/samples tests") == {}


def test_problems_are_not_completed() -> None:
    assert completed("Write f(x)") == {}
    assert completed("/usr/bin is\n/") == {}
    assert completed("") == {}
