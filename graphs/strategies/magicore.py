"""MAgICoRe (arXiv 2409.12147): draw several samples, and refine them if the problem is hard."""

from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import VerdictRouter
from refinegraph.graphs.stopping import accepted, oscillating, rounds, stalled
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.sampling import by_evidence
from refinegraph.schema import EXECUTED_KINDS


def magicore(plan: Plan) -> RefinementGraph:
    """Review and refine every candidate of a hard problem, round by round.

    With k samples, costs k calls for an easy problem, and up to 2k more per round for a hard one.
    """
    code, router = plan.kind in EXECUTED_KINDS, plan.magicore.router()
    limit = 3 if plan.rounds is None else plan.rounds
    return plan.graph(
        "magicore",
        solver=plan.solver(samples=plan.samples or 8, temperature=0.8),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        test_writer=plan.test_writer(),
        router=plan.router or (VerdictRouter(otherwise=router) if code else router),
        stop=plan.stop_rule(accepted() | rounds(limit) | stalled(2) | oscillating()),
        select=by_evidence(plan) if code else plan.magicore.selector(),
        max_refined_per_round=None,
        tracer=plan.tracer(),
    )
