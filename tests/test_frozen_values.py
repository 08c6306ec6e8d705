"""Values shared by runs and threads are immutable."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from refinegraph import graphs, tools

APART = ("guest", "guard", "conformance", "__main__")
"""Parts of module names that run inside a sandbox or as a command."""
GROWING = {"History", "Node", "ScopeNames", "_Walk"}
"""Values that are built step by step by the function that creates them."""


def dataclasses_of(package: Any) -> Iterator[type]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not any(part in found.name for part in APART):
            module = importlib.import_module(found.name)
            for value in vars(module).values():
                mine = inspect.isclass(value) and value.__module__ == module.__name__
                if mine and "__dataclass_params__" in vars(value):
                    yield value


CLASSES: list[Any] = [*dataclasses_of(graphs), *dataclasses_of(tools)]


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_a_value_is_frozen_unless_it_is_known_to_grow(made: Any) -> None:
    assert made.__dataclass_params__.frozen == (made.__name__ not in GROWING)


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_frozen_values_are_compared_by_their_fields(made: Any) -> None:
    assert made.__dataclass_params__.eq == (made.__name__ != "Node"), "nodes are equal by identity"
    assert all(field.compare for field in dataclasses.fields(made))


def test_the_list_of_frozen_classes_is_complete() -> None:
    assert len(CLASSES) > 30
    assert {made.__name__ for made in CLASSES} >= GROWING


def test_no_repr_of_a_plan_shows_its_database() -> None:
    shown = {made.__name__: made for made in CLASSES}["Plan"]
    hidden = [field.name for field in dataclasses.fields(shown) if not field.repr]
    assert hidden == ["checkpointer"]
