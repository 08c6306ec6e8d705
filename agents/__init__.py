"""The agents: Solver, Reviewer, Refiner, TestWriter and judges, their prompts and models."""

from typing import TYPE_CHECKING

assert __name__ == "refinegraph.agents", "import refinegraph.agents, not agents"

if TYPE_CHECKING:
    from refinegraph.agents.judge import Judge
    from refinegraph.agents.refiner import Refiner
    from refinegraph.agents.reviewer import Reviewer
    from refinegraph.agents.solver import Solver
    from refinegraph.agents.test_writer import TestWriter

_MODULES = {
    "Judge": "judge",
    "Refiner": "refiner",
    "Reviewer": "reviewer",
    "Solver": "solver",
    "TestWriter": "test_writer",
}

__all__ = ["Judge", "Refiner", "Reviewer", "Solver", "TestWriter"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
