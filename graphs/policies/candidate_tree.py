"""The tree of a run's candidates, with the visits and values that a search needs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from refinegraph.graphs.policies.searching import Done, scores_by_id
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate


@dataclass(eq=False, slots=True)
class Node:
    """A candidate in the tree of candidates; the root is above the fresh ones and has none."""

    candidate: Candidate | None = None
    score: float = 0.0
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list["Node"])
    visits: int = 0
    """Candidates in the subtree, the node's own included."""
    total: float = 0.0
    """Sum of their scores."""
    squares: float = 0.0
    """Sum of the squares of their scores."""
    value: float = 0.0
    """What the search makes of it; `value_nodes` fills it in."""
    done: bool = False
    """Whether the candidate itself is not to be expanded."""
    open: bool = True
    """Whether there is something to expand in the subtree."""

    @property
    def id(self) -> str:
        """The candidate's id; empty for the root."""
        return self.candidate.id if self.candidate else ""

    def path(self) -> "Iterable[Node]":
        """Return the node and those above it, up to the root."""
        node: Node | None = self
        while node:
            yield node
            node = node.parent

    def close(self) -> None:
        """Say that nothing is left to expand here, and above where this was the last."""
        for node in self.path():
            if node is not self and any(child.open for child in node.children):
                return
            node.open = False


NodeValue = Callable[[Node], float]
"""What a node is worth to a search; the values of its children are known before."""


@dataclass(frozen=True, slots=True)
class CandidateTree:
    """The root, and every other node with its parent before it."""

    root: Node
    nodes: list[Node]

    @property
    def worst(self) -> float:
        """The lowest score; 0 without candidates."""
        return min((node.score for node in self.nodes), default=0.0)


def tree_of(state: RefinementState, done: Done | None = None) -> CandidateTree:
    """Return the tree of the candidates, each under the first of its parents.

    A candidate without a score counts as the worst one. Candidates for which `done` holds are not
    to be expanded.
    """
    scores = scores_by_id(state.candidates)
    root, by_id = Node(), dict[str, Node]()
    for candidate in sorted(state.candidates, key=_made):
        parent = by_id.get(candidate.parent_id or "", root)
        node = Node(candidate, scores[candidate.id], parent, done=bool(done and done(candidate)))
        parent.children.append(node)
        by_id[candidate.id] = node
    tree = CandidateTree(root, list(by_id.values()))
    _count(tree)
    for node in tree.nodes:
        if node.done and not node.children:
            node.close()
    return tree


def value_nodes(tree: CandidateTree, value: NodeValue) -> None:
    """Give every node its value, the children's before their parent's."""
    for node in reversed(tree.nodes):
        node.value = value(node)


def _made(candidate: Candidate) -> tuple[int, tuple[int, ...]]:
    """Sort key that puts parents before what was made from them."""
    return candidate.turn, candidate.order


def _count(tree: CandidateTree) -> None:
    for node in reversed(tree.nodes):
        node.visits += 1
        node.total += node.score
        node.squares += node.score * node.score
        parent = node.parent or tree.root
        parent.visits += node.visits
        parent.total += node.total
        parent.squares += node.squares
