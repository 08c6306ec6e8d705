"""CPL: tree search over the steps of a plan, each with an advantage, then its execution."""

from refinegraph.agents import Judge, prompted
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import in_turn, move, schedule, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

THINK = """$problem

The plan so far, where there is one:
$solutions

Copy the plan so far and add one high-level step: what to find out or to apply next, without \
carrying it out."""
VALUE = """$problem

A plan so far:
$solution

How likely does it lead to the right answer? Reply with one JSON object: \
{"reason": "one sentence", "score": 0 to 10}"""
CARRY_OUT = "$problem\n\nPlan:\n$solution\n\nCarry out the plan step by step. $answer_format"


@recipe(
    "CPL (critical plan step learning)",
    paper="arXiv 2409.08642",
    ideas=["search", "decompose"],
    calls="2 n + 2 m, with m executed plans",
    departs="Plans whose last step raised their value are carried out; the paper trains "
    "on the advantages of steps.",
)
def critical_plan_steps(plan: Plan) -> SearchGraph:
    """Search over plan steps, carry out the plans with the most critical last step, vote."""
    think = prompted(plan.model, THINK, complete=False)
    tree = uct("think", root="think", roots=2, width=2, max_candidates=plan.samples or 10)
    return plan.search(
        "critical-plan-steps",
        operators={"think": think, "solve": prompted(plan.model, CARRY_OUT)},
        policy=in_turn(tree, schedule(critical)),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=Prompt(user=VALUE)),
        select=majority_vote(),
    )


def critical(state: RefinementState) -> list[Move]:
    """Carry out the three plans whose last step has the largest advantage over its parent."""
    values = {candidate.id: candidate.score or 0.0 for candidate in state.candidates}

    def advantage(id: str, parent: str | None) -> float:
        return values[id] - values.get(parent or "", 0.0)

    plans = sorted(state.candidates, key=lambda c: -advantage(c.id, c.parent_id))
    return [move("solve", candidate) for candidate in plans[:3]]
