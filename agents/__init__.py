"""The agents: Solver, Reviewer, Refiner, TestWriter and judges, their prompts and their models."""

from typing import TYPE_CHECKING

assert __name__ == "refinegraph.agents", "import refinegraph.agents, not agents"

if TYPE_CHECKING:
    from refinegraph.agents.checklist_judge import ChecklistJudge
    from refinegraph.agents.judge import AnswerFirstJudge, Judge, StepJudge
    from refinegraph.agents.pairwise_judge import PairwiseJudge
    from refinegraph.agents.refiner import Refiner
    from refinegraph.agents.reviewer import Reviewer
    from refinegraph.agents.solver import Solver
    from refinegraph.agents.test_writer import TestWriter
    from refinegraph.agents.truth import p_true

_MODULES = {
    "AnswerFirstJudge": "judge",
    "ChecklistJudge": "checklist_judge",
    "Judge": "judge",
    "PairwiseJudge": "pairwise_judge",
    "Refiner": "refiner",
    "Reviewer": "reviewer",
    "Solver": "solver",
    "StepJudge": "judge",
    "TestWriter": "test_writer",
    "p_true": "truth",
}

__all__ = [
    "AnswerFirstJudge",
    "ChecklistJudge",
    "Judge",
    "PairwiseJudge",
    "Refiner",
    "Reviewer",
    "Solver",
    "StepJudge",
    "TestWriter",
    "p_true",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
