"""SVPO: a value model guides a beam over steps and selects the best finished path."""

from refinegraph.agents import Judge, continue_from, line
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

VALUE = """$problem

The steps so far:
$solution

If this is continued many times, in which share of cases will the answer be right? Reply with one \
JSON object: {"reason": "one sentence", "score": 0 to 10, 10 for all}"""


@recipe(
    "SVPO (step-level value preference optimisation)",
    paper="arXiv 2406.10858",
    ideas=["search", "judge"],
    calls="2 n for every step, with n = --samples parallel steps",
    departs="By default, the value comes from a prompt; the paper learns a value model from "
    "preferences between the steps of Monte Carlo trees.",
)
def svpo(plan: Plan) -> SearchGraph:
    """Keep the steps that most likely lead to success, and take the best path."""
    width = plan.samples or 6
    return plan.search(
        "svpo",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=beam("step", keep=max(1, width // 3), width=3),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=Prompt(user=VALUE)),
        select=best_of(),
    )
