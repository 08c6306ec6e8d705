"""Operators: they turn a task into candidates, reviews, notes or tests."""

from refinegraph.agents.operators.algebra import (
    Operator,
    OperatorFunction,
    OperatorLike,
    Rule,
    as_operator,
)
from refinegraph.agents.operators.injection import damage
from refinegraph.agents.operators.outcomes import as_outcome
from refinegraph.agents.operators.questions import vary_problem
from refinegraph.agents.operators.rules import approved, refuted
from refinegraph.agents.operators.task import Draft, Outcome, Task

__all__ = [
    "Draft",
    "Operator",
    "OperatorFunction",
    "OperatorLike",
    "Outcome",
    "Rule",
    "Task",
    "approved",
    "as_operator",
    "as_outcome",
    "damage",
    "refuted",
    "vary_problem",
]
