"""Tables of `refinegraph.toml`: defaults for the flags of one command, within its trust."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done

Command = Callable[..., Done]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        path = tmp_path / "refinegraph.toml"
        path.write_text(text)
        return path

    return write


def test_a_table_sets_a_flag_of_its_command_alone(
    command: Command, write: Callable[[str], Path]
) -> None:
    write('[strategies]\njson = true\n[graph]\nformat = "mermaid"\n')
    assert isinstance(json.loads(command("strategies", "single").out), list)
    assert command("config").out.startswith("setting")


def test_a_flag_wins_over_the_table(command: Command, write: Callable[[str], Path]) -> None:
    path = write('[graph]\nformat = "mermaid"\n')
    assert command("config", "trust", str(path)).code == 0
    assert "graph TD" in command("graph", "single").out
    assert "graph TD" not in command("graph", "single", "--format", "text").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[grahp]\nformat = 'svg'\n", "a table [grahp] for no command (did you mean 'graph'?)"),
        ("[graph]\nformt = 'svg'\n", "unknown setting 'formt' in [graph] (did you mean 'format'?)"),
        ("[graph]\njson = 3\n", "json = 3 is neither true nor false"),
        ("[runs]\nlimit = 0\n", "limit = '0' is not a whole number of at least 1"),
    ],
)
def test_a_table_that_is_wrong_is_named(
    text: str, said: str, command: Command, write: Callable[[str], Path]
) -> None:
    write(text)
    done = command("runs" if "runs" in text else "graph", *([] if "runs" in text else ["single"]))
    assert done.code == 2
    assert said in done.err


def test_a_file_that_is_not_trusted_names_no_files_and_changes_none(
    command: Command, write: Callable[[str], Path], tmp_path: Path
) -> None:
    path = write('[graph]\noutput = "graph.txt"\n')
    done = command("graph", "single")
    assert "ignoring output in [graph]" in done.err
    assert "refinegraph config trust" in done.err
    assert not (tmp_path / "graph.txt").exists()
    command("config", "trust", str(path))
    assert command("graph", "single").out == ""
    assert (tmp_path / "graph.txt").exists()


def test_help_and_settings_work_despite_an_invalid_file(
    command: Command, write: Callable[[str], Path]
) -> None:
    write("[nothing]\nx = 1\n")
    assert command("graph", "--help").code == 0
    listed = command("config")
    assert listed.code == 0
    assert "nothing.x" in listed.out


@pytest.mark.parametrize(
    ("table", "arguments"),
    [
        ("[doctor]\nforget_rates = true\n", ("doctor", "--help")),
        ("[cache]\nclear = true\n", ("cache",)),
        ("[completion]\nx = 1\n", ("completion", "bash")),
    ],
)
def test_no_untrusted_file_deletes_anything(
    table: str, arguments: tuple[str, ...], command: Command, write: Callable[[str], Path]
) -> None:
    write(table)
    done = command(*arguments)
    assert done.code == 0
    assert "deleted" not in done.out
    assert ("ignoring clear in [cache]" in done.err) == (arguments == ("cache",))
