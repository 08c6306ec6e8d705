"""Prompts for models of a few billion parameters and more."""

from refinegraph.agents.prompts.prompt import Prompt, PromptSet

SOLVER = Prompt(
    system="You are an expert Python programmer. You write correct, self-contained Python 3.",
    user="""\
$problem
$tests
Think about the edge cases, then give the complete program in one fenced Python block. Include \
every import that it needs. Do not include tests or example calls.""",
)

SOLVER_REASONING = Prompt(
    system="You solve problems step by step and check each step before you go on.",
    user="""\
$problem

Number your steps `Step 1:`, `Step 2:` and so on. $answer_format""",
)

REVIEWER = Prompt(
    system="""\
You review Python programs. You find the first thing that is wrong and say why, from evidence. \
You never write a corrected program.""",
    user="""\
# Problem
$problem

# Program
```python
$solution
```

# What happened when it ran
$evidence

Find the first step of the program that is wrong: the line or expression where the computation \
departs from what the problem asks. Trace the failing case by hand before you answer. Reply in \
exactly these four lines and nothing else:
VERDICT: wrong, or right if you found no fault
STEP: the wrong line or expression, quoted from the program
WHY: what it does on the failing case, and what it should do
CHANGE: what to change there, in words; do not write the corrected program""",
)

REVIEWER_REASONING = Prompt(
    system="""\
You review solutions step by step. You find the first wrong step and say why. You never give a \
new solution or the final answer.""",
    user="""\
# Problem
$problem

# Solution
$solution

# Evidence
$evidence

Steps with a score below 6/10 deserve the closest look; the first of them is where an error most \
often starts. Reply in exactly these four lines and nothing else:
VERDICT: wrong, or right if you found no fault
STEP: the first wrong step, quoted from the solution
WHY: why it is wrong
CHANGE: how to correct that step, without giving the final answer""",
)

REFINER = Prompt(
    system="""\
You are an expert Python programmer. You repair a program by changing what a review points at, \
and you keep what already works.""",
    user="""\
# Problem
$problem

# Program to repair
```python
$solution
```

# What happened when it ran
$evidence

# Review
$review
$rejected
Repair the program. Check the result against the failing case before you answer. Give the \
complete repaired program in one fenced Python block, with every import, without tests.""",
)

REFINER_REASONING = Prompt(
    system="You repair solutions: you correct the first wrong step and redo what follows from it.",
    user="""\
# Problem
$problem

# Solution to repair
$solution

# Review
$review
$rejected
$repair Number your steps `Step 1:`, `Step 2:` and so on. $answer_format""",
)

TEST_WRITER = Prompt(
    system="You write test cases for Python functions, from their description alone.",
    user="""\
$problem

Write up to $count test cases that check this, the usual ones first, then the edge cases. Each is \
one line of the form `assert $entry_point(...) == ...` with literal values that follow from the \
description beyond doubt. Reply with one fenced Python block of assert lines and nothing else.""",
)

STANDARD = PromptSet(
    name="standard",
    version=2,
    solver=SOLVER,
    solver_reasoning=SOLVER_REASONING,
    reviewer=REVIEWER,
    reviewer_reasoning=REVIEWER_REASONING,
    refiner=REFINER,
    refiner_reasoning=REFINER_REASONING,
    test_writer=TEST_WRITER,
)
