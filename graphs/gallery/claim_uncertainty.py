"""Fact-checking by token-level uncertainty: doubtful claims are detected and retracted."""

from refinegraph.agents import Task, as_operator, prompted
from refinegraph.agents.judges.p_true import probability_of
from refinegraph.agents.models import Sampling, generate
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Note

CLAIMS = """$problem

$solution

List the claims that this makes about facts, each as `1. ...` and so that it can be read alone."""
HOLDS = "{0}\n\nClaim: {1}\n\nIs the claim true? Answer with True or False alone."
MARK = """$problem

$solution

These claims in it are doubtful:
$note

Write it again without them, and without any new claim. $answer_format"""


@recipe(
    "Claim-conditioned probability (CCP)",
    paper="arXiv 2403.04696",
    ideas=["check", "repair"],
    needs=["logprobs"],
    calls="2 + 1 for every claim + 1",
    departs="A claim's probability is that of `True`; the paper's is that of its own tokens.",
)
def claim_uncertainty(plan: Plan) -> SearchGraph:
    """Split a text into claims, measure their probabilities, and retract the doubtful ones."""
    split = prompted(plan.model, CLAIMS, makes="notes", kind="fact").named("split")

    async def doubt(task: Task) -> Note | None:
        doubtful: list[str] = []
        for claim in [note.text for note in task.notes if note.kind == "fact"]:
            prompt = HOLDS.format(task.problem.prompt, claim)
            sampling = Sampling(temperature=0.0, max_tokens=4, logprobs=20)
            choice = (await generate(plan.model, prompt, sampling=sampling)).choices[0]
            if (probability_of(choice) or 0.0) < 0.5:
                doubtful.append(f"- {claim}")
        return Note(about=task.parent.id, text="\n".join(doubtful)) if doubtful else None

    any_doubt = prompted(plan.model, MARK).when(lambda task: task.notes[-1].kind == "lesson")
    return plan.search(
        "claim-uncertainty",
        operators={
            "write": plan.solver(samples=1, temperature=0.0),
            "check": split >> as_operator(doubt) >> any_doubt,
        },
        policy=schedule(move("write"), from_all("check")),
        select=latest(),
    )
