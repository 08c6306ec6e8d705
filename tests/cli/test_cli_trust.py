"""Untrusted files and records can choose neither server nor folder without the user's consent."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import RIGHT, ChatServer, Done, environment, run_process

from refinegraph.options import RunOptions
from refinegraph.runs import RunRecord, RunStore
from refinegraph.schema import Problem
from refinegraph.support.json_text import json_text

Command = Callable[..., Done]
Serve = Callable[..., ChatServer]
ASKED = ("solve", "Write add(a, b).", "--strategy", "single", "--no-keep")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder written by somebody else, above the working directory."""
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    (folder / "below").mkdir(parents=True)
    monkeypatch.chdir(folder / "below")
    return folder


def test_a_discovered_file_cannot_send_a_key_to_its_server(project: Path, serve: Serve) -> None:
    server = serve(RIGHT)
    file = project / "refinegraph.toml"
    file.write_text(f'api_base = "{server.base}"\nmodel = "openai/x"\nsamples = 2\n')
    done = run_process(
        *ASKED, env=environment(REFINEGRAPH_MODEL="openai/gpt-5-nano"), cwd=project / "below"
    )
    assert (done.code, server.asked) == (2, [])
    line = done.err.splitlines()[0]
    assert line.startswith(f"refinegraph: ignoring api_base in {file}")
    assert line.endswith(f"refinegraph config trust {file}")


def test_a_file_is_trusted_by_name_until_it_changes(
    project: Path, serve: Serve, command: Command
) -> None:
    server, file = serve(RIGHT), project / "refinegraph.toml"
    file.write_text(f'api_base = "{server.base}"\nmodel = "openai/x"\n')
    trusted = command("config", "trust", str(file))
    assert trusted.code == 0
    assert f"api_base = '{server.base}'" in trusted.out
    done = command(*ASKED)
    assert done.code == 0, done.err
    first = done.err.splitlines()[0]
    assert first == f"  server     {server.base}  (from {file})"
    assert "trusted; undo with" in command("config").out
    calls = len(server.asked)
    file.write_text(file.read_text() + "# changed\n")
    assert command(*ASKED).code == 2
    shown = command("config").out
    assert "not trusted, so these are ignored: api_base" in shown
    assert len(server.asked) == calls
    assert command("config", "trust", str(file)).code == 0
    assert command("config", "untrust", str(file)).code == 0
    assert command(*ASKED).code == 2
    assert command("config", "untrust", str(file)).code == 2


def test_a_file_chooses_strategies_and_limits_without_trust(
    project: Path, serve: Serve, command: Command
) -> None:
    (project / "refinegraph.toml").write_text('strategy = "best-of-n"\nsamples = 3\n')
    server = serve(RIGHT)
    done = command("solve", "Write add.", *server.flags, "--no-keep", "--json")
    told = json.loads(done.out)
    assert told["strategy"] == "best-of-n"
    assert len(told["candidates"]) == 3
    again = command("solve", "x", *server.flags, "--no-keep", "--json", "--strategy", "single")
    assert json.loads(again.out)["strategy"] == "single"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("samples = 0", "samples = 0 is not a whole number of at least 1."),
        ('stop = "round(3)"', "names no stop rule: 'round' (did you mean 'rounds'?)"),
        ("sampels = 3", "unknown setting 'sampels' (did you mean 'samples'?)"),
        ("samples =", "cannot be read as TOML"),
    ],
)
def test_a_file_that_is_wrong_is_named(
    project: Path, command: Command, text: str, said: str
) -> None:
    file = project / "refinegraph.toml"
    file.write_text(text)
    done = command("solve", "x")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.sentence
    assert str(file) in done.sentence


def test_a_variable_that_is_wrong_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFINEGRAPH_SAMPLES", "many")
    done = command("solve", "x", "--model", "embedded")
    assert done.code == 2
    assert done.sentence == "refinegraph: REFINEGRAPH_SAMPLES='many' is not a whole number."


def plant(home: Path, *, id: str, folder: str, options: RunOptions) -> None:
    record = RunRecord(
        id=id, begun=time.time(), problem=Problem(prompt="Write add(a, b)."), settings=options
    )
    (home / "runs" / folder).mkdir(parents=True)
    (home / "runs" / folder / "run.json").write_text(json_text(record))


def test_a_record_writes_nowhere_but_in_its_folder(project: Path, command: Command) -> None:
    home = project.parent / "home"
    plant(home, id="../../../owned", folder="20260101-000000-abcdef", options=RunOptions())
    done = command("resume")
    assert done.code == 2
    assert "is the record of another run" in done.sentence
    plant(home, id="../../../owned", folder="planted", options=RunOptions())
    assert command("resume", "planted").code == 2
    assert not (project.parent / "owned.json").exists()


def test_a_record_chooses_a_server_only_where_its_user_says_so(
    project: Path, serve: Serve, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, home = serve(RIGHT), project.parent / "home"
    id = "20260101-000000-abcdef"
    options = RunOptions(strategy="single", model="openai/x", api_base=server.base)
    plant(home, id=id, folder=id, options=options)
    refused = command("resume")
    assert (refused.code, server.asked) == (2, [])
    assert f"api_base '{server.base}', which your own settings do not name" in refused.sentence
    assert refused.sentence.endswith(f"refinegraph resume {id} --as-recorded")
    done = command("resume", "--as-recorded")
    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"  server     {server.base}  (from the run's record)"
    monkeypatch.setenv("REFINEGRAPH_API_BASE", server.base)
    other = "20260102-000000-abcdef"
    plant(home, id=other, folder=other, options=options)
    assert command("resume").code == 0
    plant(home, id=id, folder=id, options=replace(options, calibration="/etc/passwd"))
    assert "calibration '/etc/passwd'" in command("resume").sentence


def test_a_run_of_version_0_1_0_can_be_resumed(
    project: Path, serve: Serve, command: Command
) -> None:
    server, id = serve(RIGHT), "20260101-000000-abcdef"
    folder = project.parent / "home" / "runs" / id
    folder.mkdir(parents=True)
    settings = {
        **{"strategy": "single", "model": "openai/x", "solver_model": None, "tester_model": None},
        **{"reviewer_model": None, "refiner_model": None, "api_base": "http://127.0.0.1:9/v1"},
        **{"samples": None, "rounds": None, "temperature": None, "seed": 7, "budget_usd": None},
        **{"budget_tokens": 5000, "budget_calls": None, "prices": [0.15, 0.6]},
        **{
            "call_timeout": None,
            "timeout": None,
            "trace": False,
            "min_gain_per_1k_tokens": None,
            "calibration": None,
        },
        **{"cache": None, "ask": [], "fallback": [], "hedge": None},
        **{"requests_per_minute": None, "tokens_per_minute": None},
    }
    problem = Problem(prompt="Write add(a, b).").model_dump(mode="json")
    record = {"id": id, "begun": 1.0, "problem": problem, "settings": settings}
    (folder / "run.json").write_text(json.dumps({**record, "schema_version": 1}))
    read = RunStore(folder.parent).find_unfinished("last").record.settings
    assert (read.seed, read.budget_tokens, read.prices) == (7, 5000, (0.15, 0.6))
    done = command("resume", "--api-base", server.base, "--as-recorded", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["seed"] == 7


def test_stored_files_are_readable_only_by_their_user(
    project: Path, serve: Serve, command: Command
) -> None:
    server = serve(RIGHT)
    assert command("solve", "Write add.", *server.flags, "--cache").code == 0
    (project / "refinegraph.toml").write_text('api_base = "http://127.0.0.1:9"\n')
    assert command("config", "trust", str(project / "refinegraph.toml")).code == 0
    home = project.parent / "home"
    kept = [home, *home.rglob("*")]
    assert {path.name for path in kept} >= {"runs", "calls.sqlite", "trusted.json"}
    for path in kept:
        assert path.stat().st_mode & 0o077 == 0, path
