"""OpenAGI: plan the use of tools, run the plan, and let the result correct the planner."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import from_all, from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

PLAN = """$problem

The last attempt, with the rewards that it earned:
$solutions

Write a plan that names the tools to use in their order. Do not solve the problem."""


@recipe(
    "OpenAGI / RLTF",
    paper="arXiv 2304.04370",
    ideas=["decompose", "repair"],
    needs=["environment"],
    calls="(1 + the number of actions) (1 + r)",
    departs="The planner sees the task's reward as text; the paper trains it with the reward.",
)
def openagi_planner(plan: Plan) -> SearchGraph:
    """Plan the use of tools, follow the plan, and plan again knowing the reward."""
    assert plan.environment
    rounds, actions = 1 if plan.rounds is None else plan.rounds, plan.samples or 10
    step = with_notes(act(plan.model, plan.environment), heading="The plan:", limit=1)
    planner = prompted(plan.model, PLAN, makes="note").named("plan")
    episode = [from_unfinished("act")] * (actions - 1)
    return plan.search(
        "openagi-planner",
        operators={"begin": planner >> step.over(lambda task: ()), "act": step},
        policy=schedule(move("begin"), *episode, *[from_all("begin"), *episode] * rounds),
        scorer=environment_reward(),
        select=best_of(),
    )
