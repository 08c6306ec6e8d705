"""ThinkTuning: a teacher's feedback becomes part of the student's text, which continues."""

from refinegraph.agents import Draft, Task, as_operator, continue_from, prompted, rest
from refinegraph.agents.models import Choice
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

TEACH = """$problem

A student's solution:
$solution

Give corrective feedback in two or three sentences, in the first person, as the student's own \
second thoughts ("Wait, ..."). Do not give the answer."""


@recipe(
    "ThinkTuning",
    paper="arXiv 2508.07616",
    ideas=["repair"],
    calls="1 + 2 r",
    departs="The teacher (--reviewer-model) guides at test time; the paper trains the student on "
    "guided rollouts until it reasons in this way by itself.",
)
def thinktuning(plan: Plan) -> SearchGraph:
    """Append a teacher's feedback to the student's solution and let the student continue."""
    rounds = 1 if plan.rounds is None else plan.rounds
    teacher = prompted(plan.reviewer_model or plan.model, TEACH, makes="note")

    async def guide(task: Task) -> Draft:
        feedback = (await teacher.apply(task)).notes[0].text
        return Draft(Choice(text=f"{task.parent.text}\n\n{feedback}"), complete=False)

    go_on = continue_from(plan.model, step=rest(joiner="\n\n"), on_missing_prefix="ask")
    return plan.search(
        "thinktuning",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "guide": as_operator(guide) >> go_on,
        },
        policy=schedule(move("solve"), *[from_each("guide")] * rounds),
        select=latest(),
    )
