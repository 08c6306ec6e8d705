"""`refinegraph metrics`: the table, the reasons, the definitions, and bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from refinegraph.cli import main
from refinegraph.metrics import all_metrics


@pytest.fixture
def folder(evaluation: Callable[..., str], tmp_path: Path) -> str:
    return evaluation(tmp_path / "out", ["good", "bad"])


def test_the_table_shows_available_metrics_and_why_others_are_missing(
    folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["metrics", folder]) == 0
    said = capsys.readouterr().out
    # Two problems, both right: Wilson's interval of 2 of 2 begins at 34.2 %.
    assert "accuracy-by-kind" in said and "34.2 to 100.0" in said
    assert "wrong since good" in said
    missing = said.partition("not available")[2]
    assert "reviews: review-accuracy" in missing
    assert "needs a strategy with a Reviewer" in missing


def test_named_metrics_as_json(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", folder, "flips", "critique-score", "--json"]) == 0
    flips, critique = json.loads(capsys.readouterr().out)
    assert [(each["part"], each["value"], each["n"]) for each in flips["figures"]] == [
        ("wrong since good", 1.0, 2),
        ("right since good", 0.0, 2),
    ]
    assert (critique["figures"], critique["missing"]) == ([], "refinements")


def test_several_folders_are_distinguished(
    folder: str, evaluation: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = evaluation(tmp_path / "next", ["good"])
    assert main(["metrics", folder, other, "first-attempt", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert [each["strategy"] for each in found["figures"]] == [
        f"{folder}/good",
        f"{folder}/bad",
        f"{other}/good",
    ]


def test_a_page_holds_the_figures_and_the_definitions(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "metrics.html"
    assert main(["metrics", folder, "flips", "critique-score", "--output", str(page)]) == 0
    assert "wrong since good" in capsys.readouterr().out
    shown = page.read_text()
    assert "Metrics of out" in shown and "34.2 to 100.0" in shown
    assert 'title="CS: of the runs whose answer was wrong before refinement' in shown
    assert "a strategy that refines" in shown
    assert main(["metrics", "flips", "--output", str(page)]) == 2
    assert "--output writes figures" in capsys.readouterr().err


def test_definitions_without_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {metric.name} " in listed for metric in all_metrics())
    assert main(["metrics", "pass-at-k"]) == 0
    assert "arXiv 2412.01951" in capsys.readouterr().out
    assert main(["metrics", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert {card["name"] for card in cards} == {metric.name for metric in all_metrics()}
    assert all(card["definition"] and card["sources"] for card in cards)


def test_bad_input_is_one_sentence(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", folder, "pass-at-kk"]) == 2
    said = capsys.readouterr().err
    assert "'pass-at-kk' is neither a folder nor a metric" in said
    assert "did you mean 'pass-at-k'?" in said
    assert main(["metrics", folder, folder]) == 2
    assert "the same folder was given twice" in capsys.readouterr().err
    assert main(["metrics", str(tmp_path)]) == 2
    assert "is no folder of an evaluation" in capsys.readouterr().err
