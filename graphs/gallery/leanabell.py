"""Leanabell-Prover: the prover's messages are fed back into the chain of thought."""

from dataclasses import replace

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.provers import read_lean

PROVE = """$problem

Think about how to prove it, then write the whole proof in a fenced block of Lean 4 (```lean)."""
GO_ON = """$problem

Your thoughts and your proof so far:
$solution

The prover says:
$evidence

Go on from there: reflect on what the prover says, then write the whole proof again in a fenced \
block of Lean 4 (```lean)."""


@recipe(
    "Leanabell-Prover-V2",
    paper="arXiv 2507.08649",
    ideas=["check", "repair"],
    needs=["checker"],
    calls="n (1 + r) at most",
    departs="Works with any model; the paper trains it with the prover in the loop.",
)
def leanabell(plan: Plan) -> SearchGraph:
    """Write a proof, let the prover check it, and continue from its messages until it accepts."""
    rounds = 4 if plan.rounds is None else plan.rounds
    reader = plan.reader or (read_lean if plan.kind == "code" else None)
    return replace(plan, reader=reader).search(
        "leanabell",
        operators={
            "solve": prompted(plan.model, PROVE),
            "go_on": prompted(plan.model, GO_ON),
        },
        policy=schedule(move("solve", count=plan.samples or 1), *[from_each("go_on")] * rounds),
        select=best_of(),
    )
