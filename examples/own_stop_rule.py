"""Write your own stop rule: a function of the state that returns a reason, or None to continue."""

import asyncio

from refinegraph import Problem, StopReason
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import RefinementState, refinement_graph
from refinegraph.graphs.stopping import accepted, rounds

MODEL = ScriptedChatModel("def half(x): return x // 3", cycle=True)


def nothing_gained(state: RefinementState) -> StopReason | None:
    """Stop when a round of refinement does not improve the best score."""

    def best_score(last_round: int) -> float:
        scores = [c.score or 0.0 for c in state.candidates if c.round <= last_round]
        return max(scores, default=0.0)

    if state.round and best_score(state.round) <= best_score(state.round - 1):
        return StopReason(rule="nothing_gained", detail=f"round {state.round} gained nothing")
    return None


graph = refinement_graph(
    solver=Solver(MODEL),
    reviewer=Reviewer(MODEL),
    refiner=Refiner(MODEL),
    stop=accepted() | rounds(5) | nothing_gained,
)


async def main() -> None:
    """Stop after one round, since the model always gives the same answer."""
    problem = Problem(prompt="Write half(x).", tests="assert half(4) == 2")
    result = (await graph.ainvoke({"problem": problem}))["result"]
    print(f"{result.rounds} round; stopped by {result.stop_reason.rule}")


if __name__ == "__main__":
    asyncio.run(main())
