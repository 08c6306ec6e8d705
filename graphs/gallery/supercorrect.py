"""SuperCorrect: a teacher's thought template, and its correction of the first wrong thought."""

from refinegraph.agents import StepJudge, continue_from, prompted, rest, trusted_steps
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

TEMPLATE = """$problem

Write a thought template for problems of this kind: the general idea in one sentence, then the \
detailed thoughts in their order, without the numbers of this case."""
MEND = """$problem

$solution

$instruction Say why, and write the right one. Write nothing of what follows it."""


@recipe(
    "SuperCorrect",
    paper="arXiv 2410.09008",
    ideas=["repair", "decompose"],
    calls="3 + 3 r",
    departs="The teacher (--reviewer-model) helps at test time; the paper distils it into the "
    "student. Finished programs have no steps and stay as they are.",
)
def supercorrect(plan: Plan) -> SearchGraph:
    """Follow a teacher's template, and continue after its correction of the first error."""
    rounds = 1 if plan.rounds is None else plan.rounds
    teacher = plan.reviewer_model or plan.model
    solver = plan.solver(samples=1, temperature=0.7)
    go_on = continue_from(plan.model, step=rest(), on_missing_prefix="ask")
    return plan.search(
        "supercorrect",
        operators={
            "solve": prompted(teacher, TEMPLATE, makes="note").named("template")
            >> with_notes(solver, heading="Follow this template:", limit=1),
            "mend": prompted(teacher, MEND, makes="note").named("teach")
            >> with_notes(go_on, heading="Your teacher says:", limit=1),
        },
        policy=schedule(move("solve"), *[from_first_mistake] * rounds),
        scorer=StepJudge(teacher),
        select=latest(),
    )


def from_first_mistake(state: RefinementState) -> list[Move]:
    """Correct the first wrong thought of the newest solution, if there is one."""
    moves: list[Move] = []
    for candidate in last_wave(state):
        good = trusted_steps(candidate)
        if good < len(candidate.steps):
            step = candidate.steps[good]
            wrong = f"This thought is wrong: {candidate.text[step.start : step.end]}"
            moves.append(move("mend", candidate, keep=good, instruction=wrong))
    return moves
