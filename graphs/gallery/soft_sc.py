"""Soft self-consistency: likelihoods replace votes when all samples differ."""

from refinegraph.agents.environments import act
from refinegraph.agents.likelihood import written_likelihood
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Soft Self-Consistency",
    paper="arXiv 2402.13212",
    ideas=["vote", "search"],
    needs=["environment", "logprobs"],
    calls="n for every action",
    departs="Each sampled action is also performed in a copy of the environment.",
)
def soft_sc(plan: Plan) -> SearchGraph:
    """Sample several actions and continue with the one whose tokens are most probable."""
    assert plan.environment
    sampling = Sampling(temperature=0.7, logprobs=1, seed=plan.seed)
    return plan.search(
        "soft-sc",
        operators={"act": act(plan.model, plan.environment, sampling=sampling)},
        policy=beam("act", keep=1, width=plan.samples or 5),
        scorer=written_likelihood(),
        select=latest(),
    )
