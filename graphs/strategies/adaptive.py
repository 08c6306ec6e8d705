"""Few samples first; more, or repairs, while they are expected to be worth their tokens."""

from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import ExecutionGain
from refinegraph.graphs.policies.expected_gain import ExpectedGain
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AgreementRouter, VerdictRouter
from refinegraph.graphs.stopping import accepted, oscillating, rounds
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.sampling import by_evidence

_PRICE = 0.02
"""Two points of accuracy for a thousand tokens: below that, on the recorded runs of three models,
further rounds cost more than they brought."""


def adaptive(plan: Plan) -> RefinementGraph:
    """Sample or repair, whichever is expected to gain more for its tokens (arXiv 2604.22273).

    Costs two or three calls for an easy problem, and at most `plan.samples` candidates, a repair
    being two calls, for a hard one.
    """
    code, most = plan.kind == "code", plan.samples or 10
    return plan.graph(
        "adaptive",
        solver=plan.solver(samples=min(2 if code else 3, most), temperature=0.8),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        test_writer=plan.test_writer(),
        controller=policy_for_code(plan, most) if code else policy_for_answers(plan, most),
        select=by_evidence(plan),
        tracer=plan.tracer(),
    )


def policy_for_code(plan: Plan, most: int) -> Policy:
    """Return the policy for code, of at most so many candidates."""
    limit = 5 if plan.rounds is None else plan.rounds
    return ExecutionGain(
        router=plan.router or VerdictRouter(otherwise=AgreementRouter()),
        stop=plan.stop_rule(accepted() | rounds(limit)),
        most=most,
        price=plan.price or 0.0,
    )


def policy_for_answers(plan: Plan, most: int) -> Policy:
    """Return the policy for answers that are not code, of at most so many samples."""
    return ExpectedGain(
        price=_PRICE if plan.price is None else plan.price,
        most=most,
        stop=plan.stop_rule(accepted() | oscillating()),
        belief=plan.belief,
        max_rounds=3 if plan.rounds is None else plan.rounds,
    )
