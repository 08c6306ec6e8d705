"""A stop rule of your own: any function from the state to a reason, or None to go on."""

import asyncio

from refinegraph import Problem, StopReason
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import RefinementState, refinement_graph
from refinegraph.graphs.stopping import accepted, rounds

MODEL = ScriptedChatModel("def half(x): return x // 3", cycle=True)


def nothing_gained(state: RefinementState) -> StopReason | None:
    """Stop when a round of refinement passed no test more than the round before."""
    best = [
        max((each.score or 0.0 for each in state.candidates if each.round <= number), default=0.0)
        for number in (state.round - 1, state.round)
    ]
    if state.round and best[1] <= best[0]:
        return StopReason(rule="nothing_gained", detail=f"round {state.round} gained nothing")
    return None


graph = refinement_graph(
    solver=Solver(MODEL),
    reviewer=Reviewer(MODEL),
    refiner=Refiner(MODEL),
    stop=accepted() | rounds(5) | nothing_gained,
)


async def main() -> None:
    """Stop after one round, since the model says the same every time."""
    problem = Problem(prompt="Write half(x).", tests="assert half(4) == 2")
    result = (await graph.ainvoke({"problem": problem}))["result"]
    print(f"{result.rounds} round; stopped by {result.stop_reason.rule}")


if __name__ == "__main__":
    asyncio.run(main())
