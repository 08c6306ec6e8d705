"""Every example runs and prints its documented output."""

import asyncio
import json
import re
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
    Case("recipes", "cascade: 0.0 is 18; 0.1 is 17. Answer: 17\n"),
    Case("resume", "waiting for: refine\nsolved: True"),
    Case("streaming", "decided: stop"),
]


RUN_ELSEWHERE = {"learn_with_trl"}
"""Run by tests/embedded/test_learning.py, which has the required packages."""

RECIPES = [
    Case("debate", "1.1 from 0.1 0.0 0.2 is 17"),
    Case("self-contrast", "0.0 is 18; 0.1 is 17; 1.0 from 0.0 0.1 is 17."),
    Case("parallel-distill-refine", "1.1 from 0.0 0.1 0.2 is 18; 2.0 from 1.0 1.1 is 17."),
    Case("step beam", "0.3 is 3 * 4 = 14; 1.0 from 0.0 is 12 + 5 = 17; 1.1 from 0.0"),
    Case("mcts self-refine", "1.0 from 0.0 is 18; 2.0 from 1.0 is 17; 3.0 from 2.0"),
    Case("leco", "0.0 is 18; 1.0 from 0.0 is 17."),
    Case("genselect", "0.0 is 18; 0.1 is 17; 0.2 is 18. Answer: 17"),
    Case("cascade", "0.0 is 18; 0.1 is 17. Answer: 17"),
    Case("meta-reasoner", "1.0 from 0.0 is 12 + 5 = 18; 2.0 from 1.0 is 12 + 5 = 17;"),
    Case("sets", "1.0 from 0.0 is 17; 1.2 from 0.2 is 18; 2.1 from 1.2 is 17. Answer: 17"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_example_prints_what_it_promises(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{case.name}.py"), run_name="__main__")
    assert case.says in capsys.readouterr().out


def test_every_recipe_goes_the_way_of_its_paper(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "recipes.py"), run_name="__main__")
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == [recipe.name for recipe in RECIPES]
    for recipe in RECIPES:
        assert recipe.says in lines[recipe.name]


def test_a_recipe_keeps_the_trusted_prefix_and_writes_only_the_rest() -> None:
    space = runpy.run_path(str(EXAMPLES / "recipes.py"))
    bad = "3 * 4 = 12\n12 + 5 = 18\n\\boxed{18}"
    model = space["says"](bad, "12 + 5 = 17\n\\boxed{17}")
    graph = space["leco"](model, space["Arithmetic"]())
    result = asyncio.run(graph.ainvoke({"problem": space["PENS"]}))["result"]
    assert model.calls[1].sampling.prefix == "3 * 4 = 12\n"
    assert result.candidates[1].text == "3 * 4 = 12\n12 + 5 = 17\n\\boxed{17}"


def test_every_example_is_run() -> None:
    run_here = {case.name for case in CASES}
    assert {path.stem for path in EXAMPLES.glob("*.py")} == run_here | RUN_ELSEWHERE


def test_the_index_names_every_example() -> None:
    named = re.findall(r"^\| \[([\w.]+)\]", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    programs = [path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")]
    assert sorted(named) == sorted(programs)


def test_the_notebook_runs_and_its_result_shows_itself() -> None:
    notebook = json.loads((EXAMPLES / "results_in_a_notebook.ipynb").read_text())
    space: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
    shown = re.sub(r"<[^>]+>", "", space["result"]._repr_html_())
    assert "return -x" in shown
    assert "Passes the one visible test" in shown


def test_an_example_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "models_per_role.py")],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert (done.returncode, done.stderr) == (0, "")
