"""Prompts on which the built-in model was trained; they contain few words.

The prompt of each role begins with that of the previous role, so a server can reuse its prompt
cache. The Solver does not see the visible tests; failures among them are evidence for the other
two roles. If the statement reveals the function's header, the prompt ends with it.
"""

from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.prompt import Prompt, PromptSet

_SOLVE = "$problem\nProgram:"
_REVIEW = f"{_SOLVE}\n$solution\nResult:\n$evidence\nReview:"

EMBEDDED = PromptSet(
    name="embedded",
    version=2,
    solver=Prompt(user=f"{_SOLVE}\n$header"),
    solver_reasoning=COMPACT.solver_reasoning,
    reviewer=Prompt(user=_REVIEW),
    reviewer_reasoning=COMPACT.reviewer_reasoning,
    refiner=Prompt(user=f"{_REVIEW}\n$review\nProgram:\n$header"),
    refiner_reasoning=COMPACT.refiner_reasoning,
    test_writer=None,
)
