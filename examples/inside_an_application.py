"""Use refinement as one node of your own LangGraph application."""

import asyncio
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from refinegraph import Problem
from refinegraph.agents.models import resolve_model
from refinegraph.graphs.strategies import Plan, build_strategy


class Ticket(TypedDict, total=False):
    """The state of the application."""

    text: str
    tests: str
    reply: str


refine = build_strategy("adaptive", Plan(model=resolve_model("embedded"), seed=1))


async def write_code(ticket: Ticket) -> Ticket:
    """Solve the ticket with the refinement graph."""
    problem = Problem(prompt=ticket["text"], tests=ticket.get("tests", ""))
    result = (await refine.ainvoke({"problem": problem}))["result"]
    status = "proved by its tests" if result.solved else "not proved"
    return {"reply": f"{status}:\n{result.answer}"}


def close(ticket: Ticket) -> Ticket:
    """Add a greeting."""
    return {"reply": f"Here you are, {ticket['reply']}"}


application = StateGraph(Ticket)
application.add_node("write_code", write_code)
application.add_node("close", close)
application.add_edge(START, "write_code")
application.add_edge("write_code", "close")
application.add_edge("close", END)
app = application.compile()


async def main() -> None:
    """Send one ticket through the application."""
    text = "Write last_two(xs) for a list of integers. Take 2 numbers from the end."
    ticket = await app.ainvoke({"text": text, "tests": "assert last_two([1, 2, 3]) == [2, 3]"})
    print(ticket["reply"])


if __name__ == "__main__":
    asyncio.run(main())
