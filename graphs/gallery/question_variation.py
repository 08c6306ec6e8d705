"""Answer a problem, and write variants of it as questions to learn from."""

from dataclasses import replace

from refinegraph.agents.operators import vary_problem
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.stopping import rounds
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "TT-SI: test-time self-improvement",
    paper="arXiv 2510.07841",
    ideas=["evolve"],
    calls="n + 3",
    departs="Writes the questions; the paper also trains on them before it answers.",
)
def question_variation(plan: Plan) -> SearchGraph:
    """Answer, and write rephrased, harder and new questions for `export --format question`."""
    samples = plan.samples or 1
    temperature = 0.8 if samples > 1 else 0.0
    patient = replace(plan, stop=plan.stop or rounds(2))
    return patient.search(
        "question-variation",
        operators={
            "solve": plan.solver(samples=samples, temperature=temperature),
            "vary": vary_problem(plan.model),
        },
        policy=schedule(move("solve", count=samples), move("vary")),
        select=majority_vote(),
    )
