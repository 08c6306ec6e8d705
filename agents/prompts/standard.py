"""Prompts for models with a few billion parameters or more.

All roles share a prefix: the same system text, the statement with its tests, then the program
with the result of running it; the role's own task comes last. A server with a prompt cache, hosted
or local, therefore reads the statement once per run and a program once per round.
"""

from refinegraph.agents.prompts.prompt import Prompt, PromptSet

_PROGRAMMER = "You are an expert Python programmer. You write correct, self-contained Python 3."
_THINKER = "You solve problems step by step and check each step before you go on."
_STATEMENT = """\
# Problem
$problem
$tests
"""
_PROGRAM = f"""\
{_STATEMENT}# Program
```python
$solution
```

# What happened when it ran
$evidence

"""
_SOLUTION = """\
# Problem
$problem

# Solution
$solution

"""
_FOUR_LINES = """\
VERDICT: wrong, or right if you found no fault
STEP: the wrong line or expression, quoted from the program
WHY: what it does on the failing case, and what it should do
CHANGE: what to change there, in words"""
_EDIT_FORM = """\
Give one block for every change, and nothing else:
<<<<<<< SEARCH
the lines to change, copied from the program letter by letter
=======
the lines that take their place
>>>>>>> REPLACE
Quote as few lines as make the place unique."""

SOLVER = Prompt(
    system=_PROGRAMMER,
    user=f"""\
{_STATEMENT}# Task
Think about the edge cases, then give the complete program in one fenced Python block. Include \
every import that it needs. Do not include tests or example calls.""",
)

SOLVER_REASONING = Prompt(
    system=_THINKER,
    user="""\
# Problem
$problem

# Task
Number your steps `Step 1:`, `Step 2:` and so on. $answer_format""",
)

REVIEWER = Prompt(
    system=_PROGRAMMER,
    user=f"""\
{_PROGRAM}# Task
Review the program. Find the first step of it that is wrong: the line or expression where the \
computation departs from what the problem asks. Trace the failing case by hand before you answer. \
Reply in exactly these four lines and nothing else:
{_FOUR_LINES}; do not write the corrected program""",
)

REVIEWER_REASONING = Prompt(
    system=_THINKER,
    user=f"""\
{_SOLUTION}# Evidence
$evidence

# Task
Review the solution: find the first wrong step and say why. Steps with a score below 6/10 deserve \
the closest look; the first of them is where an error most often starts. Reply in exactly these \
four lines and nothing else:
VERDICT: wrong, or right if you found no fault
STEP: the first wrong step, quoted from the solution
WHY: why it is wrong
CHANGE: how to correct that step, without giving a new solution or the final answer""",
)

REFINER = Prompt(
    system=_PROGRAMMER,
    user=f"""\
{_PROGRAM}# Review
$review
$rejected
# Task
Repair the program: change what the review points at, and keep what already works. Check the \
result against the failing case before you answer. Give the complete repaired program in one \
fenced Python block, with every import, without tests.""",
)

REFINER_EDIT = Prompt(
    system=_PROGRAMMER,
    user=f"""\
{_PROGRAM}# Review
$review
$rejected
# Task
Repair the program: change what the review points at, and leave the rest alone. Check the result \
against the failing case before you answer. {_EDIT_FORM}""",
)

REVIEW_AND_REPAIR = Prompt(
    system=_PROGRAMMER,
    user=f"""\
{_PROGRAM}$rejected
# Task
Find the first step of the program that is wrong, and repair it. Trace the failing case by hand \
before you answer. Begin with exactly these four lines:
{_FOUR_LINES}
Then repair the program. {_EDIT_FORM}""",
)

REFINER_REASONING = Prompt(
    system=_THINKER,
    user=f"""\
{_SOLUTION}# Review
$review
$rejected
# Task
Correct the first wrong step and redo what follows from it. $repair Number your steps `Step 1:`, \
`Step 2:` and so on. $answer_format""",
)

TEST_WRITER = Prompt(
    system=_PROGRAMMER,
    user="""\
# Problem
$problem

# Task
From the description alone, write up to $count test cases that check this, the usual ones first, \
then the edge cases. Each is one line of the form `assert $entry_point(...) == ...` with literal \
values that follow from the description beyond doubt. Reply with one fenced Python block of assert \
lines and nothing else.""",
)

STANDARD = PromptSet(
    name="standard",
    version=3,
    solver=SOLVER,
    solver_reasoning=SOLVER_REASONING,
    reviewer=REVIEWER,
    reviewer_reasoning=REVIEWER_REASONING,
    refiner=REFINER,
    refiner_reasoning=REFINER_REASONING,
    test_writer=TEST_WRITER,
    refiner_edit=REFINER_EDIT,
    review_and_repair=REVIEW_AND_REPAIR,
    evidence=("verdict", "slice", "suspects", "smallest", "contrast"),
)
