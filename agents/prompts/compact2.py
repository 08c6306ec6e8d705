"""Prompts for the package's next model, for every role and with few words.

Every prompt begins with the problem, and prompts that contain a program begin like the Solver's,
so a server can reuse its prompt cache. Answers have the formats that the agents parse for every
model.
"""

from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.prompt import Prompt, PromptSet

_PROGRAM = "$problem\nProgram:\n"
_EVIDENCE = f"{_PROGRAM}$solution\nResult:\n$evidence\nReview:"

# The model writes only programs. `solver_reasoning` is therefore the prompt for programs, to which
# it answers that the problem is outside of what it knows.
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
    shortest_edited=3,
    branches=True,
    evidence=("verdict", "slice"),
    abstention="# outside what I know",
    knows="short functions over numbers, lists, strings and dictionaries",
)
"""Answers begin with a line break, except for JSON and the one-word answer to `p_true`."""
