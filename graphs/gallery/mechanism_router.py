"""ALAMA: the agent activates the mechanism that the task needs."""

from refinegraph.agents import approved, prompted, run_code
from refinegraph.graphs.policies import Wave, move, schedule, supervised
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

OUTLINE = "$problem\n\nWrite a plan in a few lines. Do not carry it out."
CARRY_OUT = "$problem\n\nPlan:\n$note\n\nCarry it out. $answer_format"
PROGRAM = "$problem\n\nWrite a Python program in a fenced block that prints the answer."
READ = "$problem\n\n$solution\n\nIt printed:\n$note\n\nState the answer. $answer_format"


@recipe(
    "ALAMA / UniAct (adaptive mechanism activation)",
    paper="arXiv 2412.00722",
    ideas=["route"],
    calls="1, and 1 to 3 for the mechanism",
    departs="The model is asked to choose; the paper learns the choice from explored trajectories, "
    "and also has a mechanism with memory.",
)
def mechanism_router(plan: Plan) -> SearchGraph:
    """Choose between reasoning, planning, reflecting and running code, then solve."""
    solver = plan.solver(samples=1, temperature=0.0)
    menu: dict[str, Wave] = {
        "reason": move("reason"),
        "plan": move("plan"),
        "reflect": move("reflect"),
        "run code": move("code"),
    }
    return plan.search(
        "mechanism-router",
        operators={
            "reason": solver,
            "plan": prompted(plan.model, OUTLINE, makes="note") >> prompted(plan.model, CARRY_OUT),
            "reflect": solver >> plan.reviewer() >> plan.refiner().unless(approved()),
            "code": prompted(plan.model, PROGRAM)
            >> run_code(plan.sandbox)
            >> prompted(plan.model, READ).named("read"),
        },
        policy=schedule(supervised(plan.model, menu)),
        select=latest(),
    )
