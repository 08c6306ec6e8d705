"""Text2Reward: code is refined from its errors and a person's feedback."""

from refinegraph.agents import Task, approved, as_operator
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Review
from refinegraph.support.awaiting import settle


@recipe(
    "Text2Reward",
    paper="arXiv 2309.11489",
    ideas=["repair"],
    needs=["user"],
    calls="1 + r at most",
    departs="The person sees the code and its test results; the paper trains an agent with the "
    "reward code and shows its behaviour.",
)
def text2reward(plan: Plan) -> SearchGraph:
    """Write code, ask a person for feedback, and refine it until there is none."""
    assert plan.user
    rounds, user = 3 if plan.rounds is None else plan.rounds, plan.user

    async def feedback(task: Task) -> Review:
        shown = task.parent.program or task.parent.text
        comment = await settle(user(f"{shown}\n\nWhat should be changed? Nothing if it is fine."))
        return Review(
            candidate_id=task.parent.id,
            round=task.round,
            approves=not comment.strip(),
            text=comment,
        )

    return plan.search(
        "text2reward",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "refine": as_operator(feedback) >> plan.refiner().unless(approved()),
        },
        policy=schedule(move("solve"), *[from_each("refine")] * rounds),
        select=latest(),
    )
