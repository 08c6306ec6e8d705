"""GLoRe: when, where and how to refine."""

from refinegraph.agents import continue_from, prompted, rest, trusted_steps
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

ANEW = """$problem

This solution is wrong:
$solution

Solve the problem again from the start, in another way. $answer_format"""


@recipe(
    "GLoRe",
    paper="arXiv 2402.10963",
    ideas=["judge", "repair"],
    needs=["scorer"],
    calls="n + 2 for every doubtful draft",
    departs="Requires an outcome and a step reward model; the paper trains these and the refiners.",
)
def glore(plan: Plan) -> SearchGraph:
    """Refine doubtful drafts both globally and from the first bad step, then rerank all three."""
    samples = plan.samples or 4
    return plan.search(
        "glore",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "globally": prompted(plan.refiner_model or plan.model, ANEW),
            "locally": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=schedule(move("solve", count=samples), both_ways),
        select=best_of(),
    )


def both_ways(state: RefinementState) -> list[Move]:
    """Refine each draft with a low outcome reward from the start and from the bad step."""
    doubted = [draft for draft in last_wave(state) if (draft.score or 0.0) < 0.5]
    locally = [move("locally", draft, keep=trusted_steps(draft)) for draft in doubted]
    return [*(move("globally", draft) for draft in doubted), *locally]
