"""AtomThink: one atomic step per turn, as many as the problem needs."""

from refinegraph.agents import Judge, continue_from, paragraph
from refinegraph.graphs.policies import from_all, last_wave, move, ranked, schedule
from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, leaves
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe

ATOM = (
    "Write only the next step, the smallest one that makes sense by itself. When nothing is left "
    "to do, give the final answer after `The answer is`."
)


@recipe(
    "AtomThink",
    paper="arXiv 2411.11930",
    ideas=["decompose", "search"],
    calls="2 n for every step",
    departs="A judge scores the steps unless --scorer does; the paper trains a process reward.",
)
def atomic_steps(plan: Plan) -> SearchGraph:
    """Request one atomic step at a time, keep the best of several, stop at the conclusion."""
    samples = plan.samples or 3
    step = continue_from(plan.model, step=paragraph(), on_missing_prefix="ask")
    go_on = from_all("step", best=1, count=samples, instruction=ATOM)

    def unless_concluded(state: RefinementState) -> Choice:
        return [] if ranked(last_wave(state))[0].complete else go_on(state)

    return plan.search(
        "atomic-steps",
        operators={"step": step},
        policy=schedule(
            move("step", count=samples, instruction=ATOM),
            *[unless_concluded] * 30,
        ),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=leaves(best_of()),
    )
