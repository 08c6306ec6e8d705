"""AB-MCTS: search wider or deeper, by Thompson sampling."""

import random
from collections import Counter
from dataclasses import KW_ONLY, dataclass

from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.beliefs import Belief, Tally, normal, tally
from refinegraph.graphs.policies.candidate_tree import CandidateTree, Node
from refinegraph.graphs.policies.run_index import RunIndexes
from refinegraph.graphs.policies.searching import (
    BoundedPolicy,
    Done,
    check_minimum,
    expansions,
    random_for,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Move

_TREES: RunIndexes[CandidateTree] = RunIndexes()


@dataclass(frozen=True, repr=False)
class ab_mcts(BoundedPolicy):
    """Decide at every node by Thompson sampling whether to add a child or descend to one.

    This is adaptive branching MCTS with node aggregation, AB-MCTS-A (arXiv 2503.04412). At the
    root, a new child is a fresh candidate; elsewhere it is derived from the node's candidate. Going
    wider is judged by the scores of the node's children, going deeper by the scores of everything
    below them, and a child by its own score and those below it.

    The draws depend on `seed` and the number of the decision. Costs `batch` candidates per
    decision, at most `max_candidates` in total.

    Args:
        wide: The operator that produces fresh candidates.
        deep: The operator applied to a candidate.
        belief: The belief about scores: `normal()`, `beta()`, or your own.
        batch: Number of candidates requested at once, each by its own draws.
        done: Decides which candidates are not expanded; `is_complete` for a search over steps.
        seed: Seed of the draws.
        max_candidates: Maximum number of candidates.
    """

    wide: str = "solve"
    deep: str = "refine"
    _: KW_ONLY
    belief: Belief = normal()  # noqa: RUF009 - frozen
    batch: int = 1
    done: Done | None = None
    seed: int = 0
    max_candidates: int = 32

    def __post_init__(self) -> None:
        """Validate the numbers."""
        check_minimum(1, batch=self.batch, max_candidates=self.max_candidates)

    def choose(self, state: RefinementState) -> Choice:
        """Return one move for every descent of the tree."""
        draws = random_for(state, self.seed)
        with _TREES.of(state, self, lambda: CandidateTree(self.done)) as tree:
            picks = Counter(self._descend(tree.root, draws).id for _ in range(self.batch))
        fresh = picks.pop("", 0)
        wider = [Move(operator=self.wide, count=fresh)] if fresh else []
        return [*wider, *expansions(self.deep, picks.elements())]

    def _descend(self, node: Node, random: random.Random) -> Node:
        """Return the node that receives another child."""
        while below := self._child(node, random):
            node = below
        return node

    def _child(self, node: Node, random: random.Random) -> Node | None:
        """Return the child to descend to, or None if the node receives another child."""
        if not node.children:
            return None
        children = tally(child.score for child in node.children)
        wider = self.belief.draw(children, random)
        deeper = self.belief.draw(_below(node).minus(children), random)
        rivals = [child for child in node.children if child.open]
        if not rivals or (wider >= deeper and not node.done):
            return None
        draws = [self.belief.draw(_with_below(child), random) for child in rivals]
        return rivals[draws.index(max(draws))]


def _with_below(node: Node) -> Tally:
    return Tally(node.visits, node.total, node.squares)


def _below(node: Node) -> Tally:
    """Return the tally of everything below a node."""
    if node.candidate is None:
        return _with_below(node)
    own = node.score
    return _with_below(node).minus(Tally(1, own, own * own))
