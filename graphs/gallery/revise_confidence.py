"""ReVISE: verify, correct doubtful answers, vote by confidence."""

from refinegraph.agents import p_true, prompted
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REVISE = """$problem

$solution

This solution may be wrong. Write a corrected one. $answer_format"""


@recipe(
    "ReVISE",
    paper="arXiv 2502.14565",
    ideas=["check", "repair", "vote"],
    needs=["logprobs"],
    calls="2 n + 2 n r",
    departs="Confidence is P(True) from a prompt; the paper trains a token for it.",
)
def revise_confidence(plan: Plan) -> SearchGraph:
    """Correct the samples that the model doubts, then vote weighted by confidence."""
    samples, rounds = plan.samples or 4, 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "revise-confidence",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "revise": prompted(plan.model, REVISE),
        },
        policy=schedule(move("solve", count=samples), *[doubted] * rounds),
        scorer=p_true(plan.reviewer_model or plan.model),
        select=weighted_vote(),
    )


def doubted(state: RefinementState) -> list[Move]:
    """Revise each sample of the last wave that is more likely false than true."""
    wave = last_wave(state)
    return [move("revise", c) for c in wave if c.score is not None and c.score < 0.5]
