"""LLaVA-o1: beam search over four named stages."""

from refinegraph.agents import Judge, StepEnd, continue_from
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, leaves
from refinegraph.graphs.strategies import Plan, recipe

STAGES = (
    "Write only the SUMMARY now: how you will go about it.",
    "Write only the CAPTION now: what is given, as far as it matters.",
    "Write only the REASONING now, step by step.",
    "Write only the CONCLUSION now. Give the final answer after `The answer is`.",
)


@recipe(
    "LLaVA-o1 (LLaVA-CoT)",
    paper="arXiv 2411.10440",
    ideas=["decompose", "search"],
    calls="8 n",
    departs="A judge scores every stage; in the paper, the model compares them in pairs.",
)
def stage_beam(plan: Plan) -> SearchGraph:
    """Write each stage several times and continue from the best version."""
    samples, (first, *others) = plan.samples or 3, STAGES
    end = StepEnd(stop=("\n\n\n",), joiner="\n\n")
    stage = continue_from(plan.model, step=end, on_missing_prefix="ask")
    return plan.search(
        "stage-beam",
        operators={"stage": stage},
        policy=schedule(
            move("stage", count=samples, instruction=first),
            *[from_all("stage", best=1, count=samples, instruction=word) for word in others],
        ),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=leaves(best_of()),
    )
