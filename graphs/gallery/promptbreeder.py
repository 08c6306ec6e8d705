"""Promptbreeder: task prompts evolve by mutation prompts, which change as well."""

from functools import partial

from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import move, ranked, schedule
from refinegraph.graphs.policies.searching import random_for
from refinegraph.graphs.prompt_evolution import evolve_prompt
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

MUTATIONS = (
    "Say the same in other words that a child would understand.",
    "Make a hint that helps with the hardest part of such problems.",
    "Turn the instruction into a list of steps.",
    "Write the instruction as someone would who is never satisfied with a first answer.",
)
MUTATE = """An instruction for solving problems:

$solution

A mutation prompt: $instruction

First reword the mutation prompt for yourself so that it changes the instruction more usefully. \
Then apply it, and write the changed instruction alone."""


@recipe(
    "Promptbreeder",
    paper="arXiv 2309.16797",
    ideas=["evolve"],
    needs=["examples"],
    calls="m (1 + e) + 1 at most, with m prompts",
    departs="Mutation prompts are reworded for each use; the paper keeps those that worked.",
)
def promptbreeder(plan: Plan) -> SearchGraph:
    """Pair prompts, mutate the winners with mutation prompts, solve with the fittest."""
    seed, prompts = plan.seed or 0, plan.samples or 12
    tournaments = [partial(winner_mutates, seed=seed)] * (prompts - 2)
    breed = evolve_prompt(
        plan.model,
        plan.examples,
        seeds=("Solve the problem.", "Let us think step by step."),
        mutate=MUTATE,
        policy=schedule(move("solve", count=2), *tournaments),
    )
    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="Instruction:")
    return plan.search(
        "promptbreeder",
        operators={"solve": breed >> solver},
        policy=schedule(move("solve")),
        select=latest(),
    )


def winner_mutates(state: RefinementState, seed: int) -> Move:
    """Draw two prompts, and a mutation prompt for the fitter one."""
    draws = random_for(state, seed)
    pair = draws.sample(list(state.candidates), 2)
    return move("mutate", ranked(pair)[0], instruction=draws.choice(MUTATIONS))
