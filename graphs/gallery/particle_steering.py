"""FK steering: particles that are resampled at every step by the potential of their reward."""

from refinegraph.agents import continue_from, line
from refinegraph.graphs.policies import particles
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

LAMBDA = 10.0
"""Strength of the steering, as in the paper's experiments on text."""


@recipe(
    "FK steering",
    paper="arXiv 2501.06848",
    ideas=["search"],
    needs=["scorer"],
    calls="at most n for every step",
    departs="The steps are lines of text, and the potential is the reward so far; the paper steers "
    "diffusion, also by the gain or the maximum of the reward.",
)
def particle_steering(plan: Plan) -> SearchGraph:
    """Resample particles after every step by the potential of their reward."""
    return plan.search(
        "particle-steering",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=particles("step", n=plan.samples or 4, temperature=1 / LAMBDA, seed=plan.seed or 0),
        select=best_of(),
    )
