"""MetaReflection: lessons of past trials become an instruction for later ones."""

from refinegraph.agents import Task, as_operator
from refinegraph.agents.memory import with_notes
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.prompt_evolution import is_right
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Note

REFLECT = "{0}\n\nYour answer, which is wrong:\n{1}\n\nWhat did you do wrong? Answer in a sentence."
UPDATE = """Instructions so far:
{0}

What went wrong in another trial: {1}

Write the instructions again so that they prevent this too, for problems of every kind, without \
any detail of this one."""


@recipe(
    "MetaReflection",
    paper="arXiv 2405.13009",
    ideas=["remember"],
    needs=["examples"],
    calls="e + 2 for every example that fails + 1",
    departs="Instructions are updated after each trial; the paper also checks every update.",
)
def metareflection(plan: Plan) -> SearchGraph:
    """Learn an instruction from reflections on solved problems, then solve with it."""

    async def ask(text: str) -> str:
        return (await generate(plan.model, text)).choices[0].text

    async def learn(task: Task) -> Note:
        learnt = ""
        for example in plan.examples:
            prompt = f"{example.problem.prompt}\n\n{learnt}"
            tried = await ask(prompt)
            if not await is_right(tried, example, sandbox=plan.sandbox):
                learnt = await ask(UPDATE.format(learnt, await ask(REFLECT.format(prompt, tried))))
        return Note(text=learnt or "Nothing went wrong so far.")

    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="From experience:")
    return plan.search(
        "metareflection",
        operators={"solve": as_operator(learn) >> solver},
        policy=schedule(move("solve")),
        select=latest(),
    )
