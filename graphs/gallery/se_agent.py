"""SE-Agent: revise, recombine and refine whole episodes."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import Wave, from_unfinished, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REVISE = """$problem

An earlier episode:
$solution

What is its weakest assumption? Propose a strategy that differs from it on purpose."""
RECOMBINE = """$problem

Earlier episodes:
$solutions

What is strong in each of them? Propose one strategy that joins it."""
REFINE = """$problem

The best episodes so far:
$solutions

What in them is superfluous or risky? Propose a strategy that keeps what works alone."""


@recipe(
    "SE-Agent",
    paper="arXiv 2508.02085",
    ideas=["evolve", "repair"],
    needs=["environment"],
    calls="(2 n + 2) episodes + n + 2",
)
def se_agent(plan: Plan) -> SearchGraph:
    """Revise single episodes, recombine the best two, then refine the best."""
    assert plan.environment
    samples, step = plan.samples or 3, act(plan.model, plan.environment)
    anew = with_notes(step.over(lambda task: ()), heading="Strategy:", limit=1)
    lessons = {"revise": REVISE, "recombine": RECOMBINE, "refine": REFINE}
    operators = {
        name: prompted(plan.model, prompt, makes="note").named("propose") >> anew
        for name, prompt in lessons.items()
    }
    episode = [from_unfinished("act")] * 9
    later: list[Wave] = [wave for name in lessons for wave in (finished(name), *episode)]
    return plan.search(
        "se-agent",
        operators={"act": step, **operators},
        policy=schedule(move("act", count=samples), *episode, *later),
        scorer=environment_reward(),
        select=best_of(),
    )


def finished(operator: str) -> Wave:
    """Return moves that revise each finished episode, or one move from the best two."""

    def wave(state: RefinementState) -> list[Move]:
        done = ranked([episode for episode in state.candidates if episode.complete])
        if operator == "revise":
            return [move(operator, episode) for episode in done]
        return [move(operator, *done[:2])] if done else []

    return wave
