"""CARD: reward code is improved with cheap tests on trajectories before expensive training."""

from refinegraph.agents import approved, prompted
from refinegraph.agents.operators import refuted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

FEEDBACK = """$problem

Reward code:
$solution

Cheap test on trajectories:
$evidence

Which part of the reward misjudges which trajectory, and why? Do not write code."""
IMPROVE = """$problem

$solution

Feedback:
$note

Write the whole reward code again. $answer_format"""
TRAIN = """$problem

$solution

The cheap test finds nothing wrong with it. Imagine an agent that is trained with this reward: \
what will it learn to do? End with `VERDICT: right` if that is what was meant, else with \
`VERDICT: wrong`."""


@recipe(
    "CARD",
    paper="arXiv 2410.14660",
    ideas=["check", "repair", "route"],
    calls="1 + 3 r at most",
    departs="Visible tests replace the ordering of trajectories, a model's opinion the training.",
)
def card_reward_code(plan: Plan) -> SearchGraph:
    """Improve reward code with a cheap test, and run the expensive one only if that passes."""
    rounds, judge = 4 if plan.rounds is None else plan.rounds, plan.reviewer_model or plan.model
    feedback = prompted(judge, FEEDBACK, makes="note").named("feedback")
    train = prompted(judge, TRAIN, makes="reviews").named("train")
    improve = feedback.unless(approved()) >> prompted(plan.model, IMPROVE).unless(approved())
    return plan.search(
        "card-reward-code",
        operators={
            "design": plan.solver(samples=1, temperature=0.0),
            "improve": train.unless(lambda task: refuted(task.parent)) >> improve,
        },
        policy=schedule(move("design"), *[from_each("improve")] * rounds),
        select=latest(),
    )
