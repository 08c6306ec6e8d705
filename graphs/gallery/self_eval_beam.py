"""Self-Evaluation Guided Decoding."""

from refinegraph.agents import StepJudge, continue_from, line
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Self-Evaluation Guided Beam Search",
    paper="arXiv 2305.00633",
    ideas=["search", "judge"],
    calls="2 n for every step",
    departs="The confidence in a step is a score that the model writes, and the best steps are "
    "kept; the paper samples steps by the probability of a word times that of the text.",
)
def self_eval_beam(plan: Plan) -> SearchGraph:
    """Search step by step by the model's confidence in each partial solution, then vote."""
    width = plan.samples or 4
    return plan.search(
        "self-eval-beam",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=beam("step", keep=max(1, width // 2), width=2),
        scorer=StepJudge(plan.reviewer_model or plan.model),
        select=weighted_vote(),
    )
