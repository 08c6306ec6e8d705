"""Figures of tree search and particle filters, compared with their definitions."""

import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.graphs.policies import is_complete, particles, systematic, uct
from refinegraph.graphs.policies.base import as_decision
from refinegraph.graphs.policies.candidate_tree import tree_of
from refinegraph.graphs.policies.particle_filter import multinomial, particles_of, softmax
from refinegraph.schema import Candidate, Decision, Feature, Move, Score, StopReason
from refinegraph.testing import candidate, programs, review, state, verdict

POOL = (
    candidate("0.0", "a", score=0.4),
    candidate("0.1", "b", score=0.9),
    candidate("1.0", "c", score=0.6, parents="0.0"),
    candidate("2.0", "d", score=0.2, parents="0.0"),
)


def test_a_tree_counts_visits_and_means_below_each_node() -> None:
    tree = tree_of(state(*POOL))
    by_id = {node.id: node for node in tree.nodes}
    assert {id: node.visits for id, node in by_id.items()} == {
        "0.0": 3,
        "0.1": 1,
        "1.0": 1,
        "2.0": 1,
    }
    assert tree.root.visits == 4
    assert by_id["0.0"].total == pytest.approx(1.2)
    assert tree.root.total == pytest.approx(2.1)
    assert tree.worst == 0.2
    assert [child.id for child in tree.root.children] == ["0.0", "0.1"]


@given(st.permutations(POOL[:2]), st.sampled_from([None, 0.1, -0.5]))
def test_a_candidate_without_a_score_counts_as_the_worst(
    first: list[Candidate], lowest: float | None
) -> None:
    blank = candidate("1.1", "e", parents="0.1")
    pool = [*first, *POOL[2:], blank]
    if lowest is not None:
        pool.append(candidate("3.0", "f", score=lowest, parents="0.1"))
    tree = tree_of(state(*pool))
    worst = 0.2 if lowest is None else min(0.2, lowest)
    node = next(node for node in tree.nodes if node.id == "1.1")
    assert (tree.worst, node.score) == (worst, worst)
    expected = math.fsum(c.score for c in pool if c.score is not None) + worst
    assert tree.root.total == pytest.approx(expected)


def test_trees_close_where_nothing_is_left_to_expand() -> None:
    done = [c.model_copy(update={"complete": c.id in ("1.0", "2.0")}) for c in POOL]
    tree = tree_of(state(*done), is_complete)
    open_ids = {node.id for node in tree.nodes if node.open}
    assert open_ids == {"0.1"}, "all that was made from 0.0 is finished"
    approved = tree_of(state(*POOL, reviews=(review("0.1", approves=True),)))
    assert {node.id for node in approved.nodes if node.done} == {"0.1"}
    refuted = programs("f = 1", verdicts=[verdict("failed")])
    doubted = tree_of(state(*refuted, reviews=(review("0.0", approves=True),)))
    assert [node.done for node in doubted.nodes] == [False]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=5), st.floats(0, 3))
def test_uct_takes_the_highest_bound(scores: list[float], explore: float) -> None:
    pool = [candidate(f"0.{n}", str(n), score=score) for n, score in enumerate(scores)]
    pool.append(candidate("1.0", "x", score=0.5, parents="0.0"))
    at = state(*pool)
    policy = uct("refine", roots=len(scores), explore=explore)
    chosen = as_decision(policy(at), at).moves[0].parents[0]
    visits = {f"0.{n}": 1 for n in range(len(scores))} | {"0.0": 2, "1.0": 1}
    total = {f"0.{n}": score for n, score in enumerate(scores)} | {"1.0": 0.5}
    total["0.0"] += 0.5

    def bound(id: str) -> float:
        above = 2 if id == "1.0" else len(pool)
        value = total[id] / visits[id]
        return value + explore * math.sqrt(math.log(above) / visits[id])

    assert bound(chosen) == pytest.approx(max(map(bound, visits)))


def test_uct_begins_with_its_roots_and_says_when_all_is_done() -> None:
    policy = uct("refine", roots=3, width=2, done=is_complete)
    assert policy(state()) == [Move(operator="solve", count=3)]
    finished = state(*(c.model_copy(update={"complete": True}) for c in POOL))
    ended = policy(finished)
    assert isinstance(ended, StopReason)
    assert (ended.rule, ended.observed) == ("complete", 4)
    at = state(*(c.model_copy(update={"complete": False}) for c in POOL))
    moves = as_decision(policy(at), at).moves
    assert [move.count for move in moves] == [2]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(0.1, 5))
def test_softmax_is_a_distribution_that_keeps_ratios(values: list[float], heat: float) -> None:
    weights = softmax(values, heat)
    assert math.fsum(weights) == pytest.approx(1)
    assert math.log(weights[0] / weights[-1]) == pytest.approx(
        (values[0] - values[-1]) / heat, abs=1e-6
    )
    first = softmax(values, 0)
    assert first.index(1.0) == values.index(max(values))
    assert math.fsum(first) == 1.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.integers(1, 12), st.integers(0, 9))
def test_systematic_draws_are_as_many_as_their_weights_say(
    raw: list[float], count: int, seed: int
) -> None:
    weights = [weight / math.fsum(raw) for weight in raw]
    drawn = Counter(systematic(weights, count, Random(seed)))
    assert sum(drawn.values()) == count
    for at, weight in enumerate(weights):
        assert math.floor(weight * count - 1e-9) <= drawn[at] <= math.ceil(weight * count + 1e-9)


def test_multinomial_draws_follow_the_weights_and_their_seed() -> None:
    weights = [0.7, 0.2, 0.1]
    drawn = Counter(multinomial(weights, 5000, Random(1)))
    assert [drawn[at] / 5000 for at in range(3)] == pytest.approx(weights, abs=0.03)
    assert list(multinomial(weights, 9, Random(2))) == list(multinomial(weights, 9, Random(2)))


def test_finished_particles_keep_their_multiplicity() -> None:
    made = (
        candidate("0.0", "a", score=1.0).model_copy(update={"complete": True}),
        candidate("0.1", "b", score=1.0).model_copy(update={"complete": False}),
    )
    policy = particles("step", n=4, temperature=1.0, seed=5)
    found = as_decision(policy(state(*made)), state(*made))
    stayed = {feature.name: feature.value for feature in found.features}
    assert sum(stayed.values()) + sum(move.count for move in found.moves) == 4
    assert {parent for move in found.moves for parent in move.parents} <= {"0.1"}
    assert 0 < sum(stayed.values()) < 4
    better = made[0].model_copy(update={"scores": (Score(scorer="s", value=2.0),)})
    greedy = particles("step", n=4, temperature=0)(state(better, made[1]))
    assert isinstance(greedy, StopReason) and greedy.observed == 4
    decided = Decision(
        moves=(Move(operator="step", parents=("0.1",)),),
        features=(Feature(name="finished 0.0", value=2), Feature(name="other", value=9)),
    )
    after = state(*made, candidate("1.0", "c", parents="0.1"), decisions=[decided])
    assert [c.id for c in particles_of(after)] == ["0.0", "0.0", "1.0"]
    assert policy(state()) == Move(operator="step", count=4)
    assert particles("step", n=9, max_candidates=3)(state()) == Move(operator="step", count=3)
