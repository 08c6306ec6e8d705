"""A Reviewer of your own: it asks no model, it runs the program in the sandbox and says what came.

Any object with the same call is a Reviewer; so a tool-calling agent can be one as well.
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
        """Return what the program printed as the review."""
        tries = "\n".join(f"print({xs}, middle({xs}))" for xs in ([1], [1, 2, 3], [4, 5, 6, 7]))
        said = await self.tool.ainvoke({"code": f"{candidate.program}\n{tries}"})
        review = Review(
            candidate_id=candidate.id,
            round=candidate.round + 1,
            approves=False,
            evidence=str(said),
            text=f"WHY: it printed\n{said}",
        )
        return Reviewed(review, Usage())


refiner = ScriptedChatModel(RIGHT)
graph = refinement_graph(
    solver=Solver(ScriptedChatModel(WRONG)), reviewer=ToolReviewer(), refiner=Refiner(refiner)
)


async def main() -> None:
    """Repair one program with what the tool showed."""
    problem = Problem(prompt="Write middle(xs).", tests="assert middle([1, 2, 3]) == 2")
    result = (await graph.ainvoke({"problem": problem}))["result"]
    print(result.reviews[0].evidence.strip())
    print(f"solved: {result.solved}")


if __name__ == "__main__":
    asyncio.run(main())
