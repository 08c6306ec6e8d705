"""The help: grouped, with examples, short flags and strategies, and no wider than the terminal."""

import argparse
import shlex
from collections.abc import Callable

import pytest
from command_line import Done, run_process

from refinegraph.cli.arguments import COMMANDS, make_parser
from refinegraph.cli.help_texts import EXIT_CODES, command_examples
from refinegraph.cli.parser import Parser
from refinegraph.graphs.strategies import STRATEGIES
from refinegraph.options.own_strategies import OWN_STRATEGIES
from refinegraph.options.suggestions import strategies

Command = Callable[..., Done]


def help_of(name: str) -> str:
    parser = make_parser(Parser)
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    text: str = actions[0].choices[name].format_help()
    return text


@pytest.mark.parametrize("columns", ["60", "80", "140"])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(
    name: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = help_of(name) if name else make_parser(Parser).format_help()
    wide = [line for line in text.splitlines() if len(line) > int(columns)]
    assert all(len(line.split()) == 1 or "--" in line or "refinegraph " in line for line in wide)
    monkeypatch.setenv("COLUMNS", "1000")
    whole = help_of(name) if name else make_parser(Parser).format_help()
    assert set(text.split()) <= set(whole.split())


def test_every_command_is_listed_once_under_a_heading(command: Command) -> None:
    lines = command("--help").out.splitlines()
    for name in COMMANDS:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1
    for heading in ("solve problems:", "measure:", "kept runs:", "examples:", "exit codes:"):
        assert heading in lines
    assert all(any(line.split()[:1] == [str(code)] for line in lines) for code in EXIT_CODES)


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_a_command_are_commands(name: str) -> None:
    examples = command_examples(name)
    assert examples
    parser = make_parser(_Strict)
    for example in examples:
        words = shlex.split(example.partition(" <")[0].partition(" | ")[0], comments=True)
        if words[0] == "refinegraph":
            assert parser.parse_args(words[1:]).command == name


class _Strict(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise AssertionError(message)


def test_strategies_of_the_help_are_those_of_the_registry() -> None:
    own = {
        name: strategy.summary for name, strategy in STRATEGIES.items() if name in OWN_STRATEGIES
    }
    assert own == OWN_STRATEGIES
    text = " ".join(help_of("solve").split())
    assert all(f"{name} {summary}" in text for name, summary in OWN_STRATEGIES.items())


def test_suggested_strategies_are_those_that_can_be_run() -> None:
    from refinegraph.graphs.strategies import gallery_names

    assert set(strategies()) == {*OWN_STRATEGIES, *gallery_names()}


@pytest.mark.parametrize(
    ("short", "flag", "value"),
    [
        ("-m", "--model", "embedded"),
        ("-n", "--samples", "3"),
        ("-o", "--output", "x.py"),
        ("-q", "--quiet", ""),
    ],
)
def test_short_flags_mean_the_long_ones(short: str, flag: str, value: str) -> None:
    parser = make_parser(_Strict)
    words = ["solve", "x"]
    given = [value] if value else []
    assert parser.parse_args([*words, short, *given]) == parser.parse_args([*words, flag, *given])


def test_the_version_has_a_short_flag(command: Command) -> None:
    assert command("-V").out == command("--version").out


def test_memory_goes_with_a_cache_and_a_replay_does_not() -> None:
    parser = make_parser(_Strict)
    parser.parse_args(["solve", "x", "--memory", "notes", "--cache", "calls"])
    with pytest.raises(AssertionError, match="not allowed with"):
        parser.parse_args(["solve", "x", "--replay", "calls", "--cache", "calls"])


def test_a_piped_problem_needs_no_dash() -> None:
    asked = ("solve", "--model", "openai/x", "--api-base", "y")
    piped = run_process(*asked, stdin=b"Write add(a, b).\n")
    assert "'y' is not a URL" in piped.err
    assert "no problem was given" in run_process(*asked).err
