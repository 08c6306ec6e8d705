"""ReST meets ReAct: an agent that searches, and AI feedback that selects the trajectory."""

from refinegraph.agents import Judge
from refinegraph.agents.environments import act
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

RANK = """$problem

An agent's steps and answer:
$solution

Is the question answered, is each step grounded in what was found, and is the answer checked for \
relevance and correctness? Reply with one JSON object: {"reason": "...", "score": 0 to 10}"""
CHECKED = """Search until you know enough. Before you finish, check in your thoughts that the \
answer is relevant to the question and grounded in what you found."""


@recipe(
    "ReST meets ReAct",
    paper="arXiv 2312.10003",
    ideas=["judge", "check"],
    needs=["environment"],
    calls="(a + 1) n, with a actions per trajectory",
    departs="AI feedback selects a trajectory; the paper trains the next agent on those that it "
    "ranks high.",
)
def rest_react(plan: Plan) -> SearchGraph:
    """Run a self-checking agent several times and let AI feedback select the trajectory."""
    assert plan.environment
    judge = plan.reviewer_model or plan.model
    return plan.search(
        "rest-react",
        operators={"act": act(plan.model, plan.environment)},
        policy=schedule(
            move("act", count=plan.samples or 4, instruction=CHECKED),
            *[from_unfinished("act", instruction=CHECKED)] * 9,
        ),
        scorer=Judge(judge, prompt=Prompt(user=RANK), scores_unfinished=False),
        select=best_of(),
    )
