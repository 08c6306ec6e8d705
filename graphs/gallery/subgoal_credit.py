"""CALM: a model names subgoals, and credits the actions that achieve one."""

from refinegraph.agents import ChecklistJudge
from refinegraph.agents.environments import act
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

SUBGOALS = """$problem

Which $count subgoals have to be achieved on the way? Reply with one JSON object: \
{"questions": ["Has ... been done?", "..."]}"""
ACHIEVED = """$problem

The episode so far:
$solution

Which of these subgoals has it achieved?
$questions

Reply with one JSON object: {"answers": [$count times "yes" or "no"]}"""


@recipe(
    "CALM (credit assignment with language models)",
    paper="arXiv 2409.12798",
    ideas=["decompose", "judge", "search"],
    needs=["environment"],
    calls="1 + 2 n for every action",
    departs="The credit selects among actions tried in parallel; the paper shapes the "
    "reward of reinforcement learning with it.",
)
def subgoal_credit(plan: Plan) -> SearchGraph:
    """Try several actions at a time and continue from the one with most subgoals achieved."""
    assert plan.environment
    judge = plan.reviewer_model or plan.model
    credit = ChecklistJudge(
        judge, questions=5, prompt=Prompt(user=ACHIEVED), checklist=Prompt(user=SUBGOALS)
    )
    return plan.search(
        "subgoal-credit",
        operators={"act": act(plan.model, plan.environment)},
        policy=beam("act", keep=1, width=plan.samples or 3, max_candidates=60),
        scorer=credit,
        select=latest(),
    )
