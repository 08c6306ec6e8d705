"""CoSC: rounds of a program, its output, and a verification that continues or concludes."""

from refinegraph.agents import Draft, Task, as_operator, prompted, run_code
from refinegraph.agents.models import Choice
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

PROGRAM = """$problem

What was tried so far:
$solutions

Write a Python program in a fenced block that computes and prints the answer. Write nothing else."""
VERIFY = """$problem

$solution

Does the output follow from a right program, and does it answer the question? If so, conclude: \
$answer_format Otherwise begin with `CONTINUE` and say what has to change."""


@recipe(
    "CoSC (chain of self-correction)",
    paper="arXiv 2410.10735",
    ideas=["check", "repair"],
    calls="2 for every round, 2 (1 + r) at most",
    departs="Every part is a separate call; the paper trains one model to write the whole chain.",
)
def chain_of_self_correction(plan: Plan) -> SearchGraph:
    """Write a program, run it, verify its output, and repeat until the output is sound."""
    rounds = 2 if plan.rounds is None else plan.rounds
    program, verify = prompted(plan.model, PROGRAM), prompted(plan.model, VERIFY, makes="note")
    run = run_code(plan.sandbox)

    async def attempt(task: Task) -> Draft:
        """Append another program and its output to the chain."""
        before = task.parents[0].text if task.parents else ""
        wrote = (await program.apply(task)).drafts[0].choice.text
        printed = await run.output_of(wrote)
        text = f"{before}\n\n{wrote}\n\nOutput: {printed}".strip()
        return Draft(Choice(text=text), complete=False)

    async def conclude(task: Task) -> Draft:
        """Append the verification; the chain is complete if it concludes."""
        verification = (await verify.apply(task)).notes[0].text
        text = f"{task.parent.text}\n\n{verification}"
        return Draft(Choice(text=text), complete="CONTINUE" not in verification)

    chain = as_operator(attempt) >> conclude
    return plan.search(
        "chain-of-self-correction",
        operators={"solve": chain, "again": chain},
        policy=schedule(move("solve"), *[from_unfinished("again")] * rounds),
        select=latest(),
    )
