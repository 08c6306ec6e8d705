"""SteP: policies call one another and return, on a stack."""

from refinegraph.agents.environments import Environment, Observation, act
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Problem

POLICIES = {
    "solve": "Reach the goal of the task. Call other policies for its parts.",
    "find": "Find the thing that is asked for, and return where it is.",
    "change": "Make the one change that is asked for, check it, and return.",
}


@recipe(
    "SteP (stacked policies)",
    paper="arXiv 2310.03720",
    ideas=["decompose", "route"],
    needs=["environment"],
    calls="1 for every action",
    departs="There are three general policies; the paper writes fourteen for web sites.",
)
def policy_stack(plan: Plan) -> SearchGraph:
    """Let the policy on top of the stack act, call another one, or return to the one below."""
    make = plan.environment
    assert make
    return plan.search(
        "policy-stack",
        operators={"act": act(plan.model, lambda: Stack(make()))},
        policy=schedule(move("act"), *[from_unfinished("act")] * ((plan.samples or 20) - 1)),
        select=latest(),
    )


class Stack:
    """An environment in which policies can be called and returned from."""

    def __init__(self, world: Environment) -> None:
        self.world = world
        self.stack = ["solve"]

    async def reset(self, problem: Problem) -> Observation:
        """Begin with the policy for the whole task."""
        seen = await self.world.reset(problem)
        offered = ", ".join(f"`call[{name}: WHAT]`" for name in POLICIES)
        return seen._replace(text=f"{seen.text}\n{offered}, `return[WHAT]`\n{POLICIES['solve']}")

    async def step(self, action: str) -> Observation:
        """Push or pop a policy, or let the world answer."""
        kind, _, rest_of = action.partition("[")
        if kind == "call" and (name := rest_of.partition(":")[0].strip()) in POLICIES:
            self.stack.append(name)
            return Observation(f"{rest_of.rstrip(']')}. You are now: {POLICIES[name]}")
        if kind == "return" and len(self.stack) > 1:
            self.stack.pop()
            return Observation(f"{rest_of.rstrip(']')}. You are again: {POLICIES[self.stack[-1]]}")
        return await self.world.step(action)
