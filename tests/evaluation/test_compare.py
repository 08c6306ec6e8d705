"""`refinegraph compare`: which evaluations can be compared, and the comparison."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from refinegraph.cli import main

Evaluation = Callable[..., str]


def test_the_first_strategy_asked_for_is_the_baseline(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = evaluation(tmp_path / "out", ["good", "bad"])
    assert main(["compare", folder]) == 0
    assert "out/bad against out/good: -100.0 points" in capsys.readouterr().out


def test_a_few_problems_are_called_too_few(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = evaluation(tmp_path / "out", ["good", "bad"])
    assert main(["compare", folder]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "(n = 2), too few to tell: the outcomes differ on 2 problems, and a test needs 6" in said
    assert "p =" not in said


def test_a_difference_on_enough_problems_is_called_significant(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = evaluation(tmp_path / "out", ["good", "bad"], problems=list("abcdefgh"))
    assert main(["compare", folder]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "n = 8, 95 % interval -100.0 to -100.0, p = 0.0078), a significant difference" in said


@pytest.mark.parametrize("name", ["bad", "out/bad"])
def test_another_baseline_may_be_named(
    name: str, evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = evaluation(tmp_path / "out", ["good", "bad"])
    assert main(["compare", folder, "--baseline", name]) == 0
    assert "out/good against out/bad: +100.0 points" in capsys.readouterr().out


def test_a_baseline_that_is_none_is_refused(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [evaluation(tmp_path / name, ["good", "bad"]) for name in ("one", "two")]
    assert main(["compare", *folders, "--baseline", "worse"]) == 2
    assert "names no strategy of these folders; there are: one/good" in capsys.readouterr().err
    assert main(["compare", *folders, "--baseline", "bad"]) == 2
    assert "names more than one strategy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problems", "prompt", "says"),
    [
        (("a", "b"), "Write g(x).", "problem 'a' differs"),
        (("c",), "Write f(x).", "they share no problem"),
    ],
)
def test_different_data_sets_are_refused(
    problems: Sequence[str],
    prompt: str,
    says: str,
    evaluation: Evaluation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = evaluation(tmp_path / "one", ["good"])
    two = evaluation(tmp_path / "two", ["bad"], problems=problems, prompt=prompt, dataset="d2")
    assert main(["compare", one, two]) == 2
    assert f"evaluate different datasets: {says}" in capsys.readouterr().err


def test_a_larger_dataset_with_the_same_problems_is_reported(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = evaluation(tmp_path / "one", ["good"])
    two = evaluation(tmp_path / "two", ["bad"], problems=("a", "b", "c"), dataset="d2")
    assert main(["compare", one, two]) == 0
    assert "differences cover the 2 problems in both" in capsys.readouterr().err


def test_folders_of_one_name_are_not_mixed(
    evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [evaluation(tmp_path / name / "out", ["good"]) for name in ("one", "two")]
    assert main(["compare", *folders]) == 0
    out = capsys.readouterr().out
    assert "one/out/good" in out
    assert "two/out/good" in out


@pytest.mark.parametrize("columns", ["20", "40", "80"])
def test_no_figure_is_lost_on_a_narrow_terminal(
    columns: str,
    evaluation: Evaluation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    folder = evaluation(tmp_path / "out", ["good", "bad"])
    assert main(["compare", folder]) == 0
    out = capsys.readouterr().out
    for figure in ("out/good", "100.0%", "34.2 to 100.0", "0.0 to 65.8"):
        assert figure in out
