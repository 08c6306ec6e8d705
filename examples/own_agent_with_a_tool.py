"""Write your own Reviewer: it runs the program in the sandbox instead of asking a model.

Any callable with the same signature can be a Reviewer, including a tool-calling agent.
"""

import asyncio

from refinegraph import Candidate, Problem, Review, Usage
from refinegraph.agents import Refiner, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.reviewer import Reviewed
from refinegraph.graphs import refinement_graph
from refinegraph.tools import execute_python

WRONG = "def middle(xs): return xs[len(xs) // 2 - 1]"
RIGHT = "def middle(xs): return xs[len(xs) // 2]"


class ToolReviewer:
    """Try the program on three lists with the tool `execute_python`."""

    tool = execute_python()

    async def __call__(
        self, problem: Problem, candidate: Candidate, *, trace: str = ""
    ) -> Reviewed:
        """Return a review with the output of the program."""
        calls = "\n".join(f"print({xs}, middle({xs}))" for xs in ([1], [1, 2, 3], [4, 5, 6, 7]))
        output = await self.tool.ainvoke({"code": f"{candidate.program}\n{calls}"})
        review = Review(
            candidate_id=candidate.id,
            round=candidate.round + 1,
            approves=False,
            evidence=str(output),
            text=f"WHY: it printed\n{output}",
        )
        return Reviewed(review, Usage())


refiner = ScriptedChatModel(RIGHT)
graph = refinement_graph(
    solver=Solver(ScriptedChatModel(WRONG)), reviewer=ToolReviewer(), refiner=Refiner(refiner)
)


async def main() -> None:
    """Repair one program using the output of the tool."""
    problem = Problem(prompt="Write middle(xs).", tests="assert middle([1, 2, 3]) == 2")
    result = (await graph.ainvoke({"problem": problem}))["result"]
    print(result.reviews[0].evidence.strip())
    print(f"solved: {result.solved}")


if __name__ == "__main__":
    asyncio.run(main())
