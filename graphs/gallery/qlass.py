"""QLASS: an exploration tree gives every action a Q-value."""

from refinegraph.agents.environments import act, environment_reward
from refinegraph.graphs.policies import is_complete, uct
from refinegraph.graphs.policies.candidate_tree import Node
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

DISCOUNT = 0.9
"""With this value, a success ten steps ahead counts one third, so shorter paths are preferred."""


@recipe(
    "QLASS",
    paper="arXiv 2502.02584",
    ideas=["search"],
    needs=["environment"],
    calls="n",
    departs="Q-values guide the search that finds them; the paper trains a Q-network with them.",
)
def qlass(plan: Plan) -> SearchGraph:
    """Explore a tree of actions, propagate rewards as Q-values, expand where Q is highest."""
    assert plan.environment
    return plan.search(
        "qlass",
        operators={"act": act(plan.model, plan.environment)},
        policy=uct(
            "act",
            root="act",
            roots=2,
            width=2,
            value=q_value,
            done=is_complete,
            max_candidates=plan.samples or 24,
        ),
        scorer=environment_reward(),
        select=best_of(),
    )


def q_value(node: Node) -> float:
    """Return the reward so far, or the discounted Q-value of the best action after it."""
    return max([node.score, *(DISCOUNT * child.value for child in node.children)])
