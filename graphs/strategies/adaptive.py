"""Few samples first; more samples or repairs while they are expected to be worth their tokens."""

from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.execution_gain import MIN_GAIN_FOR_CODE, ExecutionGain
from refinegraph.graphs.policies.expected_gain import ExpectedGain
from refinegraph.graphs.policies.repair_rates import RepairRates
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import AgreementRouter, VerdictRouter
from refinegraph.graphs.stopping import accepted, oscillating, rounds
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.sampling import by_evidence
from refinegraph.schema import EXECUTED_KINDS

_MIN_GAIN = 0.02
"""Two percentage points of accuracy per thousand tokens. Below that, further rounds cost more than
they gained on the recorded runs of three models."""
_ROUNDS = 10
"""Maximum repair rounds for code; the expected gain ends most runs long before."""
_WITH_BRANCHES = 40
"""The same, and the candidates, where a repair is one line at a quarter of the cost of a sample."""


def adaptive(plan: Plan) -> RefinementGraph:
    """Sample or repair, whichever is expected to gain more for its tokens (arXiv 2604.22273).

    Costs two or three calls for an easy problem. For a hard one, costs at most `plan.samples`
    candidates, where a repair takes two calls, or a short one by `BranchRefiner` for models whose
    prompts prefer it.
    """
    plan = plan.preferring_branches()
    code = plan.kind in EXECUTED_KINDS
    default = (_WITH_BRANCHES if plan.branches else 16) if code else 10
    max_candidates, first = plan.samples or default, 1 if code else 3
    return plan.graph(
        "adaptive",
        solver=plan.solver(samples=min(plan.batch_size or first, max_candidates), temperature=0.8),
        reviewer=plan.reviewer(),
        refiner=plan.refiner(),
        test_writer=plan.test_writer(),
        controller=policy_for_code(plan, max_candidates)
        if code
        else policy_for_answers(plan, max_candidates),
        select=by_evidence(plan),
        tracer=plan.tracer(),
    )


def policy_for_code(plan: Plan, max_candidates: int) -> Policy:
    """Return the policy for code, with at most `max_candidates` candidates."""
    default = _WITH_BRANCHES if plan.branches else _ROUNDS
    limit = default if plan.rounds is None else plan.rounds
    return ExecutionGain(
        router=plan.router or VerdictRouter(otherwise=AgreementRouter()),
        stop=plan.stop_rule(accepted() | rounds(limit)),
        max_candidates=max_candidates,
        batch_size=plan.batch_size,
        min_gain_per_1k_tokens=(
            MIN_GAIN_FOR_CODE
            if plan.min_gain_per_1k_tokens is None
            else plan.min_gain_per_1k_tokens
        ),
        rates=plan.rates,
        cost=plan.cost,
        branches=plan.branches,
    )


def policy_for_answers(plan: Plan, max_candidates: int) -> Policy:
    """Return the policy for other answers, with at most `max_candidates` samples."""
    return ExpectedGain(
        min_gain_per_1k_tokens=(
            _MIN_GAIN if plan.min_gain_per_1k_tokens is None else plan.min_gain_per_1k_tokens
        ),
        max_candidates=max_candidates,
        stop=plan.stop_rule(accepted() | oscillating()),
        calibrator=plan.calibrator,
        rates=RepairRates(learned=plan.rates),
        max_rounds=3 if plan.rounds is None else plan.rounds,
    )
