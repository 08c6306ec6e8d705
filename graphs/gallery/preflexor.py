"""PRefLexOR: reflect on the reasoning and rewrite it, grounded in retrieved knowledge."""

from refinegraph.agents import prompted
from refinegraph.agents.memory import recall
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

THINK = """$problem

What is known:
$notes

Write your thinking between <|thinking|> and <|/thinking|>, then the answer. $answer_format"""
REFLECT = """$problem

$solution

Reflect on the thinking section alone: what is missing, unclear or wrong in it, and how can it be \
made better? Do not answer the question."""
RETHINK = """$problem

$solution

What is known, and the reflection last:
$notes

Write the thinking section anew as the reflection demands, between <|thinking|> and \
<|/thinking|>, then the answer that follows from it. $answer_format"""


@recipe(
    "PRefLexOR",
    paper="arXiv 2410.12375",
    ideas=["repair", "remember"],
    needs=["memory"],
    calls="1 + 2 r",
    departs="A reflection is a separate call; the paper trains one model to think and reflect, "
    "and grows its graph of knowledge in training.",
)
def preflexor(plan: Plan) -> SearchGraph:
    """Reason with retrieved knowledge, reflect, retrieve again and reason again."""
    assert plan.memory
    rounds = 2 if plan.rounds is None else plan.rounds
    critic = prompted(plan.reviewer_model or plan.model, REFLECT, makes="note").named("reflect")
    return plan.search(
        "preflexor",
        operators={
            "solve": recall(plan.memory) >> prompted(plan.model, THINK).named("think"),
            "again": recall(plan.memory) >> critic >> prompted(plan.model, RETHINK),
        },
        policy=schedule(move("solve"), *[from_all("again")] * rounds),
        select=latest(),
    )
