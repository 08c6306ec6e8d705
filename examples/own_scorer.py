"""Write your own scorer: among several programs that pass, the shortest is the best."""

import asyncio
from collections.abc import Sequence

from refinegraph import Candidate, Problem, Score
from refinegraph.agents import Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.routing import AlwaysEasy
from refinegraph.graphs.selection import best_of
from refinegraph.tools.scorers import execution, product_of

LONG = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return result"
SHORT = "def total(xs):\n    return sum(xs)"
WRONG = "def total(xs): return 0"


def brevity(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    """Return a score between 0 and 1 that is higher for a shorter program."""
    lengths = [len(candidate.program or "") for candidate in candidates]
    return [Score(scorer="brevity", value=1 / (1 + length / 100)) for length in lengths]


graph = refinement_graph(
    solver=Solver(ScriptedChatModel([LONG, SHORT, WRONG]), samples=3),
    scorer=product_of(execution(), brevity),
    router=AlwaysEasy(),
    select=best_of(),
)


async def main() -> None:
    """Print the shortest correct program."""
    problem = Problem(prompt="Write total(xs).", tests="assert total([1, 2]) == 3")
    result = (await graph.ainvoke({"problem": problem}))["result"]
    print(result.answer)


if __name__ == "__main__":
    asyncio.run(main())
