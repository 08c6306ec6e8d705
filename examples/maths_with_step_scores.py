"""Score every step of a maths solution, and repair from the first step with a low score."""

import asyncio
from collections.abc import Sequence

from refinegraph import Candidate, Problem, Score
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.routing import AlwaysHard
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.stopping import rounds

WRONG = "1. Three pens cost 3 * 4 = 12.\n2. The book costs 12 + 5 = 18.\n\\boxed{18}"
RIGHT = "1. Three pens cost 3 * 4 = 12.\n2. With the book it is 12 + 5 = 17.\n\\boxed{17}"


def arithmetic(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    """Score every step by whether its sum is right; usually a process reward model does this."""
    scores: list[Score] = []
    for candidate in candidates:
        texts = [candidate.text[step.start : step.end] for step in candidate.steps]
        steps = tuple(0.1 if "12 + 5 = 18" in text else 0.9 for text in texts)
        scores.append(Score(scorer="arithmetic", value=min(steps), steps=steps))
    return scores


reviewer = ScriptedChatModel("VERDICT: wrong\nSTEP: 2\nWHY: 12 + 5 is 17\nCHANGE: the sum")
graph = refinement_graph(
    solver=Solver(ScriptedChatModel(WRONG)),
    reviewer=Reviewer(reviewer),
    refiner=Refiner(ScriptedChatModel(RIGHT)),
    scorer=arithmetic,
    router=AlwaysHard(),
    stop=rounds(1),
    select=best_of(),
)


async def main() -> None:
    """Print the Reviewer's evidence about the steps, and the answer."""
    text = "Three pens cost 4 each and a book costs 5. What is the total?"
    state = await graph.ainvoke({"problem": Problem(prompt=text, kind="math")})
    prompt = reviewer.calls[0].prompt
    print(next(line for line in prompt.splitlines() if line.startswith("The first step")))
    print(state["result"].answer)


if __name__ == "__main__":
    asyncio.run(main())
