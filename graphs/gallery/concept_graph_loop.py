"""Agentic deep graph reasoning: a concept graph grows and forms the next prompt."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

THINK = """$problem

What is known so far, as a graph of concepts:
$notes

Which question about its least explored concept would help most? Ask it and answer it in a few \
sentences."""
RELATE = """$note

List the relations between concepts in this text, each as `- concept -> relation -> concept`."""
ANSWER = """$problem

A graph of concepts that was built for this problem:
$notes

Reason along its relations and solve the problem. $answer_format"""


@recipe(
    "Agentic Deep Graph Reasoning",
    paper="arXiv 2502.13025",
    ideas=["remember", "decompose"],
    calls="2 r + 1",
    departs="The graph is the list of its relations; the paper analyses it as a network.",
)
def concept_graph_loop(plan: Plan) -> SearchGraph:
    """Let the model ask and answer its own questions, add their relations to a graph, use it."""
    rounds = 3 if plan.rounds is None else plan.rounds
    think = prompted(plan.model, THINK, makes="note").named("think")
    relate = prompted(plan.model, RELATE, makes="notes", kind="fact").named("relate")
    return plan.search(
        "concept-graph-loop",
        operators={"grow": think >> relate, "answer": prompted(plan.model, ANSWER)},
        policy=schedule(*[move("grow")] * rounds, move("answer")),
        select=latest(),
    )
