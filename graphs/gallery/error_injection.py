"""Inject an error into an answer, then see whether review and repair find it."""

from dataclasses import replace

from refinegraph.agents.operators import damage
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.stopping import rounds
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "RISE: error-injected self-editing",
    paper="arXiv 2410.06638",
    ideas=["repair", "check"],
    calls="3 n",
    departs="A mutation or a changed number is the error; the paper has a model edit its solution. "
    "It makes training data and measures recovery, and is no way to solve a problem.",
)
def error_injection(plan: Plan) -> SearchGraph:
    """Damage each answer at one place, then review and repair it; for data and for probing."""
    patient = replace(plan, stop=plan.stop or rounds(2))
    return patient.search(
        "error-injection",
        operators={
            "solve": plan.solver(samples=plan.samples or 1, temperature=0.0),
            "damage": damage(seed=plan.seed or 0),
            "repair": plan.reviewer() >> plan.refiner(),
        },
        policy=schedule(
            move("solve", count=plan.samples or 1), from_each("damage"), from_each("repair")
        ),
        select=latest(),
    )
