"""Re-ReST: a reflector repairs failed samples of an agent from what the environment said."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.agents.memory import informed
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REFLECT = """$problem

An agent's episode, with what the environment said:
$solution

It failed. What should be done differently, action by action?"""


@recipe(
    "Re-ReST (reflection-reinforced self-training)",
    paper="arXiv 2406.01495",
    ideas=["repair"],
    needs=["environment"],
    calls="n a + f (1 + a), with a actions an episode and f failed samples",
    departs="The repaired samples compete for the answer; the paper trains agent and reflector "
    "on them.",
)
def re_rest(plan: Plan) -> SearchGraph:
    """Sample episodes, let a reflector mend those that failed, take the one with most reward."""
    assert plan.environment
    step = act(plan.model, plan.environment)
    reflect = prompted(plan.reviewer_model or plan.model, REFLECT, makes="note").named("reflect")
    guided = informed(step, heading="From the reflector:", limit=1)
    return plan.search(
        "re-rest",
        operators={"act": step, "mend": reflect >> guided, "go_on": guided},
        policy=schedule(
            move("act", count=plan.samples or 3),
            *[from_unfinished("act")] * 9,
            failed_ones,
            *[from_unfinished("go_on")] * 9,
        ),
        scorer=environment_reward(),
        select=best_of(),
    )


def failed_ones(state: RefinementState) -> list[Move]:
    """Begin every finished episode anew that has no positive reward."""
    failed = [each for each in state.candidates if each.complete and (each.score or 0.0) <= 0]
    return [move("mend", each, keep=0) for each in failed]
