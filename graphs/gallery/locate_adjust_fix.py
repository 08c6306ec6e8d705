"""Toggle: locate the bug, adjust the span, and rewrite only the span."""

from refinegraph.agents import Task, as_operator, prompted
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

LOCATE = """$problem

$solution

$evidence

Copy the shortest stretch of the code that holds the bug, exactly as it stands, and nothing else."""
ADJUST = """$problem

$solution

A bug was located here:
$note

Copy the stretch again, adjusted so that it begins and ends where the repair has to: as short as \
possible, exactly as it stands in the code, and nothing else."""
FIX = "{problem}\n\n{code}\n\nWrite what has to stand in place of this, and nothing else:\n{span}"


@recipe(
    "Toggle: token-granulated bug localization and repair",
    paper="arXiv 2404.11595",
    ideas=["repair", "decompose"],
    calls="1 + 3 r",
    departs="One model locates, adjusts and fixes by prompts; the paper trains one for each.",
)
def locate_adjust_fix(plan: Plan) -> SearchGraph:
    """Locate the faulty span, adjust its boundaries, and rewrite only the span."""
    rounds, model = 3 if plan.rounds is None else plan.rounds, plan.refiner_model or plan.model
    locate = prompted(model, LOCATE, makes="note").named("locate")
    adjust = prompted(model, ADJUST, makes="note").named("adjust")

    async def fix(task: Task) -> str:
        code, span = task.parent.content or task.parent.text, task.notes[-1].text.strip("`\n")
        prompt = FIX.format(problem=task.problem.prompt, code=code, span=span)
        written = (await generate(model, prompt)).choices[0].text.strip("`\n")
        return code.replace(span, written, 1) if span in code else written

    return plan.search(
        "locate-adjust-fix",
        operators={
            "write": plan.solver(samples=1, temperature=0.0),
            "fix": locate >> adjust >> as_operator(fix),
        },
        policy=schedule(move("write"), *[from_all("fix")] * rounds),
        select=best_of(),
    )
