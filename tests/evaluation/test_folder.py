"""The folder of an evaluation: which runs it accepts, and damaged files."""

import json
import shutil
import stat
from pathlib import Path

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli import main
from refinegraph.errors import InputError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.records import RunError, RunKey, RunLine
from refinegraph.evaluation.results_dir import EvaluationFolder, read_results, read_runs
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.options import RunOptions


def settings(**changes: object) -> EvaluationSettings:
    known: dict[str, object] = {
        "version": "1",
        "code": "abc",
        "dataset": "tasks.jsonl",
        "dataset_digest": "d1",
        "strategies": ("single",),
        "models": ("m", "", "", ""),
        "digest": "d1",
        "options": RunOptions(),
    }
    return EvaluationSettings.model_validate({**known, **changes})


def run_line(name: str) -> RunLine:
    model = ScriptedChatModel("def f(x): return x", cycle=True)
    result = rg.solve(rg.Problem(id=name, prompt="Write f(x)."), model=model, strategy="single")
    return RunLine(
        problem_id=name, strategy="single", prompt="", kind="code", correct=True, result=result
    )


def failed(name: str, detail: str = "it broke") -> Failed:
    return Failed((name, "single"), RunError(kind="unexpected", type="KeyError", detail=detail))


def written(folder: Path) -> dict[RunKey, str | None]:
    lines = list(read_results(folder))
    found = {line.key: line.error.detail if line.error else None for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"options": RunOptions(min_gain_per_1k_tokens=0.5)},
            "with other options (min_gain_per_1k_tokens was None and is 0.5)",
        ),
        ({"digest": "d2"}, "with another content of a file that its options name"),
        ({"strategies": ("a", "b")}, "with --strategy single, not a,b"),
        ({"models": ("n", "")}, "with the models m, not n"),
        ({"dataset_digest": "d2"}, "with other content of the dataset 'tasks.jsonl'"),
        ({"dataset_digest": "d2", "dataset": "b"}, "with the dataset 'tasks.jsonl', not 'b'"),
        ({"version": "2"}, "with refinegraph 1, and this is 2"),
        ({"code": "def"}, "with other source files of refinegraph 1"),
        ({"reference_check": False}, "with the reference check"),
    ],
)
def test_another_setting_is_refused_in_one_sentence(
    changes: dict[str, object], says: str, tmp_path: Path
) -> None:
    folder = EvaluationFolder(tmp_path / "out", settings(), resume=False)
    folder.add(run_line("a"))
    folder.close()
    with pytest.raises(InputError) as error:
        EvaluationFolder(tmp_path / "out", settings(**changes), resume=True)
    assert f"was begun {says}; use the same, or another folder." in str(error.value)


def test_a_data_set_may_be_named_in_another_way(tmp_path: Path) -> None:
    for name in ("tasks.jsonl", "./tasks.jsonl"):
        folder = EvaluationFolder(tmp_path / "out", settings(dataset=name), resume=True)
        assert folder.is_done(("a", "single")) == (name == "./tasks.jsonl")
        folder.add(run_line("a"))
        folder.close()


def test_a_run_that_failed_is_repeated_and_leaves_one_line(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = EvaluationFolder(out, settings(), resume=False)
    for outcome in (run_line("a"), failed("b"), failed("c", "still")):
        folder.add(outcome)
    folder.close()
    assert written(out) == {
        ("a", "single"): None,
        ("b", "single"): "it broke",
        ("c", "single"): "still",
    }
    folder = EvaluationFolder(out, settings(), resume=True)
    assert [folder.is_done((name, "single")) for name in "abc"] == [True, False, False]
    folder.add(run_line("b"))
    folder.add(failed("c", "again"))
    folder.close()
    assert written(out) == {("a", "single"): None, ("b", "single"): None, ("c", "single"): "again"}
    assert [run.problem_id for run in read_runs(out)] == ["a", "b"]


def test_an_evaluation_without_results_does_not_block_its_folder(tmp_path: Path) -> None:
    folder = EvaluationFolder(tmp_path / "out", settings(), resume=False)
    folder.add(failed("a"))
    folder.close()
    folder = EvaluationFolder(
        tmp_path / "out", settings(options=RunOptions(min_gain_per_1k_tokens=0.5)), resume=False
    )
    folder.add(run_line("a"))
    folder.close()
    assert written(tmp_path / "out") == {("a", "single"): None}


def test_an_id_that_cannot_be_encoded_is_found_again(tmp_path: Path) -> None:
    folder = EvaluationFolder(tmp_path / "out", settings(), resume=False)
    folder.add(run_line("half \ud800"))
    folder.close()
    folder = EvaluationFolder(tmp_path / "out", settings(), resume=True)
    assert folder.is_done(("half \ud800", "single"))
    folder.close()


def test_only_the_user_may_read_the_files(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"id": "a", "prompt": "Write f(x).", "hidden_tests": "assert f(1) == 1"}')
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    out = tmp_path / "out"
    main(["eval", "--dataset", str(file), "--out", str(out), "--strategy", "single"])
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    names = {"results.jsonl", "runs.jsonl", "settings.json", "summary.json", "report.html"}
    for name in names:
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600, name


def test_a_removed_folder_ends_the_evaluation_in_one_sentence(tmp_path: Path) -> None:
    folder = EvaluationFolder(tmp_path / "out", settings(), resume=False)
    folder.add(run_line("a"))
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(InputError, match="any more: the file was removed"):
        folder.add(run_line("b"))
    folder.close()


def test_a_line_that_a_kill_tore_is_dropped_with_its_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = EvaluationFolder(out, settings(), resume=False)
    folder.add(run_line("a"))
    folder.close()
    whole = (out / "results.jsonl").read_text()
    (out / "results.jsonl").write_text(whole + json.dumps({"problem_id": "b"})[:9])
    EvaluationFolder(out, settings(), resume=True).close()
    assert (out / "results.jsonl").read_text() == whole
