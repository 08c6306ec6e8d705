"""`--cluster` gives the results of a single process, even if workers die."""

import json
import os
import re
import signal
import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from langchain_core.messages import BaseMessage

import refinegraph as rg
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.agents.models.spending.cache_file import CacheFile
from refinegraph.agents.models.spending.call_cache import KeptAnswer
from refinegraph.agents.models.types import Choice
from refinegraph.batches.cluster import cluster_evaluation
from refinegraph.batches.cluster_settings import ClusterSettings
from refinegraph.batches.ray_data import SolveRows
from refinegraph.batches.ray_home import home_of
from refinegraph.batches.shared_books import Caps, RemoteCache, SharedBooks
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.running import Evaluation, evaluated_graphs
from refinegraph.options import RunOptions
from refinegraph.runs.planning import plan_of, resolve_models
from refinegraph.schema import Gold, LabelledProblem, Problem, Usage
from refinegraph.tools.sandbox import Sandbox

ray = pytest.importorskip("ray", reason="ray is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Generator[None]:
    """Start one cluster for all tests, because starting one takes seconds."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    ray.init("local", num_cpus=2, include_dashboard=False, **quiet)
    # The workers cannot import the modules of tests.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    ray.shutdown()


def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    found = re.search(r"What is (\d+)", messages[-1].text)
    return f"The answer is \\boxed{{{found[1] if found else 0}}}"


def questions(count: int) -> list[dict[str, Any]]:
    return [{"prompt": f"What is {n}?", "kind": "math", "page": n} for n in range(count)]


async def solved(count: int, **options: Any) -> list[rg.BatchRecord]:
    defaults: dict[str, Any] = {"model": ScriptedChatModel(answer), "strategy": "single"}
    options = {**defaults, "in_order": True, **options}
    return [record async for record in rg.solve_many(questions(count), **options)]


async def test_the_lines_are_those_of_one_process(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone.jsonl", tmp_path / "together.jsonl"
    await solved(12, out=alone)
    await solved(12, out=together, cluster="ray", workers_per_node=2, concurrency=2)
    assert together.read_bytes() == alone.read_bytes()
    assert len(alone.read_bytes().splitlines()) == 12


async def test_a_limit_holds_over_all_workers() -> None:
    more: dict[str, Any] = {"cluster": "ray", "workers_per_node": 2, "concurrency": 2}
    records = await solved(20, budget_calls=7, **more)
    assert sum(record.error is None for record in records) == 7


def dying(folder: Path) -> ScriptedChatModel:
    """Return a model that kills its process at its fifth call, and logs every answer."""

    def write(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        text = answer(messages, sampling)
        log = folder / "asked"
        with log.open("a") as file:
            file.write(f"{text}\n")
        if len(log.read_text().splitlines()) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return text

    return ScriptedChatModel(write)


async def test_a_worker_that_dies_is_replaced_and_its_answers_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    more: dict[str, Any] = {"cluster": "ray", "concurrency": 1, "strategy": "self-refine"}
    records = await solved(4, model=dying(tmp_path), out=out, rounds=1, **more)
    assert [(record.index, record.answer) for record in records] == [(n, str(n)) for n in range(4)]
    alone = ScriptedChatModel(answer)
    await solved(4, model=alone, strategy="self-refine", rounds=1)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == len(alone.calls) + 1  # the one whose answer the dead worker took along


def killing_books(folder: Path) -> ScriptedChatModel:
    """Return a model whose fifth call kills the actor that keeps budgets and answers."""

    def write(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        text = answer(messages, sampling)
        log = folder / "asked"
        with log.open("a") as file:
            file.write(f"{text}\n")
        if len(log.read_text().splitlines()) == 5:
            for process in psutil.Process(os.getppid()).children():
                if "ray::SharedBooks" in " ".join(process.cmdline()):
                    process.kill()
        return text

    return ScriptedChatModel(write)


async def test_budgets_and_answers_outlive_the_actor_that_keeps_them(tmp_path: Path) -> None:
    more: dict[str, Any] = {"cluster": "ray", "concurrency": 1, "strategy": "self-refine"}
    limits: dict[str, Any] = {"rounds": 1, "budget_calls": 13}
    records = await solved(9, model=killing_books(tmp_path), out=tmp_path / "o", **limits, **more)
    answers = [record.answer for record in records if record.error is None]
    asked = len((tmp_path / "asked").read_text().splitlines())
    assert answers == [str(n) for n in range(len(answers))]
    assert len(answers) >= 3
    assert asked in (12, 13)  # the call under way counts, even if nothing was billed


@pytest.mark.parametrize("stores, reads", [(True, True), (True, False), (False, True)])
async def test_workers_near_and_far_share_their_answers(
    tmp_path: Path, stores: bool, reads: bool
) -> None:
    home = home_of(ray, tmp_path / "calls.sqlite", str(tmp_path / "ledger"))
    books = ray.remote(SharedBooks).remote(Caps(None, None, None), Usage(), home)
    await books.is_spent.remote()  # until it has created the file

    def cache(is_near: bool) -> RemoteCache:
        file = CacheFile(tmp_path / "calls.sqlite") if is_near else None
        return RemoteCache(books, file=file).with_namespace("7:")

    kept = KeptAnswer(choice=Choice(text="4", finish_reason="stop"), usage=Usage(llm_calls=1))
    await cache(stores).store("request", 0, "model", kept)
    assert await cache(reads).look_up("request", 0) == kept
    assert await cache(reads).look_up("request", 1) is None
    assert await RemoteCache(books).with_namespace("8:").look_up("request", 0) is None
    cache(stores).forget()
    assert await cache(False).look_up("request", 0) is None
    ray.kill(books)


async def test_a_problem_that_kills_every_worker_is_an_error(tmp_path: Path) -> None:
    def write(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if "What is 1?" in messages[-1].text:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer(messages, sampling)

    model = ScriptedChatModel(write)
    records = await solved(3, model=model, cluster="ray", concurrency=1)
    assert [record.error.type if record.error else record.answer for record in records] == [
        *("0", "WorkerDied", "2"),
    ]


def labelled(count: int) -> list[LabelledProblem]:
    return [
        LabelledProblem(
            Problem(id=str(n), prompt=f"What is {n}?", kind="math"), Gold(answer=str(min(n, 2)))
        )
        for n in range(count)
    ]


async def outcomes(evaluation: Evaluation) -> list[tuple[str, str, bool | None]]:
    runs = [run async for run in evaluation.run(labelled(4), done=lambda key: False)]
    return sorted((r.problem_id, r.strategy, r.correct) for r in runs if isinstance(r, RunLine))


def evaluating(options: RunOptions, folder: Path) -> Any:
    """Return the same evaluation on a cluster of two workers."""
    return cluster_evaluation(
        ClusterSettings("ray", 2),
        options,
        ("single", "self-refine"),
        kind="math",
        concurrency=1,
        spent=Usage(),
        calls=folder / "calls.sqlite",
    )


async def test_an_evaluation_judges_as_one_process_does(tmp_path: Path) -> None:
    options = RunOptions(model=ScriptedChatModel(answer), rounds=1, learn="off")
    plan = plan_of(options, kind="math", models=resolve_models(options))
    alone = await outcomes(Evaluation(evaluated_graphs(("single", "self-refine"), plan), Sandbox()))
    async with evaluating(options, tmp_path) as evaluation:
        assert await outcomes(evaluation) == alone
    assert [correct for _, _, correct in alone] == [True] * 6 + [False] * 2


async def test_an_evaluation_goes_on_where_a_worker_dies(tmp_path: Path) -> None:
    options = RunOptions(model=dying(tmp_path), rounds=1, learn="off")
    async with evaluating(options, tmp_path) as evaluation:
        assert len(await outcomes(evaluation)) == 8
    asked = (tmp_path / "asked").read_text().splitlines()
    alone = ScriptedChatModel(answer)
    plan = plan_of(options, kind="math", models=resolve_models(replace(options, model=alone)))
    await outcomes(Evaluation(evaluated_graphs(("single", "self-refine"), plan), Sandbox()))
    assert len(asked) <= len(alone.calls) + 2  # one answer, or one of each worker, was lost


async def test_what_a_cluster_cannot_do_is_refused() -> None:
    with pytest.raises(rg.InputError, match="--ledger goes without --cluster"):
        await solved(1, cluster="ray", ledger="ledger.sqlite")


def test_rows_of_ray_data_get_a_column() -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pytest.importorskip("pandas", reason="pyarrow is not installed")
    data = ray.data.from_items(questions(6))
    options = {"model": ScriptedChatModel(answer), "strategy": "single"}
    rows = data.map_batches(
        SolveRows, fn_constructor_kwargs=options, concurrency=1, batch_size=3
    ).take_all()
    assert sorted((row["page"], row["refinegraph"]["answer"]) for row in rows) == [
        (n, str(n)) for n in range(6)
    ]
    assert json.dumps(rows[0]["refinegraph"]["usage"])
