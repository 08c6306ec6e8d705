"""RewardAgent: human preference combined with checks of facts and instructions."""

from dataclasses import replace

from refinegraph.agents import Judge
from refinegraph.agents.environments import PythonSession
from refinegraph.agents.judges.tool_judge import ToolJudge
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import mean_of

FACTS = """Problem:
{problem}

Response:
{solution}

Look up or compute the facts that it rests on, then end with `finish[SCORE]`, 0 (false) to 10."""
FOLLOWS = Prompt(
    user="""$problem

Response:
$solution

Which hard constraints does the problem set (length, format, words), and does the response meet \
every one? Reply with one JSON object and nothing else:
{"reason": "one sentence", "score": 0 to 10}"""
)


@recipe(
    "RewardAgent",
    paper="arXiv 2502.19328",
    ideas=["judge", "check"],
    needs=["scorer"],
    calls="n + from 2 n to 6 n",
    departs="All checks are made; the paper's router skips those that are not needed.",
)
def reward_agent(plan: Plan) -> SearchGraph:
    """Take the sample favoured by preference, tool-checked facts and instructions."""
    samples, judge = plan.samples or 4, plan.reviewer_model or plan.model
    make = plan.environment or (lambda: PythonSession(plan.sandbox))
    preference = [plan.scorer] if callable(plan.scorer) else plan.scorer or ()
    checks = ToolJudge(judge, make, prompt=FACTS), Judge(judge, prompt=FOLLOWS)
    return replace(plan, scorer=mean_of(*preference, *checks)).search(
        "reward-agent",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )
