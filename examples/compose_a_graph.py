"""Compose a graph from its parts: two samples, reviewed and repaired until the tests pass."""

import asyncio

from refinegraph import Problem
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import Sampling, resolve_model
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.routing import VerdictRouter
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.stopping import accepted, budget, rounds

model = resolve_model("embedded")  # or "ollama_chat/qwen3:8b", "openai/gpt-5-mini", …

graph = refinement_graph(
    solver=Solver(model, samples=2, sampling=Sampling(temperature=0.8, seed=1)),
    reviewer=Reviewer(model),
    refiner=Refiner(model),
    router=VerdictRouter(),
    stop=accepted() | rounds(3) | budget(tokens=20_000),
    select=best_of(),
)

PROBLEM = Problem(
    prompt="Write tidy(xs) for a list of integers. Sort the numbers, then drop the first 2.",
    tests="assert tidy([3, 1, 2, 9]) == [3, 9]\nassert tidy([5]) == []",
)


async def main() -> None:
    """Run the graph like any compiled LangGraph graph."""
    state = await graph.ainvoke({"problem": PROBLEM})
    result = state["result"]
    print(result.answer)
    print(f"solved: {result.solved}; {result.stop_reason.detail}")


if __name__ == "__main__":
    asyncio.run(main())
