"""Strategies that sample and choose, without any repair."""

from refinegraph.agents.solver import Solver
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AlwaysEasy
from refinegraph.graphs.selection import Selector, agreement, best_of, majority_vote
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.graphs.strategies.plan import Plan


def single(plan: Plan) -> RefinementGraph:
    """One answer, checked but not refined. Costs one model call."""
    return _unrefined(plan, plan.solver(samples=1, temperature=0.0), "single", best_of())


def self_consistency(plan: Plan) -> RefinementGraph:
    """Several samples and a majority vote (arXiv 2203.11171). Costs one call a sample."""
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "self-consistency", majority_vote())


def best_of_n(plan: Plan) -> RefinementGraph:
    """Several samples; the one with the best evidence wins. Costs one call a sample."""
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "best-of-n", by_evidence(plan))


def by_evidence(plan: Plan) -> Selector:
    """Return the selector for the kind of problem: execution and agreement, or a vote."""
    return agreement(otherwise=best_of()) if plan.kind == "code" else majority_vote()


def _unrefined(plan: Plan, solver: Solver, name: str, select: Selector) -> RefinementGraph:
    return plan.graph(
        name,
        solver=solver,
        test_writer=None if name == "single" else plan.test_writer(),
        router=plan.router or AlwaysEasy(),
        stop=plan.stop_rule(accepted() | rounds(0)),
        select=select,
        models=plan.names.model_copy(update={"reviewer": None, "refiner": None}),
    )
