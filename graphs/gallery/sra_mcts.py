"""SRA-MCTS: tree search over a verbal plan, then its translation into code."""

from refinegraph.agents import Judge, prompted
from refinegraph.graphs.policies import in_turn, move, ranked, schedule, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

THINK = """$problem

The plan so far, where there is one:
$solutions

Write the plan so far and one more step of it, in words and without code."""
TRANSLATE = """$problem

Plan:
$solution

Carry out the plan. $answer_format"""


@recipe(
    "SRA-MCTS",
    paper="arXiv 2411.11053",
    ideas=["search", "decompose", "judge"],
    calls="2 n + 2",
    departs="The paper also trains the model on the plans and the resulting code.",
)
def sra_mcts(plan: Plan) -> SearchGraph:
    """Search a tree of verbal plans, judged after every step, and carry out the best."""
    think = prompted(plan.model, THINK, complete=False)
    tree = uct("think", root="think", roots=2, width=2, max_candidates=plan.samples or 10)
    return plan.search(
        "sra-mcts",
        operators={"think": think, "write": prompted(plan.model, TRANSLATE)},
        policy=in_turn(tree, schedule(carry_out_best)),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=latest(),
    )


def carry_out_best(state: RefinementState) -> list[Move]:
    """Translate the plan with the best score."""
    return [move("write", best) for best in ranked(state.candidates)[:1]]
