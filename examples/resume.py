"""Stop before a node, inspect the state, and continue later, with LangGraph's checkpoints."""

import asyncio

from langgraph.checkpoint.memory import InMemorySaver

from refinegraph import Problem
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.checkpoints import checkpoint_serializer

graph = refinement_graph(
    solver=Solver(ScriptedChatModel("def add(a, b): return a - b")),
    reviewer=Reviewer(ScriptedChatModel("VERDICT: wrong\nCHANGE: add them")),
    refiner=Refiner(ScriptedChatModel("def add(a, b): return a + b")),
    checkpointer=InMemorySaver(serde=checkpoint_serializer()),
)


async def main() -> None:
    """Pause before the first refinement, then finish it."""
    thread = {"configurable": {"thread_id": "one"}}
    problem = Problem(prompt="Write add(a, b).", tests="assert add(1, 2) == 3")
    await graph.ainvoke({"problem": problem}, thread, interrupt_before=["refine"])
    paused = await graph.aget_state(thread)
    print(f"waiting for: {', '.join(paused.next)}")
    state = await graph.ainvoke(None, thread)
    print(f"solved: {state['result'].solved}")


if __name__ == "__main__":
    asyncio.run(main())
