"""Self-check of CriticBench: drop the samples that the model's own critique rejects."""

from collections.abc import Sequence

from refinegraph.agents import Judge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Selection


@recipe(
    "CriticBench: self-check",
    paper="arXiv 2310.04815",
    ideas=["judge", "vote"],
    calls="2 n",
)
def self_check(plan: Plan) -> SearchGraph:
    """Let the model criticise its samples, drop those it finds wrong, and vote."""
    samples = plan.samples or 8
    return plan.search(
        "self-check",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=Judge(plan.model),
        select=unrefuted_vote,
    )


def unrefuted_vote(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Vote among the samples without a negative critique, or among all if there are none."""
    left = [sample for sample in candidates if sample.score is None or sample.score >= 0.5]
    return majority_vote()(problem, left or candidates)
