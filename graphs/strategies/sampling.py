"""Strategies that sample and select without repairing."""

from refinegraph.agents.solver import Solver
from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, settled
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AlwaysEasy
from refinegraph.graphs.selection import Selector, agreement, best_of, best_scored, majority_vote
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.schema import EXECUTED_KINDS, ModelNames


def single(plan: Plan) -> RefinementGraph:
    """Return one answer, checked but not refined. Costs one model call."""
    return _unrefined(plan, plan.solver(samples=1, temperature=0.0), "single", best_of())


def self_consistency(plan: Plan) -> RefinementGraph:
    """Take a majority vote over several samples (arXiv 2203.11171). Costs one call per sample."""
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "self-consistency", majority_vote())


def best_of_n(plan: Plan) -> RefinementGraph:
    """Select the sample with the best evidence. Costs one call per sample.

    A scorer in the plan ranks the samples that pass the most visible tests; generated tests and
    votes only break ties. With `plan.batch_size`, samples are requested in batches until one passes
    the visible tests or the vote is settled.
    """
    select = best_scored(otherwise=by_evidence(plan)) if plan.scorer else by_evidence(plan)
    if plan.batch_size:
        size = plan.batch_size
        return _sampled_until(plan, "best-of-n", select, samples=8, batch_size=size)
    solver = plan.solver(samples=plan.samples or 8, temperature=0.8)
    return _unrefined(plan, solver, "best-of-n", select)


def sample_until(plan: Plan) -> RefinementGraph:
    """Sample until a sample passes the visible tests (code) or the vote is settled (answers).

    This is the strongest baseline without repairs. Costs one call per sample, at most
    `plan.samples` (by default 16), in sequence or in batches of `plan.batch_size`.
    """
    size = plan.batch_size or 1
    return _sampled_until(plan, "sample-until", by_evidence(plan), samples=16, batch_size=size)


def by_evidence(plan: Plan) -> Selector:
    """Return the selector for the kind of problem: execution and agreement, or a vote."""
    return agreement(otherwise=best_of()) if plan.kind in EXECUTED_KINDS else majority_vote()


def _sampled_until(
    plan: Plan, name: str, select: Selector, *, samples: int, batch_size: int
) -> RefinementGraph:
    max_candidates = plan.samples or samples
    first = min(batch_size, max_candidates)
    return plan.graph(
        name,
        solver=plan.solver(samples=first, temperature=0.8),
        test_writer=plan.test_writer(),
        controller=SampleUntil(
            until=settled(),
            stop=plan.stop_rule(accepted()),
            max_candidates=max_candidates,
            batch_size=batch_size,
        ),
        select=select,
        models=_without_repairs(plan),
    )


def _unrefined(plan: Plan, solver: Solver, name: str, select: Selector) -> RefinementGraph:
    return plan.graph(
        name,
        solver=solver,
        test_writer=None if name == "single" else plan.test_writer(),
        router=plan.router or AlwaysEasy(),
        stop=plan.stop_rule(accepted() | rounds(0)),
        select=select,
        models=_without_repairs(plan),
    )


def _without_repairs(plan: Plan) -> ModelNames:
    return plan.names.model_copy(update={"reviewer": None, "refiner": None})
