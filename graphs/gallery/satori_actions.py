"""Satori: thoughts tagged with what they do: continue, reflect, or explore another way."""

from refinegraph.agents import continue_from, first_steps, paragraph, rest
from refinegraph.graphs.policies import finishing, move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

EXPLORE = "<|explore|>"
TAGS = f"""Write the solution in short thoughts, an empty line between two. Begin each with a tag:
<|continue|> to go on from the last thought,
<|reflect|> to check what stands above,
{EXPLORE} to say what is wrong with this way and begin another one."""


@recipe(
    "Satori (chain of action-thought)",
    paper="arXiv 2502.02508",
    ideas=["search", "repair"],
    calls="1 for every thought, n at most",
    departs="The tags are requested and a new approach starts from scratch; the paper trains the "
    "model to write all of it in one answer.",
)
def satori_actions(plan: Plan) -> SearchGraph:
    """Let every thought declare whether it continues, reflects, or tries another approach."""
    limit = plan.samples or 12
    return plan.search(
        "satori-actions",
        operators={
            "think": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            lambda state: by_tag(state) if len(state.candidates) < limit else [], "finish"
        ),
        select=latest(),
    )


def by_tag(state: RefinementState) -> list[Move]:
    """Continue from the last thought; after one that explores, start again with its reason."""
    if not state.candidates:
        return [move("think", instruction=TAGS)]
    last = state.candidates[-1]
    before = first_steps(last, count=max(0, len(last.steps) - 1))
    thought = last.text.removeprefix(before).strip()
    if thought.startswith(EXPLORE):
        tried = f"{TAGS}\n\nTried before: {thought.removeprefix(EXPLORE).strip()}"
        return [move("think", last, keep=0, instruction=tried)]
    return [] if last.complete else [move("think", last, instruction=TAGS)]
