"""KnowRL: the consensus of samples decides whether to answer."""

from collections.abc import Sequence

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Selection
from refinegraph.tools.grouping import answer_groups


@recipe(
    "KnowRL: feasibility by consensus",
    paper="arXiv 2510.11407",
    ideas=["vote", "route"],
    calls="n",
    departs="Consensus decides at test time; the paper trains self-knowledge with it.",
)
def feasibility_gate(plan: Plan) -> SearchGraph:
    """Answer only if more than half of the samples agree; otherwise abstain."""
    samples = plan.samples or 8
    return plan.search(
        "feasibility-gate",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=majority_or_none,
    )


def majority_or_none(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Choose the answer of more than half of the candidates, or none."""
    groups = answer_groups(problem, candidates)
    agreeing = len(groups[0]) if groups else 0
    if 2 * agreeing > len(candidates):
        return majority_vote()(problem, candidates)
    return Selection(candidate_id=None, reason=f"only {agreeing} of {len(candidates)} agree")
