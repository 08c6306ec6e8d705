"""Parallel-Distill-Refine."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

DISTIL = """$problem

$solutions

Sum up in at most 150 words what is right, what is wrong and what is open. Do not solve it."""
AGAIN = """$problem

What is known from earlier drafts:
$note

Use it with care and solve the problem. $answer_format"""


@recipe(
    "Parallel-Distill-Refine",
    paper="arXiv 2510.01123",
    ideas=["repair"],
    calls="n (1 + r) + r",
)
def parallel_distill_refine(plan: Plan) -> SearchGraph:
    """Draft in parallel, distil the drafts into a bounded note, draft again from the note."""
    width, rounds = plan.samples or 4, 2 if plan.rounds is None else plan.rounds
    distil = prompted(plan.model, DISTIL, makes="note").named("distil")
    waves = [from_all("refine", count=1 if last else width) for last in _lasts(rounds)]
    return plan.search(
        "parallel-distill-refine",
        operators={
            "solve": plan.solver(samples=width, temperature=0.8),
            "refine": distil >> prompted(plan.model, AGAIN),
        },
        policy=schedule(move("solve", count=width), *waves),
        select=latest(),
    )


def _lasts(rounds: int) -> list[bool]:
    return [number == rounds - 1 for number in range(rounds)]
