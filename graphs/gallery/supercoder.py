"""SuperCoder2.0: localise from coarse to fine, edit at several temperatures, retry."""

from refinegraph.agents import prompted
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

COARSE = "$problem\n\nWhich files or classes have to change? List them with a reason each."
FINE = "$problem\n\nPlaces to change:\n$note\n\nWhich functions and lines there exactly, and how?"
EDIT = """$problem

What has to change:
$note

Write the whole code with these changes. $answer_format"""
RETRY = """$problem

$solution

$evidence

Find the cause in the traceback and write the whole code again. $answer_format"""
TEMPERATURES = (0.0, 0.5, 1.0)
"""The temperature of each edit."""


@recipe(
    "SuperCoder2.0",
    paper="arXiv 2409.11190",
    ideas=["decompose", "check", "repair"],
    calls="2 + 3 + r",
    departs="The problem contains the code to change; the paper retrieves it from a repository.",
)
def supercoder(plan: Plan) -> SearchGraph:
    """Localise in two stages, edit at three temperatures, retry the best with its traceback."""
    rounds = 3 if plan.rounds is None else plan.rounds
    coarse = prompted(plan.model, COARSE, makes="note").named("coarse")
    fine = prompted(plan.model, FINE, makes="note").named("fine")
    edits = {
        f"edit{number}": prompted(plan.model, EDIT, sampling=Sampling(temperature=value))
        for number, value in enumerate(TEMPERATURES)
    }
    return plan.search(
        "supercoder",
        operators={
            "localise": coarse >> fine,
            **edits,
            "retry": prompted(plan.refiner_model or plan.model, RETRY),
        },
        policy=schedule(
            move("localise"), [move(edit) for edit in edits], *[from_all("retry", best=1)] * rounds
        ),
        select=best_of(),
    )
