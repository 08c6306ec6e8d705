"""The agents: Solver, Reviewer, Refiner, TestWriter and judges, with their prompts and models."""

from typing import TYPE_CHECKING

assert __name__ == "refinegraph.agents", "import refinegraph.agents, not agents"

if TYPE_CHECKING:
    from refinegraph.agents.branch_refiner import BranchRefiner, branchable
    from refinegraph.agents.evidence import Evidence, gather_evidence
    from refinegraph.agents.judges.checklist import ChecklistJudge
    from refinegraph.agents.judges.judge import AnswerFirstJudge, Judge, StepJudge
    from refinegraph.agents.judges.p_true import p_true
    from refinegraph.agents.judges.pairwise import PairwiseJudge
    from refinegraph.agents.judges.tool_judge import ToolJudge
    from refinegraph.agents.operators.algebra import Operator, as_operator
    from refinegraph.agents.operators.continuation import continue_from
    from refinegraph.agents.operators.programs import run_code
    from refinegraph.agents.operators.prompting import prompted
    from refinegraph.agents.operators.rules import approved
    from refinegraph.agents.operators.steps import (
        StepEnd,
        confidence_below,
        first_steps,
        line,
        marker,
        paragraph,
        rest,
        sentence,
        splice,
        tokens,
        trusted_steps,
    )
    from refinegraph.agents.operators.task import Draft, Outcome, Task
    from refinegraph.agents.refiner import Refiner
    from refinegraph.agents.review_and_repair import ReviewAndRepair
    from refinegraph.agents.reviewer import Reviewer
    from refinegraph.agents.solver import Solver
    from refinegraph.agents.test_writer import TestWriter

_MODULES = {
    "AnswerFirstJudge": "judges.judge",
    "BranchRefiner": "branch_refiner",
    "ChecklistJudge": "judges.checklist",
    "Draft": "operators.task",
    "Judge": "judges.judge",
    "Evidence": "evidence",
    "Operator": "operators.algebra",
    "Outcome": "operators.task",
    "PairwiseJudge": "judges.pairwise",
    "Refiner": "refiner",
    "ReviewAndRepair": "review_and_repair",
    "Reviewer": "reviewer",
    "Solver": "solver",
    "StepEnd": "operators.steps",
    "StepJudge": "judges.judge",
    "Task": "operators.task",
    "TestWriter": "test_writer",
    "ToolJudge": "judges.tool_judge",
    "approved": "operators.rules",
    "as_operator": "operators.algebra",
    "branchable": "branch_refiner",
    "confidence_below": "operators.steps",
    "continue_from": "operators.continuation",
    "first_steps": "operators.steps",
    "gather_evidence": "evidence",
    "line": "operators.steps",
    "marker": "operators.steps",
    "p_true": "judges.p_true",
    "paragraph": "operators.steps",
    "prompted": "operators.prompting",
    "rest": "operators.steps",
    "run_code": "operators.programs",
    "sentence": "operators.steps",
    "splice": "operators.steps",
    "tokens": "operators.steps",
    "trusted_steps": "operators.steps",
}

__all__ = [
    "AnswerFirstJudge",
    "BranchRefiner",
    "ChecklistJudge",
    "Draft",
    "Evidence",
    "Judge",
    "Operator",
    "Outcome",
    "PairwiseJudge",
    "Refiner",
    "ReviewAndRepair",
    "Reviewer",
    "Solver",
    "StepEnd",
    "StepJudge",
    "Task",
    "TestWriter",
    "ToolJudge",
    "approved",
    "as_operator",
    "branchable",
    "confidence_below",
    "continue_from",
    "first_steps",
    "gather_evidence",
    "line",
    "marker",
    "p_true",
    "paragraph",
    "prompted",
    "rest",
    "run_code",
    "sentence",
    "splice",
    "tokens",
    "trusted_steps",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
