"""LLM guided evolution: mutation and crossover of code, with thoughts about earlier changes."""

from refinegraph.agents import Task, prompted
from refinegraph.graphs.policies import archive
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate

THINK = """$problem

A program, and the ones that it was made from:
$solutions

$evidence

In two sentences: which of the changes made it better or worse, and why?"""
MUTATE = """$problem

$solution

What earlier changes taught:
$note

Write the whole program again with one change that should make it better. $answer_format"""
CROSS = """$problem

$solutions

Write one whole program that joins what is best in both. $answer_format"""


@recipe(
    "LLM Guided Evolution",
    paper="arXiv 2403.11446",
    ideas=["evolve"],
    calls="1.5 n",
    departs="Fitness is the share of visible tests passed; the paper trains the evolved networks.",
)
def guided_evolution(plan: Plan) -> SearchGraph:
    """Mutate and cross programs, guided by reflections on the effect of earlier changes."""
    think = prompted(plan.reviewer_model or plan.model, THINK, makes="note").named("think")
    population = archive(
        {"mutate": 1, "cross": 2}, islands=1, roots=4, batch=2, max_candidates=plan.samples or 16
    )
    return plan.search(
        "guided-evolution",
        operators={
            "solve": plan.solver(samples=4, temperature=1.0),
            "mutate": think.over(lineage) >> prompted(plan.model, MUTATE),
            "cross": prompted(plan.model, CROSS),
        },
        policy=population,
        select=best_of(),
    )


def lineage(task: Task) -> list[Candidate]:
    """Return the program and its ancestors, newest first."""
    return [task.parent, *reversed(task.earlier_attempts)]
