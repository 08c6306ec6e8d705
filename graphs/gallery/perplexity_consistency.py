"""RPC: self-consistency weighted by probability, without improbable paths."""

from collections.abc import Sequence

from refinegraph.agents import Solver
from refinegraph.agents.likelihood import written_likelihood
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Selection


@recipe(
    "Reasoning-pruning perplexity consistency (RPC)",
    paper="arXiv 2502.00511",
    ideas=["vote"],
    needs=["logprobs"],
    calls="n",
    departs="Paths are dropped below the midpoint of the extremes; the paper fits two Weibulls.",
)
def perplexity_consistency(plan: Plan) -> SearchGraph:
    """Drop paths that the model itself considers improbable, then vote with probabilities."""
    samples = plan.samples or 8
    sampling = Sampling(temperature=0.8, logprobs=1, seed=plan.seed, max_tokens=plan.max_tokens)
    return plan.search(
        "perplexity-consistency",
        operators={"solve": Solver(plan.model, sampling=sampling, prompts=plan.prompts)},
        policy=schedule(move("solve", count=samples)),
        scorer=written_likelihood(),
        select=probable_vote,
    )


def probable_vote(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Vote by probability among the paths in the more probable half of the range."""
    values = [path.score or 0.0 for path in candidates]
    least = (min(values, default=0.0) + max(values, default=0.0)) / 2
    probable = [path for path in candidates if (path.score or 0.0) >= least]
    return weighted_vote()(problem, probable)
