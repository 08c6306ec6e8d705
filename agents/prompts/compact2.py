"""The prompts of the package's next model, one for every role: hardly any words.

Every prompt begins with the problem, and one that reads a program begins like the Solver's, so a
server reuses what it has read. The answers have the forms that the agents read from any model.
"""

from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.prompt import Prompt, PromptSet

_PROGRAM = "$problem\nProgram:\n"
_EVIDENCE = f"{_PROGRAM}$solution\nResult:\n$evidence\nReview:"

# The model writes programs and nothing else: asked for anything else, it is asked the same and says
# that this is outside of what it knows.
COMPACT2 = PromptSet(
    name="compact2",
    version=1,
    solver=Prompt(user=f"{_PROGRAM}$header"),
    solver_reasoning=Prompt(user=_PROGRAM),
    reviewer=Prompt(user=_EVIDENCE),
    reviewer_reasoning=COMPACT.reviewer_reasoning,
    refiner=Prompt(user=f"{_EVIDENCE}\n$review\nProgram:\n$header"),
    refiner_reasoning=COMPACT.refiner_reasoning,
    refiner_edit=Prompt(user=f"{_EVIDENCE}\n$review\nEdit:"),
    test_writer=Prompt(user="$problem\nTests:"),
    judge=Prompt(user=f"{_PROGRAM}$solution\nScore:\n"),
    step_judge=Prompt(user=f"{_PROGRAM}$solution\nScores of the $count steps:\n"),
    pairwise_judge=Prompt(user="$problem\nA:\n$first\nB:\n$second\nBetter:\n"),
    p_true=Prompt(user=f"{_PROGRAM}$answer\nRight:"),
    synthesiser=Prompt(user="$problem\n$solutions\nProgram:\n$header"),
    planner=Prompt(user="$problem\nPlan:"),
    step_solver=Prompt(user="Step: $step\nLine:"),
    abstention="# outside what I know",
    knows="short functions over numbers, lists, strings and dictionaries",
)
"""Answers begin with a line break, but for JSON and the one word of `p_true`."""
