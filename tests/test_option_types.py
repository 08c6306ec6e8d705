"""What type checkers and editors see of `solve`: this file is checked by mypy and pyright.

An ignore that is not needed is an error here, so every one stands for an error that both find.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

import inspect
from collections.abc import Callable
from typing import assert_type

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.options import RunOptions, SolveOptions
from refinegraph.options.arguments import signature_of


def calls_that_type_checkers_judge() -> None:
    assert_type(rg.solve("x", samples=3, stop="rounds(3)"), rg.RefinementResult)
    rg.solve(problem="x", model=ScriptedChatModel([]), scorer=["judge"], kind="math")
    rg.solve("x", samples="3")  # type: ignore[arg-type]
    rg.solve("x", sampels=3)  # type: ignore[call-arg]
    rg.solve("x", kind="poem")  # type: ignore[arg-type]
    rg.solve()  # type: ignore[call-arg]
    rg.solve("x", "assert f()")  # type: ignore[call-arg]
    assert_type(RunOptions().samples, int | None)
    assert_type(RunOptions().strategy, str)


async def awaits_that_type_checkers_judge() -> None:
    assert_type(await rg.asolve("x", rounds=0), rg.RefinementResult)
    await rg.asolve("x", rounds="0")  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [rg.solve, rg.asolve])
def test_the_signature_has_every_option_with_its_default(function: Callable[..., object]) -> None:
    parameters = inspect.signature(function).parameters
    assert list(parameters) == list(signature_of(SolveOptions).parameters)
    assert next(iter(parameters)) == "problem"
    assert parameters["problem"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["strategy"].default == "adaptive"
    assert parameters["samples"].annotation == int | None
    assert parameters["model"].annotation == "str | BaseChatModel | None"


@pytest.mark.parametrize("function", [rg.solve, rg.asolve])
def test_the_documentation_describes_every_option(function: Callable[..., object]) -> None:
    described = (inspect.getdoc(function) or "").partition("Args:")[2]
    for name in SolveOptions.declared:
        assert f"    {name}: " in described


def test_only_the_twin_is_async() -> None:
    assert inspect.iscoroutinefunction(rg.asolve)
    assert not inspect.iscoroutinefunction(rg.solve)


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"solve\(\) got an unexpected keyword argument 'sampels'"):
        rg.solve("x", sampels=3)  # type: ignore[call-arg]
