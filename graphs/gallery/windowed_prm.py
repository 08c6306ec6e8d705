"""HRM: a process reward over single steps and over pairs of them."""

from collections.abc import Sequence
from itertools import pairwise

from refinegraph.agents import StepJudge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.step_scores import mean


@recipe(
    "HRM (hierarchical reward model)",
    paper="arXiv 2503.13551",
    ideas=["judge"],
    calls="2 n",
    departs="A pair has the value of its better step; the paper trains the model to judge pairs.",
)
def windowed_prm(plan: Plan) -> SearchGraph:
    """Take the solution whose steps are right singly and in pairs, forgiving corrected slips."""
    samples = plan.samples or 8
    return plan.search(
        "windowed-prm",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=StepJudge(plan.reviewer_model or plan.model, aggregate=hierarchical),
        select=best_of(),
    )


def hierarchical(steps: Sequence[float]) -> float:
    """Return the mean over single steps and pairs, where the second may correct the first.

    The last step, which has no successor, counts as its own pair.
    """
    return mean([*steps, *map(max, pairwise(steps)), *steps[-1:]])
