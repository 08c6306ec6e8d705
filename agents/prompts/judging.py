"""What judges are asked."""

from refinegraph.agents.prompts.prompt import Prompt

JUDGE = Prompt(
    system="You are a careful judge of solutions. You do not solve the problem again.",
    user="""\
# Problem
$problem

# Solution
$solution

First say in one sentence what the answer of a right solution has to be like, then judge this one. \
Reply with one JSON object and nothing else:
{"reason": "one sentence", "score": 0 to 10, 10 being certainly right}""",
)

STEP_JUDGE = Prompt(
    system="You are a careful judge of solutions. You do not solve the problem again.",
    user="""\
# Problem
$problem

# Solution, in $count steps
$solution

Judge each step given the steps before it. Reply with one JSON object and nothing else:
{"reason": "the first wrong step and why, in one sentence", "steps": [$count numbers, each 0 to \
10, 10 being certainly right]}""",
)

CHECKLIST = Prompt(
    system="You write checklists that tell right solutions from wrong ones.",
    user="""\
# Problem
$problem

Write at most $count questions that can be answered with YES or NO by reading a solution, and that \
a right solution answers with YES. One a line, nothing else.""",
)

CHECK = Prompt(
    system="You answer questions about a solution. You do not solve the problem again.",
    user="""\
# Problem
$problem

# Solution
$solution

# Questions
$questions

Answer each question on a line of its own with its number and YES or NO, and nothing else.""",
)

PAIR = Prompt(
    system="You compare two solutions of one problem. You do not solve it again.",
    user="""\
# Problem
$problem

# Solution A
$first

# Solution B
$second

Which is more likely to be right? Reply with one line: A, B or TIE.""",
)

P_TRUE = Prompt(
    user="""\
Problem: $problem

Here are some answers that were thought of:
$samples

Proposed answer: $answer
Is the proposed answer:
(A) True
(B) False
The proposed answer is: (""",
)
