"""The plug-ins: `llm`, the comment on a pull request, the skill, and documents for models."""

import json
import re
import sys
import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from docs.for_models import first_sentence, index, pages_of, whole
from refinegraph.graphs.strategies import STRATEGIES
from refinegraph.plugins import llm_plugin
from refinegraph.plugins.pull_request_comment import comment, main

yaml: Any = import_module("yaml")
"""It comes with mkdocs, without types."""
ROOT = Path(__file__).resolve().parents[2]
USAGE = {"llm_calls": 2, "total_tokens": 1500, "sandbox_runs": 3, "cost_usd": None}
PROVED = {"solved": True, "answer": "--- a\n+++ b\n", "stop_reason": "accepted", "usage": USAGE}


def test_every_strategy_of_the_package_is_a_model_of_llm() -> None:
    assert sorted(llm_plugin.STRATEGIES) == sorted(STRATEGIES)


def test_llm_finds_the_plug_in_by_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project["entry-points"]["llm"]["refinegraph"]
    assert named == llm_plugin.__name__
    assert {point.value for point in entry_points(group="llm")} <= {named}


def test_the_tools_of_llm_answer_with_what_was_proved() -> None:
    found: list[Any] = []
    llm_plugin.register_tools(found.append)
    verify, run_python = found
    refuted = json.loads(verify("def f(x): return x", "assert f(1) == 2"))
    assert (refuted["verdict"], refuted["tests"][0]["got"]) == ("refuted", "1")
    assert "error" in json.loads(verify("def f(x): return x", "f("))
    assert run_python("print(input())", "42") == "42"


def test_a_strategy_is_a_model_of_llm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    llm: Any = pytest.importorskip("llm", reason="llm and treequest cannot be installed together")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    model = llm.get_model("refinegraph/single")
    tests = tmp_path / "tests.py"
    tests.write_text("assert total([1, 2, 3]) == 6")
    said = model.prompt(
        "Write a function total(xs) that returns the sum of xs.",
        model="embedded",
        tests=str(tests),
    )
    assert "def total" in said.text()
    assert said.response_json["strategy"] == "single"
    assert said.usage().output > 0


@pytest.mark.parametrize(
    ("report", "verdict", "writes"),
    [
        (PROVED, "proved", True),
        ({**PROVED, "solved": False}, "refuted", False),
        ({**PROVED, "solved": None}, "unverified", False),
        ({**PROVED, "solved": None, "answer": None}, "no answer", False),
        (
            {**PROVED, "solved": None, "answer": None, "stop_reason": "nothing_fails"},
            "nothing_fails",
            False,
        ),
    ],
)
def test_only_a_proved_patch_is_commented(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    report: dict[str, Any],
    verdict: str,
    writes: bool,
) -> None:
    read = tmp_path / "report.json"
    read.write_text(json.dumps(report))
    said, patch = tmp_path / "comment.md", tmp_path / "proved.patch"
    with read.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(["--comment", str(said), "--patch", str(patch)]) == 0
    printed = capsys.readouterr().out
    assert printed == f"verdict={verdict}\npatch={patch if writes else ''}\n"
    assert said.exists() == patch.exists() == writes


def test_a_patch_cannot_end_its_fence() -> None:
    said = comment({**PROVED, "answer": "+```\n+<script>\n"})
    assert said.count("````") == 2
    assert "price unknown" in said


def test_a_patch_that_is_too_long_is_not_shown() -> None:
    assert len(comment({**PROVED, "answer": "+x\n" * 50_000})) < 65_536


def test_the_action_never_pushes_and_puts_no_input_into_a_command() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    commands = [step["run"] for step in action["runs"]["steps"]]
    assert len(commands) == 3
    for command in commands:
        assert "${{" not in command
        assert not re.search(r"git (push|commit|apply)|gh pr merge", command)


def test_the_skill_has_the_form_of_the_standard() -> None:
    path = ROOT / "skills" / "prove-code" / "SKILL.md"
    _, head, body = path.read_text().split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["name"] == path.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert len(fields["name"]) <= 64
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert set(fields) <= {"name", "description", "license", "compatibility", "metadata"}
    assert len(body.splitlines()) < 500


def test_models_find_every_page_with_its_first_sentence() -> None:
    menu = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=yaml.BaseLoader)["nav"]
    said = index(ROOT / "docs", menu)
    listed = re.findall(r"^- \[(.*?)\]\((.*?)\)(?:: (.+))?$", said, re.MULTILINE)
    assert sorted(title for title, _, _ in listed) == sorted(p.title for p in pages_of(menu))
    assert not any("```" in sentence or "$ " in sentence for _, _, sentence in listed)
    assert sum(bool(sentence) for _, _, sentence in listed) >= len(listed) - 6
    full = whole(ROOT / "docs", menu)
    assert "<!--" not in full
    for page in pages_of(menu):
        title = (ROOT / "docs" / page.path).read_text().splitlines()[0]
        assert title in full


def test_the_first_sentence_ends_at_its_full_stop() -> None:
    assert first_sentence("# A\n\n- no\n\nIt is 3.5 times.\nMore.") == "It is 3.5 times."
