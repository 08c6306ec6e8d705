"""Instruct-of-Reflection: an instructor decides how each round of reflection continues."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import Wave, move, supervised
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move
from refinegraph.tools.grouping import answer_groups

ABSTRACT = """$problem

Describe in general terms, without numbers, how problems of this kind are solved."""
REFLECT = """$problem

The way to solve such problems:
$note

Your answer:
$solution

Reflect on your answer and solve the problem again. $answer_format"""
SELECT = """$problem

The way to solve such problems:
$note

$solutions

These answers differ. Compare them and write down the right one. $answer_format"""


@recipe(
    "Instruct-of-Reflection (IoRT)",
    paper="arXiv 2503.00902",
    ideas=["repair", "route"],
    calls="3 + 2 r at most",
    departs="The meta-thought is generated for the problem; the paper may also retrieve it.",
)
def instruct_of_reflection(plan: Plan) -> SearchGraph:
    """Let an instructor refresh, select or stop, depending on the last two answers."""
    abstract = prompted(plan.model, ABSTRACT, makes="note").named("abstract")
    menu: dict[str, Wave] = {"refresh": refresh, "select": select}
    rounds, judge = 4 if plan.rounds is None else plan.rounds, plan.reviewer_model or plan.model
    instructor = supervised(judge, menu, max_candidates=1 + rounds)
    return plan.search(
        "instruct-of-reflection",
        operators={
            "solve": abstract >> plan.solver(samples=1, temperature=0.0),
            "reflect": prompted(plan.model, REFLECT),
            "decide": prompted(plan.model, SELECT),
        },
        policy=lambda state: instructor(state) if state.candidates else move("solve"),
        select=latest(),
    )


def refresh(state: RefinementState) -> list[Move]:
    """Reflect on the last answer again, because it is unsure or the only one."""
    return [move("reflect", state.candidates[-1])]


def select(state: RefinementState) -> list[Move]:
    """Decide between the last two answers, which differ."""
    last = state.candidates[-2:]
    differ = len(answer_groups(state.problem, last)) > 1
    return [move("decide", *last)] if differ else []
