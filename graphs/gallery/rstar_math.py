"""rStar-Math: tree search over steps with executable code, valued by a process model."""

from dataclasses import replace

from refinegraph.agents.environments import PythonSession, act
from refinegraph.graphs.policies import is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.scorers import product_of, score_each


@recipe(
    "rStar-Math",
    paper="arXiv 2501.04519",
    ideas=["search", "check"],
    needs=["scorer"],
    calls="n",
    departs="Requires a process model; the paper evolves it and the policy over four rounds.",
)
def rstar_math(plan: Plan) -> SearchGraph:
    """Search over steps that run code; a step whose code fails has no value."""
    make = plan.environment or (lambda: PythonSession(plan.sandbox))
    process = [plan.scorer] if callable(plan.scorer) else plan.scorer or ()
    valued = product_of(score_each(code_runs, name="code"), *process, floor=0.0)
    return replace(plan, scorer=valued).search(
        "rstar-math",
        operators={"step": act(plan.model, make)},
        policy=uct(
            "step",
            root="step",
            roots=4,
            width=4,
            done=is_complete,
            max_candidates=plan.samples or 48,
        ),
        select=best_of(),
    )


def code_runs(problem: Problem, path: Candidate) -> float:
    """Return 0 if the code of the last step raised an error, otherwise 1."""
    return float("Error" not in path.text.rpartition("Observation:")[2])
