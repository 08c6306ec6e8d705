"""An archive of diverse candidates on islands, from which parents are drawn."""

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import Choice, fingerprint, move_decision
from refinegraph.graphs.policies.searching import (
    SearchPolicy,
    bound_reached,
    check_minimum,
    cut_moves,
    random_for,
    ranked,
    spent,
)
from refinegraph.graphs.policies.waves import move
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Feature, Move

Niche = Callable[[Candidate], Hashable]
"""Returns the niche of a candidate; of the candidates in one niche, only the best is kept."""


def behaviour(candidate: Candidate) -> Hashable:
    """Return a candidate's behaviour: the tests it passes, or else its answer or its text."""
    if candidate.verdict:
        return "passes", candidate.verdict.passed_ids
    if candidate.generated_passed is not None:
        return "passes", frozenset(candidate.generated_passed)
    if candidate.answer is not None:
        return "answers", candidate.equivalence_class or candidate.answer
    return "says", fingerprint(candidate)


@dataclass(frozen=True, repr=False)
class archive(SearchPolicy):
    """Evolve candidates on islands, each of which keeps the best candidate of every niche.

    Islands with migration follow AlphaEvolve (arXiv 2506.13131), niches follow MAP-Elites (arXiv
    1504.04909). In every generation, each island draws an operator and its parents from the best
    candidates of its niches. With probability `best_probability` the first parent is the island's
    best, otherwise any of them, so that novel but weak candidates have children too. Every
    `migration_interval` generations, an island may also draw from its neighbour, and the child
    belongs to the island that drew.

    The draws depend on `seed` and the number of the decision, which records the island of each
    move. Costs `islands * roots` candidates at first, then `islands * batch` per generation, at
    most `max_candidates` in total.

    Args:
        operators: The operators with their numbers of parents, as in `{"refine": 1, "merge": 2}`.
        islands: Number of islands.
        niche: Returns the niche of a candidate, by default its `behaviour`.
        roots: Number of fresh candidates per island at the start.
        batch: Number of moves per island and generation.
        migration_interval: Number of generations between migrations; None for no migration.
        best_probability: Probability that the first parent is the island's best.
        root: The operator that produces fresh candidates.
        seed: Seed of the draws.
        max_candidates: Maximum number of candidates.
    """

    operators: Mapping[str, int]
    _: KW_ONLY
    islands: int = 3
    niche: Niche = behaviour
    roots: int = 2
    batch: int = 1
    migration_interval: int | None = 5
    best_probability: float = 0.5
    root: str = "solve"
    seed: int = 0
    max_candidates: int = 64

    def __post_init__(self) -> None:
        """Validate the operators and numbers."""
        check_minimum(
            1,
            islands=self.islands,
            roots=self.roots,
            batch=self.batch,
            max_candidates=self.max_candidates,
        )
        check_minimum(1, migration_interval=self.migration_interval)
        check_minimum(1, **dict(self.operators))
        check_minimum(0, best_probability=self.best_probability)
        if not self.operators:
            raise InputError("an archive needs at least one operator, such as {'refine': 1}.")

    def __call__(self, state: RefinementState) -> Choice:
        """Return the moves of one generation on all islands."""
        reason = bound_reached(state, self.max_candidates)
        return reason or self._generation(state)

    def _generation(self, state: RefinementState) -> Decision:
        draws, members = random_for(state, self.seed), self.members(state)
        moves: list[Move] = []
        homes: list[int] = []
        for island, elites in enumerate(members):
            guests = members[island - 1] if self._migrates(state) else []
            island_moves = self._moves(elites, guests, draws)
            moves += island_moves
            homes += [island] * len(island_moves)
        kept = cut_moves(moves, self.max_candidates - spent(state))
        features = [Feature(name=_ISLAND, value=home) for home in homes[: len(kept)]]
        return move_decision(state, kept, features=features)

    def members(self, state: RefinementState) -> list[list[Candidate]]:
        """Return the best candidate of every niche on each island, best first."""
        niches: list[dict[Hashable, Candidate]] = [{} for _ in range(self.islands)]
        for candidate in ranked(_parents(state.candidates)):
            home = _island(candidate, state) % self.islands
            niches[home].setdefault(self.niche(candidate), candidate)
        return [list(niche.values()) for niche in niches]

    def _migrates(self, state: RefinementState) -> bool:
        generation = len(state.decisions)
        return (
            self.migration_interval is not None
            and generation > 0
            and generation % self.migration_interval == 0
        )

    def _moves(
        self, elites: Sequence[Candidate], guests: Sequence[Candidate], draws: random.Random
    ) -> list[Move]:
        pool = ranked({member.id: member for member in (*elites, *guests)}.values())
        suited = {name: n for name, n in self.operators.items() if n <= len(pool)}
        if not suited:
            return [move(self.root, count=self.roots)]
        return [self._move(suited, pool, draws) for _ in range(self.batch)]

    def _move(
        self, operators: Mapping[str, int], pool: Sequence[Candidate], draws: random.Random
    ) -> Move:
        name = draws.choice(list(operators))
        first = pool[0] if draws.random() < self.best_probability else draws.choice(pool)
        others = [candidate for candidate in pool if candidate is not first]
        return move(name, first, *draws.sample(others, operators[name] - 1))


_ISLAND = "island"


def _parents(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with a program or answer, or all if there are none."""
    readable = [candidate for candidate in candidates if candidate.content is not None]
    return readable or list(candidates)


def _island(candidate: Candidate, state: RefinementState) -> int:
    """Return the island of a candidate; those of other policies are distributed by their id."""
    if candidate.turn < len(state.decisions):
        features = state.decisions[candidate.turn].features
        homes = [int(feature.value) for feature in features if feature.name == _ISLAND]
        if candidate.move < len(homes):
            return homes[candidate.move]
    return candidate.sort_key[-1]
