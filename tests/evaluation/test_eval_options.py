"""A folder of results is continued only with the options with which it was begun."""

import json
from pathlib import Path

import pytest

from refinegraph.cli import main
from refinegraph.errors import InputError
from refinegraph.evaluation.results_dir import EvaluationFolder, read_settings
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.options import RunOptions


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "problems.jsonl"
    file.write_text('{"id": "a", "prompt": "Write add(a, b).", "tests": "assert add(1, 2) == 3"}\n')
    return file


def settings(dataset: Path, options: RunOptions) -> EvaluationSettings:
    return EvaluationSettings.of(dataset, strategies=["single"], models=["m"], options=options)


@pytest.mark.parametrize(
    "changed",
    [
        RunOptions(trace=True),
        RunOptions(min_gain_per_1k_tokens=0.5),
        RunOptions(timeout=9),
        RunOptions(prices=(1, 2)),
        RunOptions(fallback=("openai/x",)),
        RunOptions(calibration="map.json"),
        RunOptions(stop="rounds(1)"),
        RunOptions(scorer="judge"),
    ],
    ids=lambda options: next(iter(options.data().keys() - RunOptions().data().keys()), "trace"),
)
def test_results_under_other_options_are_never_mixed(
    changed: RunOptions, dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    EvaluationFolder(out, settings(dataset, RunOptions()), resume=False).close()
    with pytest.raises(InputError, match=r"was begun with other options \(\w+ was .* and is "):
        EvaluationFolder(out, settings(dataset, changed), resume=True)
    EvaluationFolder(out, settings(dataset, RunOptions()), resume=True).close()


def test_a_server_may_move_and_limits_of_speed_and_budget_may_change(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    EvaluationFolder(out, settings(dataset, RunOptions()), resume=False).close()
    moved = RunOptions(
        api_base="http://127.0.0.1:1/v1", hedge=3, requests_per_minute=9, budget_tokens=90_000
    )
    EvaluationFolder(out, settings(dataset, moved), resume=True).close()
    begun = read_settings(out)
    assert begun.options == RunOptions(), "the folder keeps the options that it was begun with"


def test_a_file_that_changed_meanwhile_is_noticed(dataset: Path, tmp_path: Path) -> None:
    out, belief = tmp_path / "out", tmp_path / "map.json"
    belief.write_text("1")
    EvaluationFolder(out, settings(dataset, RunOptions(calibration=belief)), resume=False).close()
    belief.write_text("2")
    with pytest.raises(InputError, match="another content of a file"):
        EvaluationFolder(out, settings(dataset, RunOptions(calibration=belief)), resume=True)


def test_a_folder_of_version_0_1_0_can_be_read_and_is_not_mixed_with(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    now = settings(dataset, RunOptions(samples=3, seed=7))
    out.mkdir()
    old = {
        **{"dataset": now.dataset, "dataset_digest": now.dataset_digest},
        **{"strategies": ["single"], "models": ["m"], "samples": 3, "rounds": None},
        **{"temperature": None, "max_tokens": None, "seed": 7},
    }
    (out / "settings.json").write_text(json.dumps(old))
    assert read_settings(out).options.samples == 3
    with pytest.raises(InputError, match=r"was begun with (refinegraph|other source files)"):
        EvaluationFolder(out, now, resume=True)


def test_the_command_refuses_too(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    EvaluationFolder(
        out,
        EvaluationSettings.of(
            dataset,
            strategies=["single"],
            models=["embedded", "", "", ""],
            options=RunOptions(trace=True),
        ),
        resume=False,
    ).close()
    asked = ["eval", "--dataset", str(dataset), "--strategy", "single", "--out", str(out)]
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    assert main([*asked, "--model", "embedded", "--resume"]) == 2
    assert "trace was True and is False" in capsys.readouterr().err
