"""Anyprefer: a judge with tools ranks the samples, and its feedback rewrites the prompt."""

from refinegraph.agents import ToolJudge, prompted
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import Wave, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

TUNE = """$problem

Answers of a model to this, the best one first:
$solutions

What a judge found with tools about the best one:
$scores

Write an instruction for the model, in at most three sentences, with which it would answer better. \
Do not give the answer."""


@recipe(
    "Anyprefer",
    paper="arXiv 2504.19276",
    ideas=["judge", "evolve", "check"],
    needs=["environment"],
    calls="(n + n v) (1 + r) + r, with v calls per judgement",
    departs="Feedback rewrites the target's prompt for the same problem; the paper also rewrites "
    "the judge's, and trains on the preferences.",
)
def anyprefer(plan: Plan) -> SearchGraph:
    """Rank samples with a tool-using judge, rewrite the prompt from its findings, sample again."""
    assert plan.environment
    samples, rounds = plan.samples or 4, 1 if plan.rounds is None else plan.rounds
    judge = plan.reviewer_model or plan.model
    solver = plan.solver(samples=samples, temperature=0.8)
    tune = prompted(judge, TUNE, makes="note").named("tune")
    again = with_notes(solver, heading="Instruction:", limit=1)
    retry: list[Wave] = [lambda state: from_ranked(state, samples)]
    return plan.search(
        "anyprefer",
        operators={"solve": solver, "again": tune >> again},
        policy=schedule(move("solve", count=samples), *retry * rounds),
        scorer=ToolJudge(judge, plan.environment),
        select=best_of(),
    )


def from_ranked(state: RefinementState, count: int) -> list[Move]:
    """Sample again with the prompt tuned according to the ranking so far."""
    return [move("again", *ranked(state.candidates), count=count)]
