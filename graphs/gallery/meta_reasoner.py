"""Meta-Reasoner."""

from refinegraph.agents import continue_from, paragraph, rest
from refinegraph.graphs.policies import Wave, finishing, move, supervised
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move


@recipe(
    "Meta-Reasoner",
    paper="arXiv 2502.19918",
    ideas=["route", "search"],
    calls="2 for every step",
    departs="The supervisor chooses by its own judgement; the paper's is a contextual bandit.",
)
def meta_reasoner(plan: Plan) -> SearchGraph:
    """Let a supervisor decide after every step whether to continue, backtrack or restart."""
    judge = plan.reviewer_model or plan.model
    menu: dict[str, Wave] = {"restart": move("step"), "go on": go_on, "backtrack": backtrack}
    return plan.search(
        "meta-reasoner",
        operators={
            "step": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            supervised(judge, menu, progress=written, max_candidates=plan.samples or 12), "finish"
        ),
        select=latest(),
    )


def written(state: RefinementState) -> str:
    """Show the supervisor the reasoning so far."""
    return state.candidates[-1].text if state.candidates else "Nothing was written yet."


def go_on(state: RefinementState) -> list[Move]:
    """Write the next step of the solution."""
    return [move("step", last) for last in state.candidates[-1:] if not last.complete]


def backtrack(state: RefinementState) -> list[Move]:
    """Take the last step back and write another one."""
    return [move("step", c, keep=max(0, len(c.steps) - 1)) for c in state.candidates[-1:]]
