"""Language models as zero-shot planners: free words become the closest admissible action."""

from difflib import SequenceMatcher

from refinegraph.agents.environments import Environment, Observation, act
from refinegraph.agents.operators.prompting import list_items
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Problem

NEAR = 0.5
"""Minimum similarity; an action that resembles no admissible one is performed as written."""


@recipe(
    "Language models as zero-shot planners",
    paper="arXiv 2201.07207",
    ideas=["decompose", "check"],
    needs=["environment"],
    calls="1 for every action",
    departs="Words are compared as text; the paper compares sentence embeddings, and samples "
    "several steps to weigh their likelihood against the similarity.",
)
def action_grounding(plan: Plan) -> SearchGraph:
    """Plan in free words, and perform the admissible action that is closest to each step."""
    make = plan.environment
    assert make
    return plan.search(
        "action-grounding",
        operators={"act": act(plan.model, lambda: grounded(make()))},
        policy=schedule(move("act"), *[from_unfinished("act")] * 9),
        select=latest(),
    )


class grounded:
    """An environment that maps free words to the closest action that it last listed."""

    def __init__(self, inner: Environment) -> None:
        self.inner = inner
        self.admissible: tuple[str, ...] = ()

    async def reset(self, problem: Problem) -> Observation:
        """Begin an episode; the admissible actions are the list items in the observation."""
        return self._listed(await self.inner.reset(problem))

    async def step(self, action: str) -> Observation:
        """Perform the closest admissible action and report which one it was."""
        done = max(self.admissible, key=lambda item: alike(item, action), default=action)
        done = done if alike(done, action) >= NEAR else action
        seen = self._listed(await self.inner.step(done))
        return seen._replace(text=f"({done}) {seen.text}")

    def _listed(self, seen: Observation) -> Observation:
        self.admissible = list_items(seen.text) or self.admissible
        return seen


def alike(left: str, right: str) -> float:
    """Return the similarity of two texts, from 0 to 1."""
    return SequenceMatcher(None, left.lower(), right.lower()).ratio()
