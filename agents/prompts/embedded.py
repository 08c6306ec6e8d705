"""The prompts that the model inside the package was trained on: hardly any words.

Each role's prompt begins with the one before it, so that a server reuses what it has read. The
given tests are not shown to the Solver: what fails among them is evidence for the other two. A
header that the statement gives away is written for it.
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
