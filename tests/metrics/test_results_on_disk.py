"""Metrics of results that stay on disk, because they do not fit into memory."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from metric_runs import run
from test_metric_laws import some_results

from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.results_dir import EvaluationFolder, read_runs
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.stored_runs import stored_runs
from refinegraph.metrics import Results, all_metrics, find_metric
from refinegraph.options import RunOptions
from refinegraph.testing import candidate


def write(path: Path, runs: Sequence[RunLine]) -> Path:
    """Write the folder of an evaluation of the strategies `a` and `b`."""
    settings = EvaluationSettings(
        version="1",
        code="c",
        dataset="d.jsonl",
        dataset_digest="d",
        strategies=("a", "b"),
        models=("m",),
        options=RunOptions(),
    )
    folder = EvaluationFolder(path, settings, resume=False)
    for line in runs:
        folder.add(line)
    folder.close()
    return path


def test_every_metric_is_the_same_from_disk(tmp_path: Path) -> None:
    for seed in range(6):
        results = some_results(seed)
        stored = Results(
            {
                name: stored_runs(write(tmp_path / f"{seed} {name}", runs))
                for name, runs in results.folders.items()
            }
        )
        for metric in all_metrics():
            assert metric.compute(stored) == metric.compute(results), (seed, metric.name)


def test_stored_runs_are_those_that_count(tmp_path: Path) -> None:
    runs = [run(candidate("0.0", "4"), problem=str(number), strategy="a") for number in range(4)]
    unjudged = runs[3].model_copy(update={"correct": None})
    path = write(tmp_path / "results", [*runs[:3], unjudged])
    again = runs[1].model_copy(update={"prompt": "again"})
    with (path / "runs.jsonl").open("a") as file:
        file.write(again.model_dump_json() + "\n" + "{half a line")
    stored = stored_runs(path)
    key = {line.problem_id: line for line in read_runs(path)}
    assert {line.problem_id: line for line in stored} == key
    assert [line.problem_id for line in stored.judged["a"]] == ["0", "2", "1"]
    assert (len(stored), stored[0], list(stored[1:])) == (4, runs[0], list(stored)[1:])


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    long = candidate("0.0", "4", text="so it is. " * 20_000)
    runs = [run(long, problem=str(number), strategy="a", right=["0.0"]) for number in range(60)]
    path = write(tmp_path / "results", runs)
    del runs
    size = (path / "runs.jsonl").stat().st_size
    tracemalloc.start()
    measured = find_metric("accuracy-per-cost").compute(Results({"results": stored_runs(path)}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert measured.figures
    assert peak < size / 8
