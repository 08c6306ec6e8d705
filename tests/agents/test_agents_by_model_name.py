"""Agents take a model by its name, and refuse what is no model in one sentence."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from refinegraph.agents import Judge, Refiner, Reviewer, Solver, TestWriter, prompted
from refinegraph.agents.models import ScriptedChatModel, model_name
from refinegraph.errors import InputError, SettingError
from refinegraph.graphs.stopping import budget, rounds, same_failure, stalled

NAME = "ollama_chat/qwen3:8b"
AGENTS: list[Callable[[Any], Any]] = [
    Solver,
    Reviewer,
    Refiner,
    TestWriter,
    Judge,
    lambda model: prompted(model, "$problem"),
]


@pytest.mark.parametrize("make", AGENTS)
def test_a_name_becomes_the_model_that_it_stands_for(make: Callable[[Any], Any]) -> None:
    agent = make(NAME)
    assert isinstance(agent.model, BaseChatModel)
    assert model_name(agent.model) == NAME


@pytest.mark.parametrize("make", AGENTS)
def test_a_chat_model_is_taken_as_it_is(make: Callable[[Any], Any]) -> None:
    model = ScriptedChatModel([])
    assert make(model).model is model


@pytest.mark.parametrize("make", AGENTS)
@pytest.mark.parametrize("wrong", [3, None, "nothing"])
def test_what_is_no_model_is_refused(make: Callable[[Any], Any], wrong: object) -> None:
    with pytest.raises(SettingError) as refused:
        make(wrong)
    assert repr(wrong) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Solver(ScriptedChatModel([]), samples=0), "Solver: samples=0 is not a whole"),
        (lambda: rounds(-1), "rounds: limit=-1 is not a whole number of at least 0."),
        (lambda: rounds("3"), "rounds: limit='3' is not a whole number."),  # type: ignore[arg-type]
        (lambda: stalled(0), "stalled: patience=0 is not a whole number of at least 1."),
        (lambda: same_failure(1), "same_failure: times=1 is not a whole number of at least 2."),
        (lambda: budget(tokens=0), "budget: tokens=0 is not a whole number of at least 1."),
        (lambda: budget(usd=-1.0), "budget: usd=-1.0 is not above 0."),
    ],
)
def test_arguments_are_checked_as_on_the_command_line(
    make: Callable[[], object], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        make()
    assert said in str(refused.value)
