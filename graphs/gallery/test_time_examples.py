"""TT-SI: for an uncertain problem, write similar ones and learn from them in context."""

from collections.abc import Sequence

from refinegraph.agents import prompted
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move, Problem, Selection
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.tools.grouping import answer_groups

SIMILAR = """$problem

Write two new problems of the same kind, each with its full solution. Do not solve the one above."""


@recipe(
    "TT-SI (test-time self-improvement)",
    paper="arXiv 2510.07841",
    ideas=["route"],
    calls="n, and n + 1 more if the samples disagree",
    departs="Disagreement measures uncertainty and the examples are in the prompt; the paper uses "
    "the likelihoods of actions and fine-tunes the model on the examples.",
)
def test_time_examples(plan: Plan) -> SearchGraph:
    """If samples disagree, write similar solved problems and answer again with them."""
    samples = plan.samples or 4
    solver = plan.solver(samples=samples, temperature=0.8)
    similar = prompted(plan.model, SIMILAR, makes="note").named("similar")
    return plan.search(
        "test-time-examples",
        operators={
            "solve": solver,
            "adapt": similar >> with_notes(solver, heading="Similar problems:", limit=1),
        },
        policy=schedule(move("solve", count=samples), where_uncertain),
        select=adapted,
    )


def where_uncertain(state: RefinementState) -> list[Move]:
    """Adapt if no answer has more than two thirds of the samples."""
    groups = answer_groups(state.problem, state.candidates)
    sure = bool(groups) and 3 * len(groups[0]) > 2 * len(state.candidates)
    return [] if sure else [move("adapt", count=len(state.candidates))]


def adapted(problem: Problem, candidates: Sequence[Candidate]) -> MaybeAwaitable[Selection]:
    """Vote among the answers after adaptation, if there are any."""
    after = [candidate for candidate in candidates if candidate.operator == "adapt"]
    return majority_vote()(problem, after or candidates)
