"""Short prompts for small local models, which lose track of long instructions."""

from refinegraph.agents.prompts.prompt import Prompt, PromptSet

SOLVER = Prompt(
    user="""\
Task:
$problem
$tests
Program:
""",
)

SOLVER_REASONING = Prompt(
    user="""\
Problem:
$problem

Solve it in short numbered steps. $answer_format""",
)

REVIEWER = Prompt(
    user="""\
Task:
$problem
Program:
$solution
Result:
$evidence
Name the wrong line, why it is wrong, and the change.
VERDICT: wrong or right
STEP:
WHY:
CHANGE:""",
)

REVIEWER_REASONING = Prompt(
    user="""\
Problem:
$problem
Solution:
$solution
$evidence
Name the first wrong step, why it is wrong, and the change. Do not solve it again.
VERDICT: wrong or right
STEP:
WHY:
CHANGE:""",
)

REFINER = Prompt(
    user="""\
Task:
$problem
Program:
$solution
Result:
$evidence
Review:
$review
$rejected
Program:
""",
)

REFINER_REASONING = Prompt(
    user="""\
Problem:
$problem
Solution:
$solution
Review:
$review
$rejected
$repair Use short numbered steps. $answer_format""",
)

TEST_WRITER = Prompt(
    user="""\
Task:
$problem
Write $count lines of the form assert $entry_point(...) == ...
""",
)

COMPACT = PromptSet(
    name="compact",
    version=2,
    solver=SOLVER,
    solver_reasoning=SOLVER_REASONING,
    reviewer=REVIEWER,
    reviewer_reasoning=REVIEWER_REASONING,
    refiner=REFINER,
    refiner_reasoning=REFINER_REASONING,
    test_writer=TEST_WRITER,
)
