"""GLLM: code for machines, grounded in documents and corrected by a chain of checks."""

from refinegraph.agents import approved, prompted
from refinegraph.agents.memory import recall, with_notes
from refinegraph.graphs.policies import Wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CHECKS = (
    "the syntax: is every word and number allowed there",
    "the domain: is every movement and setting safe and within limits",
    "the numbers: does the result agree with the dimensions that were asked for",
)
CHECK = """$problem

$solution

$evidence

Check only $instruction. Name each fault. End with `VERDICT: right` or `VERDICT: wrong`."""


@recipe(
    "GLLM (G-code)",
    paper="arXiv 2501.17584",
    ideas=["check", "repair", "remember"],
    needs=["memory"],
    calls="1 + 6 r at most",
    departs="The checks are prompts about the execution's result; the paper's are programs.",
)
def check_chain_gcode(plan: Plan) -> SearchGraph:
    """Write code from retrieved documents, and repair it after each of three checks."""
    assert plan.memory
    rounds, judge = 1 if plan.rounds is None else plan.rounds, plan.reviewer_model or plan.model
    check = prompted(judge, CHECK, makes="reviews").named("check")
    write = recall(plan.memory) >> with_notes(plan.solver(samples=1, temperature=0.0))
    return plan.search(
        "check-chain-gcode",
        operators={"write": write, "mend": check >> plan.refiner().unless(approved())},
        policy=schedule(move("write"), *[newest(what) for what in CHECKS] * rounds),
        select=latest(),
    )


def newest(what: str) -> Wave:
    """Return a wave that checks the newest version for one aspect."""
    return lambda state: move("mend", state.candidates[-1], instruction=what)
