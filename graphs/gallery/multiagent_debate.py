"""Multiagent debate."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import each_with_others, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import leaves, majority_vote
from refinegraph.graphs.strategies import Plan, recipe

READ = """$problem

Your solution:
$solution

The solutions of others:
$others

Compare them with yours and solve the problem again. $answer_format"""


@recipe("Multiagent debate", paper="arXiv 2305.14325", ideas=["vote"], calls="n (1 + r)")
def multiagent_debate(plan: Plan) -> SearchGraph:
    """Let agents read each other's solutions, rewrite their own, then vote."""
    agents, rounds = plan.samples or 3, 2 if plan.rounds is None else plan.rounds
    return plan.search(
        "multiagent-debate",
        operators={
            "solve": plan.solver(samples=agents, temperature=0.8),
            "revise": prompted(plan.model, READ),
        },
        policy=schedule(move("solve", count=agents), *[each_with_others("revise")] * rounds),
        select=leaves(majority_vote()),
    )
