"""The tree of a run's candidates, with the visits and values that searches need."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from refinegraph.agents.operators import refuted
from refinegraph.graphs.policies.run_index import added
from refinegraph.graphs.policies.searching import Done
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Review

_UNIT = 1 << 64
"""Sums are kept in integer multiples of 2**-64. Integer addition is exact in any order, so that a
tree that grew during its run is bit-for-bit equal to one that is rebuilt after a resume. Scores
above 2**-11 are represented exactly."""


@dataclass(eq=False, slots=True)
class Node:
    """A candidate in the tree; the root, above all fresh candidates, has no candidate."""

    candidate: Candidate | None = None
    score: float = 0.0
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list["Node"])
    visits: int = 0
    """Number of candidates in the subtree, including the node's own."""
    value: float = 0.0
    """The value of the node to the search, set by `value_nodes`."""
    done: bool = False
    """Whether the candidate itself must not be expanded."""
    open: bool = True
    """Whether anything in the subtree can be expanded."""
    place: int = -1
    """The index of the node in the tree's list of nodes."""
    exact_total: int = 0
    exact_squares: int = 0

    @property
    def id(self) -> str:
        """The candidate's id, or an empty string for the root."""
        return self.candidate.id if self.candidate else ""

    @property
    def total(self) -> float:
        """Sum of the scores in the subtree."""
        return self.exact_total / _UNIT

    @property
    def squares(self) -> float:
        """Sum of the squares of the scores in the subtree."""
        return self.exact_squares / _UNIT

    def path(self) -> "Iterable[Node]":
        """Return the node and its ancestors, ending with the root."""
        node: Node | None = self
        while node:
            yield node
            node = node.parent

    def close(self) -> None:
        """Mark the node as fully expanded, and its ancestors if nothing else is open there."""
        for node in self.path():
            if node is not self and any(child.open for child in node.children):
                return
            node.open = False

    def add(self, visits: int, total: int, squares: int) -> None:
        """Add to the sums of the node and its ancestors."""
        for node in self.path():
            node.visits += visits
            node.exact_total += total
            node.exact_squares += squares


NodeValue = Callable[[Node], float]
"""The value of a node to a search; its children have been valued before."""


class CandidateTree:
    """The candidates of a run, each below its first parent.

    A candidate without a score counts as the worst one. Candidates for which `done` is true are not
    expanded, and neither are those that their reviews approve and no test refutes.
    """

    def __init__(self, done: Done | None = None) -> None:
        self.root = Node()
        self.nodes: list[Node] = []
        """Every node except the root, in the order of creation."""
        self.worst = 0.0
        """The lowest score, or 0 if there are no scores."""
        self._done = done
        self._by_id: dict[str, Node] = {}
        self._unscored: list[Node] = []
        self._has_scores = False
        self._approved: dict[str, tuple[int, bool]] = {}
        self._changed: set[Node] = set()
        self._valued: NodeValue | None = None
        self._losses: list[tuple[Node, int, int, float, bool]] = []
        self._candidates: tuple[Candidate, ...] = ()
        self._reviews: tuple[Review, ...] = ()

    def grow(self, state: RefinementState) -> bool:
        """Add new candidates and reviews; return False if the tree has to be rebuilt."""
        candidates = added(self._candidates, state.candidates)
        reviews = added(self._reviews, state.reviews)
        if candidates is None or reviews is None:
            return False
        fresh = [self._add(candidate) for candidate in sorted(candidates, key=_parents_first)]
        approved = self._approve(reviews)
        if any(node is None for node in fresh) or approved is None:
            return False
        for node in (*fresh, *approved):
            if node and node.done and not node.children:
                node.close()
        self._candidates, self._reviews = state.candidates, state.reviews
        return True

    def value_nodes(self, value: NodeValue) -> None:
        """Assign a value to every node, children before parents.

        Nodes keep their value if nothing below them has changed.
        """
        changed = self._changed if value == self._valued else self.nodes
        for node in sorted(changed, key=lambda node: -node.place):
            if node.parent:
                node.value = value(node)
        self._changed, self._valued = set(), value

    def lose(self, picked: Node, width: int, value: NodeValue) -> None:
        """Treat an expansion in progress as if it had the worst score (virtual loss)."""
        path = tuple(picked.path())
        self._losses += (
            (node, node.visits, node.exact_total, node.value, node.open) for node in path
        )
        for node in path:
            node.visits += width
            node.exact_total += width * _exact(self.worst)
            if node.parent:
                node.value = value(node)

    def forget_losses(self) -> None:
        """Undo every virtual loss."""
        for node, visits, total, value, open in reversed(self._losses):
            node.visits, node.exact_total, node.value, node.open = visits, total, value, open
        self._losses = []

    def _add(self, candidate: Candidate) -> Node | None:
        """Add a candidate's node; return None if it is out of order or below a closed node."""
        parent = self._by_id.get(candidate.parent_id or "", self.root)
        last = self.nodes[-1].candidate if self.nodes else None
        if not parent.open or (last and _parents_first(candidate) < _parents_first(last)):
            return None
        node = Node(candidate, parent=parent, place=len(self.nodes))
        node.done = bool(self._done and self._done(candidate))
        parent.children.append(node)
        self.nodes.append(node)
        self._by_id[candidate.id] = node
        self._score(node, candidate.score)
        return node

    def _score(self, node: Node, score: float | None) -> None:
        if score is None or not math.isfinite(score):
            self._unscored.append(node)
            node.score = self.worst
        else:
            node.score = score
            if not self._has_scores or score < self.worst:
                self._lower_worst(score)
        node.add(1, _exact(node.score), _exact(node.score**2))
        self._changed.update(node.path())

    def _lower_worst(self, score: float) -> None:
        """Apply a new lowest score, also to the candidates without one."""
        total = _exact(score) - _exact(self.worst)
        squares = _exact(score**2) - _exact(self.worst**2)
        for node in self._unscored:
            node.score = score
            node.add(0, total, squares)
            self._changed.update(node.path())
        self.worst, self._has_scores = score, True

    def _approve(self, reviews: Iterable[Review]) -> list[Node] | None:
        """Return the nodes that reviews approve, or None if an approval was withdrawn."""
        touched: dict[str, None] = {}
        before = dict[str, bool]()
        for review in reviews:
            round, approves = self._approved.get(review.candidate_id, (-1, False))
            before.setdefault(review.candidate_id, approves)
            agreed = approves and review.approves if round == review.round else review.approves
            self._approved[review.candidate_id] = (review.round, agreed)
            touched[review.candidate_id] = None
        now = {id: self._approved[id][1] for id in touched}
        if any(before[id] and not now[id] for id in touched):
            return None
        return [node for id in touched if now[id] and (node := self._finish(id))]

    def _finish(self, id: str) -> Node | None:
        node = self._by_id.get(id)
        if node is None or node.candidate is None or refuted(node.candidate):
            return None
        node.done = True
        return node


def tree_of(state: RefinementState, done: Done | None = None) -> CandidateTree:
    """Return the tree of the candidates in a state."""
    tree = CandidateTree(done)
    tree.grow(state)
    return tree


def _parents_first(candidate: Candidate) -> tuple[int, tuple[int, ...]]:
    """Return a sort key that puts parents before their children."""
    return candidate.turn, candidate.sort_key


def _exact(score: float) -> int:
    """Convert a score to integer units."""
    numerator, denominator = score.as_integer_ratio()
    return numerator * _UNIT // denominator
