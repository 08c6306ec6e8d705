"""Plan-on-Graph: explore a knowledge graph by sub-objectives, and leave wrong paths."""

from refinegraph.agents import Judge, prompted
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import best_first, is_complete
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

SPLIT = "$problem\n\nList the sub-objectives of this question, at most four, as `1. ...`."
REFLECT = """$problem

The path through the graph so far:
$solution

How far does it get with the sub-objectives, and is it worth going on? Reply with one JSON object \
and nothing else:
{"reason": "one sentence", "score": 0 to 10}"""


@recipe(
    "Plan-on-Graph",
    paper="arXiv 2410.23875",
    ideas=["decompose", "search", "remember"],
    needs=["environment"],
    calls="1 + 2 n",
    departs="The environment offers the graph as actions; paths are kept as written episodes.",
)
def plan_on_graph(plan: Plan) -> SearchGraph:
    """Explore by sub-objectives, and return to an earlier path if reflection doubts this one."""
    assert plan.environment
    split = prompted(plan.model, SPLIT, makes="notes", kind="subproblem").named("split")
    step = with_notes(act(plan.model, plan.environment), heading="Sub-objectives:")
    return plan.search(
        "plan-on-graph",
        operators={"begin": split >> step, "explore": step},
        policy=best_first(
            "explore", root="begin", done=is_complete, max_candidates=plan.samples or 16
        ),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=Prompt(user=REFLECT)),
        select=best_of(),
    )
