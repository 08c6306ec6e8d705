"""KCTS: tree search over tokens, guided by a classifier of groundedness."""

from refinegraph.agents import continue_from, rest, tokens
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "KCTS",
    paper="arXiv 2310.09044",
    ideas=["search", "judge"],
    needs=["scorer"],
    calls="n",
    departs="A move writes eight tokens, which the classifier judges directly, without RIPA.",
)
def kcts(plan: Plan) -> SearchGraph:
    """Search a few tokens at a time for a text that is supported by the knowledge."""
    sampling = Sampling(temperature=1.0, logprobs=1, seed=plan.seed)
    step = continue_from(plan.model, step=tokens(8), sampling=sampling, on_missing_prefix="ask")
    return plan.search(
        "kcts",
        operators={
            "step": step,
            "finish": continue_from(plan.model, step=rest(joiner=""), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct(
                "step",
                root="step",
                roots=4,
                width=4,
                prior="softmax",
                done=is_complete,
                max_candidates=plan.samples or 64,
            ),
            "finish",
        ),
        select=best_of(),
    )
