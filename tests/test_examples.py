"""Every example runs and prints what it says."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


class Case(NamedTuple):
    name: str
    says: str


CASES = [
    Case("batch_over_a_dataset", "of 12 right"),
    Case("compose_a_graph", "solved: True"),
    Case("inside_an_application", "Here you are, proved by its tests"),
    Case("maths_with_step_scores", "The first step that scores under 6 is step 2 of 2.\n17"),
    Case("models_per_role", "a small model wrote, a bigger model reviewed: True"),
    Case("own_agent_with_a_tool", "solved: True"),
    Case("own_scorer", "return sum(xs)"),
    Case("own_stop_rule", "1 round; stopped by nothing_gained"),
    Case("resume", "waiting for: refine\nsolved: True"),
    Case("streaming", "decided: stop"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_example_prints_what_it_promises(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{case.name}.py"), run_name="__main__")
    assert case.says in capsys.readouterr().out


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {case.name for case in CASES}


def test_the_notebook_runs_and_its_result_shows_itself() -> None:
    notebook = json.loads((EXAMPLES / "results_in_a_notebook.ipynb").read_text())
    space: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
    shown = space["result"]._repr_html_()
    assert "return -x" in shown
    assert "passes its visible tests" in shown


def test_an_example_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "models_per_role.py")],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert (done.returncode, done.stderr) == (0, "")
