"""Monte Carlo tree search over candidates."""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.candidate_tree import (
    CandidateTree,
    Node,
    NodeValue,
)
from refinegraph.graphs.policies.run_index import RunIndexes
from refinegraph.graphs.policies.searching import (
    BoundedPolicy,
    Done,
    all_done,
    check_choice,
    check_minimum,
    expansions,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Move


def mean(node: Node) -> float:
    """Return the mean score of the subtree, as in UCT."""
    return node.total / node.visits


def best_child(node: Node) -> float:
    """Return the mean of the node's score and its best child's value (arXiv 2406.07394)."""
    if not node.children:
        return node.score
    return (node.score + max(child.value for child in node.children)) / 2


_TREES: RunIndexes[CandidateTree] = RunIndexes()
_VALUES: dict[str, NodeValue] = {"mean": mean, "best_child": best_child}


@dataclass(frozen=True, repr=False)
class uct(BoundedPolicy):
    """Expand the candidate with the best balance between its value and how rarely it was tried.

    This is Monte Carlo tree search with upper confidence bounds (UCT): starting at the root, move
    to the child with the highest bound until a candidate without children is reached, and request
    `width` candidates from it. With `width=None` and `value="best_child"` it becomes MCTS
    Self-Refine (arXiv 2406.07394): the candidate with the highest bound anywhere in the tree is
    expanded once more.

    Visits and values are computed from the candidates: the visits of a candidate are the number of
    candidates in its subtree. Costs `roots` candidates at first, then `width` for each of the
    `batch` expansions of a decision, at most `max_candidates` in total.

    Args:
        expand: The operator applied to a candidate.
        explore: Weight of the exploration term; about the square root of 2 suits values from 0 to
            1.
        value: The value of a candidate: `"mean"`, `"best_child"`, or a function of its `Node`.
        prior: `"softmax"` weights exploration by the softmax of the siblings' scores.
        roots: Number of fresh candidates at the start, from which all later ones descend.
        width: Number of candidates per expansion; None if nodes may be expanded repeatedly.
        batch: Number of parallel expansions; those in progress count as failures (virtual loss),
            which spreads them out.
        root: The operator that produces fresh candidates.
        done: Decides which candidates are not expanded; `is_complete` for a search over steps.
        max_candidates: Maximum number of candidates.
    """

    expand: str
    _: KW_ONLY
    explore: float = 1.4
    value: Literal["mean", "best_child"] | NodeValue = "mean"
    prior: Literal["none", "softmax"] = "none"
    roots: int = 1
    width: int | None = None
    batch: int = 1
    root: str = "solve"
    done: Done | None = None
    max_candidates: int = 32

    def __post_init__(self) -> None:
        """Validate the numbers."""
        check_minimum(
            1,
            roots=self.roots,
            width=self.width,
            batch=self.batch,
            max_candidates=self.max_candidates,
        )
        check_choice("value", self.value, *_VALUES)
        check_choice("prior", self.prior, "none", "softmax")

    def choose(self, state: RefinementState) -> Choice:
        """Return the expansions of the next decision."""
        with _TREES.of(state, self, lambda: CandidateTree(self.done)) as tree:
            fresh = self.roots - len(tree.root.children)
            if fresh > 0 and not (state.decisions and state.candidates):
                return Move(operator=self.root, count=fresh)
            picks = self._picks(tree)
        if not picks:
            return all_done(len(tree.nodes))
        return expansions(self.expand, picks, width=self.width or 1)

    def _picks(self, tree: CandidateTree) -> list[str]:
        tree.value_nodes(self._value_of)
        picks: list[str] = []
        while node := self._pick(tree):
            picks.append(node.id)
            if len(picks) == self.batch:
                break
            tree.lose(node, self.width or 1, self._value_of)
            if self.width is not None:
                node.close()
        tree.forget_losses()
        return picks

    def _pick(self, tree: CandidateTree) -> Node | None:
        if self.width is None:
            return self._highest([node for node in tree.nodes if not node.done])
        node = tree.root
        while node.children:
            below = self._highest([child for child in node.children if child.open])
            if below is None:
                return None
            node = below
        return node

    def _highest(self, nodes: Sequence[Node]) -> Node | None:
        return max(nodes, key=self._bound, default=None)

    def _bound(self, node: Node) -> float:
        above = node.parent or node
        spread = math.sqrt(math.log(above.visits) / node.visits)
        return node.value + self.explore * self._prior_of(node, above) * spread

    def _prior_of(self, node: Node, above: Node) -> float:
        if self.prior == "none":
            return 1.0
        top = max(child.score for child in above.children)
        weights = sum(math.exp(child.score - top) for child in above.children)
        return math.exp(node.score - top) / weights

    def _value_of(self, node: Node) -> float:
        value = _VALUES[self.value] if isinstance(self.value, str) else self.value
        return value(node)
