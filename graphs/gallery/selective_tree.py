"""Domaino1s: explore a tree of steps, branching only at doubtful steps."""

from functools import partial

from refinegraph.agents import continue_from, line, rest
from refinegraph.agents.likelihood import written_likelihood
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import finishing, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

STEPS = 32
"""Maximum number of steps in a path."""
DOUBTFUL = 0.7
"""Mean token probability of a step below which it is rewritten."""


@recipe(
    "Domaino1s: selective tree exploration",
    paper="arXiv 2501.14431",
    ideas=["search"],
    needs=["logprobs"],
    calls="from 1 to n for every step",
)
def selective_tree(plan: Plan) -> SearchGraph:
    """Write a step once if the model is sure, otherwise several times, and keep the best."""
    width = plan.samples or 3
    step = continue_from(
        plan.model,
        step=line(),
        sampling=Sampling(temperature=0.8, logprobs=1, seed=plan.seed),
        on_missing_prefix="ask",
    )
    return plan.search(
        "selective-tree",
        operators={
            "step": step,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(schedule(*[partial(again_or_on, width=width)] * STEPS * width), "finish"),
        scorer=written_likelihood(),
        select=latest(),
    )


def again_or_on(state: RefinementState, width: int) -> list[Move]:
    """Rewrite the last step while it is doubtful and has tries left; otherwise continue."""
    if not state.candidates:
        return [move("step")]
    parents = state.candidates[-1].parents
    tried = [path for path in state.candidates if path.parents == parents]
    best = ranked(tried)[0]
    if best.score is not None and best.score < DOUBTFUL and len(tried) < width:
        return [move("step", *parents)]
    return [] if best.complete else [move("step", best)]
