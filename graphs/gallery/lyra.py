"""Lyra: a failed proof is retried with other tools first, then rewritten."""

import re

from refinegraph.agents import Task, prompted
from refinegraph.graphs.policies import Wave, from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

TOOLS = ("simp", "norm_num", "linarith", "nlinarith", "omega", "decide")
REPAIR = """$problem

$solution

What the prover says:
$evidence

Write the whole proof again. $answer_format"""


@recipe(
    "Lyra: dual correction in theorem proving",
    paper="arXiv 2309.15806",
    ideas=["check", "repair"],
    needs=["checker"],
    calls="1 + r at most",
    departs="The tools are Lean's tactics; the paper uses Isabelle's, with Sledgehammer.",
)
def lyra(plan: Plan) -> SearchGraph:
    """Exchange the prover's tools first, then repair the proof from its messages."""
    rounds = 3 if plan.rounds is None else plan.rounds
    correct_tools = from_each("correct_tools", count=len(TOOLS))
    again: list[Wave] = [newest_proof, correct_tools]
    return plan.search(
        "lyra",
        operators={
            "prove": plan.solver(samples=1, temperature=0.0),
            "correct_tools": other_tools,
            "correct_proof": prompted(plan.refiner_model or plan.model, REPAIR),
        },
        policy=schedule(move("prove"), correct_tools, *again * rounds),
        select=latest(),
    )


def other_tools(task: Task) -> list[str]:
    """Return variants of the proof with its tools replaced. Costs no model call."""
    used = rf"\b({'|'.join(TOOLS)})\b"
    return [re.sub(used, tool, task.parent.text) for tool in TOOLS[: task.count]]


def newest_proof(state: RefinementState) -> Move:
    """Correct the newest proof that was written by the model."""
    written = [proof for proof in state.candidates if proof.operator != "correct_tools"]
    return move("correct_proof", written[-1])
