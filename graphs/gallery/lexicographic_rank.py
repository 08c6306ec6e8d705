"""HERON: compare candidates by ranked signals, the most important first."""

from collections.abc import Sequence

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Selection

MARGIN = 0.1
"""Values of a signal that differ by less count as equal, and the next signal decides."""


@recipe(
    "HERON (hierarchical rewards)",
    paper="arXiv 2309.02632",
    ideas=["judge"],
    needs=["scorer"],
    calls="n",
    departs="The comparisons select a sample, with one margin for all signals; the paper trains a "
    "reward on them, with a margin for each signal.",
)
def lexicographic_rank(plan: Plan) -> SearchGraph:
    """Take the sample that wins most comparisons by signals in order of importance."""
    samples = plan.samples or 8
    return plan.search(
        "lexicographic-rank",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=by_decision_tree,
    )


def by_decision_tree(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Choose the candidate that beats most others."""
    usable = [candidate for candidate in candidates if candidate.content is not None]
    if not usable:
        return Selection(candidate_id=None, reason="no candidate gave a usable answer")
    wins = {one.id: sum(beats(one, other) for other in usable) for one in usable}
    best = max(usable, key=lambda candidate: wins[candidate.id])
    return Selection(candidate_id=best.id, reason=f"it beats {wins[best.id]} of {len(usable) - 1}")


def beats(one: Candidate, other: Candidate) -> bool:
    """Return whether the first signal in which the candidates differ favours the first one."""
    for mine, theirs in zip(one.scores, other.scores, strict=True):
        gap = (mine.value or 0.0) - (theirs.value or 0.0)
        if abs(gap) > MARGIN:
            return gap > 0
    return False
