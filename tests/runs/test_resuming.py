"""Interrupted runs are resumed without losing, repeating or mixing up anything."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from refinegraph import asolve
from refinegraph.agents import Solver
from refinegraph.agents.models import CallCache, ScriptedChatModel
from refinegraph.errors import InputError, ModelError, ModelRequestRefused
from refinegraph.graphs import search_graph
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.policies import schedule
from refinegraph.graphs.sqlite_checkpoints import LatestCheckpointSaver, latest_checkpoints
from refinegraph.runs import RunSettings, RunStore
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Move, Problem, RefinementResult

PROBLEM = Problem(prompt="Write add(a, b).", tests="assert add(1, 2) == 3")


class Stops(Exception):
    """Ends a run from inside."""


def stopping_after(calls: int) -> ScriptedChatModel:
    """Return a model that answers a number of calls and then breaks the run."""
    left = iter(range(calls))

    def answer(messages: object, sampling: object) -> str:
        if next(left, None) is None:
            raise Stops
        digest = hashlib.sha256(repr(messages).encode()).hexdigest()
        return f"```python\ndef add(a, b):\n    return a - b - {int(digest[:4], 16)}\n```"

    return ScriptedChatModel(answer, name="scripted")


async def solve_in(folder: Path, model: ScriptedChatModel) -> RefinementResult:
    cache = CallCache(folder / "calls.sqlite")
    try:
        async with latest_checkpoints(folder / "state.sqlite") as saver:
            return await asolve(
                PROBLEM,
                model=model,
                strategy="magicore",
                samples=3,
                rounds=2,
                seed=7,
                checkpointer=saver,
                run_id="one",
                cache=cache,
            )
    finally:
        cache.close()


@pytest.mark.parametrize("calls", [3, 4, 5, 6, 7, 8])
async def test_a_resumed_run_equals_an_undisturbed_one(calls: int, tmp_path: Path) -> None:
    undisturbed = stopping_after(1000)
    calm = await solve_in(_made(tmp_path / "calm"), undisturbed)
    folder = _made(tmp_path / "cut")
    first = stopping_after(calls)
    with pytest.raises(Stops):
        await solve_in(folder, first)
    second = stopping_after(1000)
    resumed = await solve_in(folder, second)
    assert _gist(resumed) == _gist(calm)
    assert calls + _samples(second) == _samples(undisturbed)


async def test_a_finished_run_is_returned_without_a_call(tmp_path: Path) -> None:
    first = await solve_in(tmp_path, stopping_after(1000))
    nothing = stopping_after(0)
    again = await solve_in(tmp_path, nothing)
    assert again.answer == first.answer
    assert not nothing.calls


async def test_runs_resume_with_any_checkpointer() -> None:
    saver = InMemorySaver(serde=checkpoint_serializer())
    with pytest.raises(Stops):
        await asolve(PROBLEM, model=stopping_after(2), checkpointer=saver, run_id="a")
    model = ScriptedChatModel("def add(a, b):\n    return a + b", cycle=True)
    result = await asolve(PROBLEM, model=model, checkpointer=saver, run_id="a")
    assert result.solved
    assert len(result.candidates) == 2


async def test_a_run_whose_first_moves_all_failed_can_be_run_again() -> None:
    saver = InMemorySaver(serde=checkpoint_serializer())

    async def run(model: ScriptedChatModel) -> RefinementResult:
        graph = search_graph(
            operators={"solve": Solver(model), "again": Solver(model)},
            policy=schedule([Move(operator="solve"), Move(operator="again")]),
            checkpointer=saver,
        )
        return await run_graph(graph, PROBLEM, run_id="a")

    for _ in range(2):
        with pytest.raises(ModelError):
            await run(ScriptedChatModel([ModelRequestRefused("no key")], cycle=True))
    result = await run(ScriptedChatModel("def add(a, b):\n    return a + b", cycle=True))
    assert result.solved
    assert len(result.candidates) == 2


async def test_a_resumed_run_counts_earlier_spending(tmp_path: Path) -> None:
    async def run(model: ScriptedChatModel) -> RefinementResult:
        async with latest_checkpoints(tmp_path / "state.sqlite") as saver:
            return await asolve(
                PROBLEM,
                model=model,
                strategy="self-refine",
                rounds=50,
                budget_calls=4,
                checkpointer=saver,
                run_id="one",
            )

    with pytest.raises(Stops):
        await run(stopping_after(3))
    result = await run(ScriptedChatModel("def add(a, b):\n    return b - a", cycle=True))
    assert result.usage.llm_calls == 4
    assert result.stop_reason.rule in ("budget", "failed")


async def test_the_file_of_a_run_grows_linearly(
    tmp_path: Path,
) -> None:
    async def size_after(rounds: int) -> int:
        numbers = iter(range(10_000))

        def other(messages: object, sampling: object) -> str:
            return f"```python\ndef add(a, b):\n    return {next(numbers)}  # {'x' * 500}\n```"

        folder = tmp_path / str(rounds)
        folder.mkdir()
        async with latest_checkpoints(folder / "state.sqlite") as saver:
            result = await asolve(
                PROBLEM,
                model=ScriptedChatModel(other),
                strategy="self-refine",
                rounds=rounds,
                checkpointer=saver,
                run_id="one",
            )
        assert result.rounds == rounds
        return sum(part.stat().st_size for part in folder.iterdir())

    few, many = await size_after(20), await size_after(60)
    assert many < 3.6 * few  # three times as long, with some room for SQLite's pages


def test_another_process_gets_one_sentence(tmp_path: Path) -> None:
    run = RunStore(tmp_path).begin(PROBLEM, RunSettings())
    other = RunStore(tmp_path).find_unfinished("last")
    assert other.is_running
    with pytest.raises(InputError, match="another process is working on run"):
        other.hold()
    with pytest.raises(InputError, match="another process"):
        RunStore(tmp_path).remove("last")
    run.release()
    assert not other.is_running
    assert RunStore(tmp_path).remove("last") == run.record.id


def test_a_newer_or_damaged_run_is_refused_by_name_and_left(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for id, text in (
        ("20300101-000000-aaaaaa", '{"schema_version": 99}'),
        ("20200101-000000-bbbbbb", "{"),
    ):
        (tmp_path / id).mkdir()
        (tmp_path / id / "run.json").write_text(text)
    good = store.begin(PROBLEM, RunSettings())
    with pytest.raises(InputError, match=r"aaaaaa/run.json is a run of version 99, and this is 2"):
        store.find_unfinished("aaaaaa")
    with pytest.raises(InputError, match=r"bbbbbb/run.json cannot be read as a run; it is left"):
        store.find_unfinished("bbbbbb")
    assert [each.record.id for each in store.unfinished()] == [good.record.id]
    good.release()
    assert (tmp_path / "20200101-000000-bbbbbb" / "run.json").read_text() == "{"


async def test_a_damaged_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    run = RunStore(tmp_path).begin(PROBLEM, RunSettings())
    (run.folder / "state.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match=f"run {run.record.id} cannot be kept in"):
        async with run.parts() as parts:
            await asolve(
                PROBLEM,
                model=stopping_after(9),
                checkpointer=parts.checkpointer,
                run_id=run.record.id,
            )
    run.release()
    assert (run.folder / "state.sqlite").read_bytes().startswith(b"this is no database")


async def test_a_full_disk_leaves_a_resumable_run(tmp_path: Path) -> None:
    run = RunStore(tmp_path).begin(PROBLEM, RunSettings())
    long = "```python\ndef add(a, b):\n    return a - b\n```" + "x" * 50_000

    async def go(model: ScriptedChatModel, *, pages: int | None) -> RefinementResult:
        async with run.parts() as parts:
            if pages:
                assert isinstance(parts.checkpointer, LatestCheckpointSaver)
                parts.checkpointer.conn.execute(f"PRAGMA max_page_count={pages}")
            return await asolve(
                PROBLEM,
                model=model,
                strategy="best-of-n",
                samples=4,
                checkpointer=parts.checkpointer,
                cache=parts.cache,
                run_id=run.record.id,
            )

    with pytest.raises(InputError, match=r"full; what was written is left as it is: refinegraph r"):
        await go(ScriptedChatModel(long, cycle=True), pages=8)
    assert (await go(ScriptedChatModel([]), pages=None)).candidates
    run.release()


async def test_a_checkpoint_never_makes_other_objects(tmp_path: Path) -> None:
    await solve_in(tmp_path, stopping_after(1000))
    database = sqlite3.connect(tmp_path / "state.sqlite")
    kinds = {row[0] for row in database.execute("SELECT type FROM checkpoints")}
    database.close()
    assert kinds == {"msgpack"}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _gist(result: RefinementResult) -> str:
    plain = result.model_copy(update={"timeline": ()})
    usage = result.usage.model_copy(update={"wall_seconds": 0.0})
    candidates = [
        each.model_copy(update={"verdict": None, "scores": ()}) for each in result.candidates
    ]
    return plain.model_copy(
        update={"usage": usage, "candidates": tuple(candidates)}
    ).model_dump_json()


def _samples(model: ScriptedChatModel) -> int:
    return sum(call.n for call in model.calls)
