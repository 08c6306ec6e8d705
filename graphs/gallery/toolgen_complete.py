"""ToolGen: the model marks where it needs a completion, and a tool fills it in."""

from refinegraph.agents import Draft, StepEnd, Task, as_operator, continue_from
from refinegraph.agents.models import Choice, generate
from refinegraph.agents.operators.continuation import states_answer
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

MARK = "<COMP>"
WRITE = f"Where a name from the repository has to come, write {MARK} in its place and stop."
CHOOSE = "{0}\n\nWhich of these comes next? Answer with its line alone.\n{1}"


@recipe(
    "ToolGen: autocompletion tools in code generation",
    paper="arXiv 2401.06391",
    ideas=["check", "decompose"],
    needs=["environment"],
    calls="2 for every mark + 1",
    departs="A prompt requests the markers; the paper trains the model on code with markers.",
)
def toolgen_complete(plan: Plan) -> SearchGraph:
    """Write up to a marker, query a completion tool, insert the best completion, continue."""
    make = plan.environment
    assert make
    step = StepEnd(stop=(MARK,))
    write = continue_from(plan.model, step=step, complete=finished, on_missing_prefix="ask")

    async def complete(task: Task) -> Draft:
        tool, so_far = make(), task.parent.text
        await tool.reset(task.problem)
        offered = (await tool.step(f"complete[{so_far}]")).text.splitlines()
        prompt = CHOOSE.format(so_far, "\n".join(offered))
        chosen = (await generate(plan.model, prompt)).choices[0].text.strip()
        fitting = chosen if chosen in offered or not offered else offered[0]
        return Draft(Choice(text=so_far + fitting), complete=False)

    return plan.search(
        "toolgen-complete",
        operators={"write": write, "go_on": as_operator(complete) >> write},
        policy=schedule(
            move("write", instruction=WRITE),
            *[from_unfinished("go_on", instruction=WRITE)] * (plan.rounds or 8),
        ),
        select=latest(),
    )


def finished(text: str) -> bool:
    """Return whether a text is a complete answer: its code block is closed, or it says so."""
    return text.rstrip().endswith("```") or states_answer(text)
