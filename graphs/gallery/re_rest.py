"""Re-ReST: a reflector repairs an agent's failed samples from the environment's feedback."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.agents.memory import with_notes
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
    calls="n a + f (1 + a), with a actions per episode and f failed samples",
    departs="The repaired samples compete for the answer; the paper trains agent and reflector "
    "on them.",
)
def re_rest(plan: Plan) -> SearchGraph:
    """Sample episodes, let a reflector repair failed ones, take the highest reward."""
    assert plan.environment
    step = act(plan.model, plan.environment)
    reflect = prompted(plan.reviewer_model or plan.model, REFLECT, makes="note").named("reflect")
    guided = with_notes(step, heading="From the reflector:", limit=1)
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
    """Restart every finished episode without a positive reward."""
    failed = [c for c in state.candidates if c.complete and (c.score or 0.0) <= 0]
    return [move("mend", episode, keep=0) for episode in failed]
