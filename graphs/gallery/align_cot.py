"""AlignCoT: question analysis, answer guidance, then the answer."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe

ANALYSE = """$problem

Analyse the question: what is its intent, and what could go wrong in an answer? Do not answer."""
GUIDE = """$problem

Analysis:
$note

Write guidance for the answer: what it has to contain and what it has to avoid."""
ANSWER = """$problem

Guidance:
$note

Answer by the guidance. $answer_format"""


@recipe(
    "AlignCoT (mixture of insightful experts)",
    paper="arXiv 2405.00557",
    ideas=["decompose"],
    calls="3",
    departs="One model performs all stages; the paper trains an expert for each.",
)
def align_cot(plan: Plan) -> SearchGraph:
    """Analyse the question, write guidance for the answer, then answer with the guidance."""
    analyse = prompted(plan.model, ANALYSE, makes="note").named("analyse")
    guide = prompted(plan.model, GUIDE, makes="note").named("guide")
    return plan.search(
        "align-cot",
        operators={"solve": analyse >> guide >> prompted(plan.model, ANSWER)},
        policy=schedule(move("solve")),
    )
