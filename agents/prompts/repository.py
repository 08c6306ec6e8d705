"""Prompts for repairing a repository; answers are search-and-replace blocks."""

from refinegraph.agents.prompts.prompt import Prompt, PromptSet
from refinegraph.agents.prompts.standard import (
    REFINER_REASONING,
    REVIEWER_REASONING,
    SOLVER_REASONING,
)

_BLOCKS = """\
Give every change as a block of this form, with the path of the file on the line above it. The \
lines between SEARCH and ======= must stand in the file exactly so, and must stand there once:

path/of/the/file.py
<<<<<<< SEARCH
lines as they are
=======
lines as they should be
>>>>>>> REPLACE

Change as little as you can. Do not change tests or their settings."""

SOLVER = Prompt(
    system="You are an expert software engineer. You repair faults with small, correct changes.",
    user=f"$problem\n\nSay in a sentence or two what is wrong.\n\n{_BLOCKS}",
)

REVIEWER = Prompt(
    system="""\
You review patches. You find the first thing that is wrong and say why, from evidence. You never \
write a corrected patch.""",
    user="""\
# Problem
$problem

# Patch
```diff
$solution
```

# What happened when the tests ran
$evidence

Find the first change of the patch that is wrong or missing. Reply in exactly these four lines \
and nothing else:
VERDICT: wrong, or right if you found no fault
STEP: the wrong line, quoted from the patch or the file
WHY: what it does in the failing test, and what it should do
CHANGE: what to change there, in words; do not write the corrected patch""",
)

REFINER = Prompt(
    system="You are an expert software engineer. You repair patches as a review says.",
    user=f"""\
# Problem
$problem

# Patch to repair
```diff
$solution
```

# What happened when the tests ran
$evidence

# Review
$review
$rejected
The files are as they are shown above, without the patch. Give the whole repaired change.

{_BLOCKS}""",
)

ISSUE_TESTS = Prompt(
    system="You write tests that show what a bug report describes, before anything is repaired.",
    user="""\
$problem

The project's tests look like this ($path):
```python
$example
```

Write one pytest file with one to four short tests that fail now because of what is described, \
and pass once it is repaired. Import what the tests need. Test only what the description says. \
Reply with the file in one ```python block and nothing else.""",
)
"""Asks for a test file from the description of a fault."""

REPOSITORY = PromptSet(
    name="repository",
    version=1,
    solver=SOLVER,
    solver_reasoning=SOLVER_REASONING,
    reviewer=REVIEWER,
    reviewer_reasoning=REVIEWER_REASONING,
    refiner=REFINER,
    refiner_reasoning=REFINER_REASONING,
    test_writer=None,
)
