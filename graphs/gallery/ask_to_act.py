"""AskToAct: ask the user for what is missing before and while acting."""

from refinegraph.agents import Task, as_operator
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Note
from refinegraph.support.awaiting import settle

ASK = """{problem}

What the user has said since:
{known}

Is anything still missing, ambiguous or contradictory that a tool would have to be told? Then ask \
the user one question. Otherwise write `CLEAR`."""


@recipe(
    "AskToAct",
    paper="arXiv 2503.01940",
    ideas=["check", "route"],
    needs=["environment", "user"],
    calls="q + 1 + a, with q questions and a actions",
    departs="Any model asks; the paper trains one, which also corrects its own clarifications.",
)
def ask_to_act(plan: Plan) -> SearchGraph:
    """Ask the user about every missing parameter, then act with the answers."""
    assert plan.environment
    assert plan.user
    user, limit = plan.user, 3 if plan.rounds is None else plan.rounds

    async def clarify(task: Task) -> list[Note]:
        answers: list[Note] = []
        while len(answers) < limit:
            facts = "\n".join(note.text for note in answers)
            prompt = ASK.format(problem=task.problem.prompt, known=facts)
            question = (await generate(plan.model, prompt)).choices[0].text.strip()
            if "CLEAR" in question:
                break
            answers.append(Note(kind="fact", text=f"{question} {await settle(user(question))}"))
        return answers

    step = with_notes(act(plan.model, plan.environment), heading="The user said:")
    return plan.search(
        "ask-to-act",
        operators={"begin": as_operator(clarify) >> step, "act": step},
        policy=schedule(move("begin"), *[from_unfinished("act")] * 9),
        select=latest(),
    )
