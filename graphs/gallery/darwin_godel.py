"""Darwin Gödel machine: an archive of agents that rewrite themselves."""

import math
from functools import partial

from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.policies.searching import random_for
from refinegraph.graphs.prompt_evolution import evolve_prompt
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

AGENT = "Solve the problem step by step, and check the result before you answer."
MODIFY = """You are this agent:

$solution

How you did on a benchmark:
$scores

Diagnose why you failed there, and rewrite yourself so that agents like you fail less often. Write \
the whole new agent, and nothing else."""


@recipe(
    "Darwin Gödel Machine",
    paper="arXiv 2505.22954",
    ideas=["evolve"],
    needs=["examples"],
    calls="m (1 + e) + 1, with m agents",
    departs="An agent is its instructions; the paper's agents rewrite their whole code base.",
)
def darwin_godel(plan: Plan) -> SearchGraph:
    """Draw a parent by success and novelty, let it rewrite itself, keep all, use the best."""
    seed, agents = plan.seed or 0, plan.samples or 10
    evolve = evolve_prompt(
        plan.model,
        plan.examples,
        seeds=[AGENT],
        mutate=MODIFY,
        policy=schedule(move("solve"), *[partial(parent, seed=seed)] * (agents - 1)),
    )
    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="Be this agent:")
    return plan.search(
        "darwin-godel",
        operators={"solve": evolve >> solver},
        policy=schedule(move("solve")),
        select=latest(),
    )


def parent(state: RefinementState, seed: int) -> Move:
    """Draw a parent, preferring those with high success and few children."""
    children = [sum(a.id in b.parents for b in state.candidates) for a in state.candidates]
    success = [1 / (1 + math.exp(-10 * ((a.score or 0.0) - 0.5))) for a in state.candidates]
    weights = [good / (1 + born) for good, born in zip(success, children, strict=True)]
    return move("mutate", *random_for(state, seed).choices(state.candidates, weights))
