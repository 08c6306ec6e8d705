"""Self-Refine (arXiv 2303.17651): one answer, reviewed and repaired round by round."""

from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AlwaysHard
from refinegraph.graphs.selection import latest
from refinegraph.graphs.stopping import accepted, oscillating, rounds
from refinegraph.graphs.strategies.plan import Plan


def self_refine(plan: Plan) -> RefinementGraph:
    """Repair the latest answer until a review approves it, at most `plan.rounds` times.

    The last refinement is the answer, as published, but a refinement that fails a test passed by
    its parent is rejected. Costs one call, and two more per round.
    """
    limit = 3 if plan.rounds is None else plan.rounds
    return plan.graph(
        "self-refine",
        solver=plan.solver(samples=1, temperature=0.0),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        controller=RefineLoop(
            router=plan.router or AlwaysHard(),
            stop=plan.stop_rule(accepted() | rounds(limit) | oscillating()),
            max_refined_per_round=1,
            newest_first=True,
        ),
        select=latest(),
        tracer=plan.tracer(),
        models=plan.names.model_copy(update={"tester": None}),
    )
