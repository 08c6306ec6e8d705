"""ARG: decide whether to retrieve, criticise the results, and continue along the graph."""

from refinegraph.agents import Task, prompted
from refinegraph.agents.memory import recall
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

DECIDE = """$problem

Known so far:
$notes

Is a fact missing that has to be looked up? Answer `RETRIEVE: ` and what to look for, or \
`ENOUGH`."""
CRITICISE = """$problem

Found, and before that what was looked for:
$notes

Which of these facts bear on the problem, and which entities do they lead to next? Copy the ones \
that do; leave out the others."""
ANSWER = """$problem

The path through the facts:
$notes

Reason along this path, naming each fact that you use. $answer_format"""


@recipe(
    "ARG (active self-reflection over knowledge graphs)",
    paper="arXiv 2502.14932",
    ideas=["remember", "check"],
    needs=["memory"],
    calls="1 + 2 h at most, with h hops (--rounds)",
    departs="Facts are retrieved by text search; the paper walks triples of a graph and trains "
    "the special tokens by which the model decides and criticises.",
)
def reflective_graph_rag(plan: Plan) -> SearchGraph:
    """Retrieve only if a fact is missing, keep what is relevant, and follow it further."""
    assert plan.memory
    hops = 2 if plan.rounds is None else plan.rounds
    decide = prompted(plan.model, DECIDE, makes="note").named("decide")
    look = recall(plan.memory, query=lambda task: task.notes[-1].text).when(wanted)
    criticise = prompted(plan.reviewer_model or plan.model, CRITICISE, makes="note").when(found)
    hop = decide.unless(enough) >> look >> criticise.named("criticise")
    chain = hop
    for _ in range(hops - 1):
        chain = chain >> hop
    return plan.search(
        "reflective-graph-rag",
        operators={"solve": chain >> prompted(plan.model, ANSWER)},
        policy=schedule(move("solve")),
        select=latest(),
    )


def enough(task: Task) -> bool:
    """True if the model has said that nothing is missing."""
    return any("ENOUGH" in note.text for note in task.notes)


def wanted(task: Task) -> bool:
    """True if the model has just asked for something."""
    return bool(task.notes) and "RETRIEVE:" in task.notes[-1].text


def found(task: Task) -> bool:
    """True if something new was retrieved."""
    return bool(task.notes) and task.notes[-1].kind == "fact"
