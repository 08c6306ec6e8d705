"""SMART: choose the right strategy at the first attempt."""

from refinegraph.graphs.policies import Wave, move, schedule, supervised
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe

WAYS = {
    "chain of thought": "Think step by step.",
    "least to most": "Name smaller problems that lead to the answer, and solve them in turn.",
    "program of thought": "Write the computation as a program and follow it line by line.",
}


@recipe(
    "SMART (self-learning meta-strategy agent)",
    paper="arXiv 2410.16128",
    ideas=["route"],
    calls="2",
    departs="The model is asked to choose; the paper learns the choice by reinforcement learning.",
)
def smart_strategy(plan: Plan) -> SearchGraph:
    """Let the model choose a strategy for the problem, then solve it once with that strategy."""
    menu: dict[str, Wave] = {name: move("solve", instruction=way) for name, way in WAYS.items()}
    return plan.search(
        "smart-strategy",
        operators={"solve": plan.solver(samples=1, temperature=0.0)},
        policy=schedule(supervised(plan.model, menu)),
    )
