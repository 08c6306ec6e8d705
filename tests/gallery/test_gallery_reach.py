"""Systems can be run from Python with the parts that they need, and each has a page."""

from pathlib import Path

import pytest
from gallery_runs import Doors, says

import refinegraph as rg
from docs.systems import published, system_index, system_page
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.strategies import find_strategy, gallery_names
from refinegraph.schema import Gold, LabelledProblem, Problem

QUESTION = Problem(prompt="What is 2 + 2?", kind="math")


def test_a_memory_in_a_file_outlives_a_run(tmp_path: Path) -> None:
    review = "VERDICT: wrong\nCHANGE: carry the one"
    rule = "Carry when you add 2 + 2."
    model = ScriptedChatModel([*says(3), review, rule, *says(4, 4), "VERDICT: right"])
    notes = tmp_path / "notes.db"
    rg.solve(QUESTION, model=model, strategy="correction-memory", memory=notes)
    rg.solve(QUESTION, model=model, strategy="correction-memory", memory=str(notes))
    assert f"- {rule}" in model.calls[4].prompt


def test_an_environment_is_given_in_python() -> None:
    model = ScriptedChatModel(["Action: right"])
    result = rg.solve(QUESTION, model=model, strategy="react", environment=Doors)
    assert result.answer == "4"


def test_examples_are_given_in_python() -> None:
    example = LabelledProblem(Problem(prompt="What is 1 + 1?", kind="math"), Gold(answer="2"))
    model = ScriptedChatModel(says(2, 4))
    result = rg.solve(QUESTION, model=model, strategy="metareflection", examples=[example])
    assert result.answer == "4"
    with pytest.raises(InputError, match="examples=3 is neither a list nor a tuple"):
        rg.solve(QUESTION, model=model, examples=3)  # type: ignore[arg-type]


def test_every_published_system_is_in_the_index() -> None:
    names = {system.name for system in published()}
    index = system_index()
    assert names > set(gallery_names())
    assert "magicore" in names and "single" not in names
    assert all(f"[`{name}`](gallery/{name}.md)" in index for name in names)


def test_a_page_holds_the_card_the_graph_and_the_code() -> None:
    page = system_page(find_strategy("lyra"))
    assert "[arXiv 2309.15806](https://arxiv.org/abs/2309.15806)" in page
    assert "Needs a checker, such as lean_checker()" in page
    assert "correct_tools" in page.partition("<svg")[2].partition("</svg>")[0]
    assert "def other_tools(task: Task)" in page
