"""Islands, tournaments, costs of attempts, and learned repair rates."""

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.graphs.policies import archive, tournament
from refinegraph.graphs.policies.attempts import (
    DEEPEST,
    FRESH,
    GAPS,
    MOST_REPEATED,
    SHIPPED_RATES,
    History,
    Position,
    chance_of_new,
    drawn_bucket,
    repair_path,
)
from refinegraph.graphs.policies.base import as_decision
from refinegraph.graphs.policies.costs import (
    REPAIR_IN_SAMPLES,
    SAMPLE_TOKENS,
    CostTotals,
    Spent,
    TokenWeights,
    expected_costs,
    turn_costs,
    weighted,
)
from refinegraph.graphs.policies.islands import behaviour
from refinegraph.graphs.policies.knockout import higher_score
from refinegraph.graphs.policies.repair_rates import BetaPosterior, RepairRates, leading_answer
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.schema import Candidate, Decision, Feature, Move, Problem, StopReason, Usage
from refinegraph.testing import answers, candidate, programs, state, verdict

MATH = Problem(prompt="2 + 2?", kind="math")


def ids(found: Sequence[Candidate]) -> list[str]:
    return [made.id for made in found]


def decided(number: int, *moves: Move, **features: float) -> Decision:
    noted = tuple(Feature(name=name, value=value) for name, value in features.items())
    return Decision(number=number, moves=moves, features=noted)


SOLVE = Move(operator="solve")

# islands


def test_the_niche_of_a_candidate_is_its_behaviour() -> None:
    one, two = programs("f = 1", "f = 2", verdicts=[verdict("passed", "failed")] * 2)
    assert behaviour(one) == behaviour(two)
    assert behaviour(one) != behaviour(programs("f = 1", verdicts=[verdict("failed")])[0])
    generated = candidate(program="f = 3", generated_passed=("t1",))
    assert behaviour(generated) == behaviour(one)
    assert behaviour(answers("4")[0]) != behaviour(answers("5")[0])
    classed = answers("4")[0].model_copy(update={"equivalence_class": "5"})
    assert behaviour(classed) == behaviour(answers("5")[0])
    text = candidate(unusable="x").model_copy(update={"text": "4"})
    assert behaviour(text) != behaviour(answers("4")[0])


def test_candidates_live_on_the_island_that_asked_for_them() -> None:
    first = Decision(
        moves=(SOLVE, SOLVE, SOLVE),
        features=(
            Feature(name="island", value=1),
            Feature(name="other", value=0),
            Feature(name="island", value=0),
        ),
    )
    pool = [
        candidate(f"0.{n}", str(n), score=n / 10).model_copy(update={"move": n}) for n in range(3)
    ]
    homes = archive({"refine": 1}, islands=2).members(state(*pool, decisions=[first]))
    # The third move notes no island, so that its candidate is dealt out by its number.
    assert [ids(home) for home in homes] == [["0.2", "0.1"], ["0.0"]]
    dealt = archive({"refine": 1}, islands=2).members(state(*pool, decisions=[]))
    assert [ids(home) for home in dealt] == [["0.2", "0.0"], ["0.1"]]


def test_a_niche_keeps_its_best_and_what_cannot_be_read_has_no_children() -> None:
    pool = [*answers("4", "4", "5", scores=(0.1, 0.9, 0.5)), candidate("0.3", unusable="x")]
    (members,) = archive({"refine": 1}, islands=1).members(state(*pool))
    assert ids(members) == ["0.1", "0.2"]
    (alone,) = archive({"refine": 1}, islands=1).members(state(pool[3]))
    assert ids(alone) == ["0.3"]


def moves_of(policy: Any, at: Any) -> tuple[Move, ...]:
    return as_decision(policy(at), at).moves


def test_generations_draw_parents_within_their_island_unless_they_migrate() -> None:
    pool = answers(*"abcdefgh", scores=[n / 10 for n in range(8)])
    homes = {made.id: made.sort_key[-1] % 2 for made in pool}
    policy = archive({"merge": 2}, islands=2, batch=6, migration_interval=3)
    for count in range(1, 7):
        decisions = [decided(0, Move(operator="solve", count=8))]
        decisions += [decided(n, SOLVE) for n in range(1, count)]
        at = state(*pool, decisions=decisions)
        made = as_decision(policy(at), at)
        noted = [int(feature.value) for feature in made.features]
        assert noted == [0] * 6 + [1] * 6
        strangers = sum(
            homes[parent] != home
            for move, home in zip(made.moves, noted, strict=True)
            for parent in move.parents
        )
        assert (strangers > 0) == (count % 3 == 0), count
        assert all(len(set(move.parents)) == 2 for move in made.moves)


def test_an_archive_draws_the_best_parent_or_any_by_its_probability() -> None:
    at = state(*answers(*"abcdefgh", scores=[n / 10 for n in range(8)]))
    greedy = archive({"refine": 1}, islands=1, batch=20, best_probability=1.0)
    assert {move.parents for move in moves_of(greedy, at)} == {("0.7",)}
    free = archive({"refine": 1}, islands=1, batch=40, best_probability=0.0)
    assert len({move.parents for move in moves_of(free, at)}) > 5
    few = archive({"merge": 9}, islands=2, roots=3)
    assert moves_of(few, at) == (Move(operator="solve", count=3),) * 2
    bounded = archive({"refine": 1}, islands=1, batch=9, max_candidates=10)
    assert len(moves_of(bounded, at)) == 2
    assert archive({"merge": 2}, migration_interval=None)(at)


@pytest.mark.parametrize(
    "wrong",
    [{"islands": 0}, {"roots": 0}, {"batch": 0}, {"migration_interval": 0},
     {"best_probability": -0.1}, {"max_candidates": 0}, {"operators": {}},
     {"operators": {"refine": 0}}],
)  # fmt: skip
def test_an_archive_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        settings: dict[str, Any] = {"operators": {"refine": 1}, **wrong}
        archive(**settings)
    archive(
        {"refine": 1},
        islands=1,
        roots=1,
        batch=1,
        migration_interval=1,
        best_probability=0.0,
        max_candidates=1,
    )


# tournaments


def test_the_higher_score_wins_and_of_equal_ones_the_earlier() -> None:
    one, two, blank = candidate("0.0", "a", score=0.5), candidate("0.1", "b", score=0.5), None
    assert higher_score(MATH, one, two) and not higher_score(MATH, two, one)
    better, none = candidate("0.2", "c", score=0.6), candidate("0.3", "d", score=blank)
    assert higher_score(MATH, better, one) and not higher_score(MATH, one, better)
    assert higher_score(MATH, one, none)


@given(st.integers(2, 9), st.integers(0, 5))
def test_winners_are_crossed_in_a_ring(size: int, seed: int) -> None:
    import asyncio

    pool = [candidate(f"0.{n}", str(n), score=n / 10) for n in range(size)]
    at = state(*pool)
    choice = asyncio.run(tournament(size, seed=seed)(at))
    if size == 2:
        assert isinstance(choice, StopReason)
        assert choice.detail == "candidate 0.1 won the tournament"
        return
    pairs = [move.parents for move in as_decision(choice, at).moves]
    assert len(pairs) == (size + 1) // 2
    assert [second for _, second in pairs] == [first for first, _ in (*pairs[1:], pairs[0])]
    assert f"0.{size - 1}" in {first for first, _ in pairs}, "the best wins its match"


async def test_a_tournament_begins_with_its_field() -> None:
    assert await tournament(5, root="draft")(state()) == [Move(operator="draft", count=5)]
    with pytest.raises(InputError, match="size must be at least 2, got 1"):
        tournament(1)


# costs


def test_tokens_are_weighted_by_what_they_cost() -> None:
    usage = Usage(prompt_tokens=100, cached_tokens=40, completion_tokens=10)
    assert weighted(usage, TokenWeights(prompt=0.5, cached=0.1, completion=2.0)) == 54.0
    assert weighted(usage, TokenWeights()) == pytest.approx(0.2 * 60 + 0.05 * 40 + 10)


def spent_at(tokens: float, usd: float, seconds: float) -> dict[str, float]:
    return {"spent_tokens": tokens, "spent_usd": usd, "spent_seconds": seconds}


def test_turns_cost_what_was_spent_between_their_decisions() -> None:
    refine = Move(operator="refine", parents=("0.0",))
    decisions = [
        decided(0, Move(operator="solve", count=2), **spent_at(0, 0, 0)),
        decided(1, refine, **spent_at(100, 1.0, 5)),
        decided(2, SOLVE, **spent_at(130, 1.5, 9)),
    ]
    usage = Usage(completion_tokens=170, priced_usd=2.0)
    at = state(*answers("1", "2"), decisions=decisions, usage=usage, elapsed=10.0)
    found = turn_costs(at, TokenWeights())
    assert found["sample"] == CostTotals(3, Spent(140.0, 1.5, 6.0))
    assert found["repair"] == CostTotals(1, Spent(30.0, 0.5, 4.0))
    assert found["sample"].mean("seconds") == 2.0
    assert found["repair"].mean("usd") == 0.5
    assert CostTotals().mean("usd") is None
    assert CostTotals(2, Spent(0.0, 0.0, 1.0)).mean("usd") is None
    assert Spent(1, 2, 3).minus(Spent(2, 1, 3)) == Spent(0, 1, 0)


def totals(attempts: int, tokens: float, usd: float) -> CostTotals:
    return CostTotals(attempts, Spent(tokens, usd, 0.0))


@pytest.mark.parametrize(
    ("sample", "repair", "ratio", "unit", "expected"),
    [
        (CostTotals(), CostTotals(), None, "usd", (300, 300 * 1.7, 1.0)),
        (CostTotals(), CostTotals(), 3.0, "tokens", (300, 900, 1.0)),
        (totals(2, 100, 4), CostTotals(), 3.0, "tokens", (50, 150, 1.0)),
        (totals(2, 100, 4), totals(1, 80, 9), 3.0, "tokens", (50, 80, 1.0)),
        (totals(2, 100, 4), totals(1, 80, 9), 3.0, "usd", (2, 9, 0.04)),
        (totals(2, 100, 0), totals(1, 80, 9), None, "usd", (50, 80, 1.0)),
    ],
)
def test_costs_are_those_seen_else_those_learned_else_those_shipped(
    sample: CostTotals,
    repair: CostTotals,
    ratio: float | None,
    unit: Literal["tokens", "usd"],
    expected: tuple[float, float, float],
) -> None:
    assert expected_costs({"sample": sample, "repair": repair}, ratio, unit) == pytest.approx(
        expected
    )
    assert (SAMPLE_TOKENS, REPAIR_IN_SAMPLES) == (300.0, 1.7)


# rates


def refined(belief: float | None, second: str) -> Any:
    """Return a run whose leader `4` had this belief before a refinement to `second`."""
    noted = {} if belief is None else {"belief": belief}
    decisions = [decided(0, SOLVE), decided(1, Move(operator="refine", parents=("0.0",)), **noted)]
    pool = [
        candidate("0.0", "4", score=0.5), candidate("1.0", second, parents="0.0", score=0.9)
    ]  # fmt: skip
    return state(*pool, decisions=decisions)


def test_a_round_counts_as_much_as_the_beliefs_say() -> None:
    prior = BetaPosterior(alpha=1.0, beta=1.0)
    rates = RepairRates(fix=prior, damage=prior)
    rates.update(refined(0.25, "5"), belief=0.8)
    assert rates.fix(1).alpha == pytest.approx(1 + 0.75 * 0.8)
    assert rates.fix(1).beta == pytest.approx(1 + 0.75 * 0.2)
    assert rates.damage(1).alpha == pytest.approx(1 + 0.25 * 0.2)
    assert rates.damage(1).beta == pytest.approx(1 + 0.25 * 0.8)
    fix, damage = rates.fix(2), rates.damage(2)
    assert (fix.mean, damage.mean) == (rates.fix(1).mean, rates.damage(1).mean)
    assert fix.alpha + fix.beta == damage.alpha + damage.beta == pytest.approx(2)
    stayed = RepairRates(fix=prior, damage=prior)
    stayed.update(refined(0.25, "4"), belief=0.8)
    assert (stayed.fix(1).alpha, stayed.fix(1).beta) == (1.0, 1.75)
    assert (stayed.damage(1).alpha, stayed.damage(1).beta) == (1.0, 1.25)
    assert BetaPosterior(alpha=1.5, beta=3.5).mean == pytest.approx(0.3)


def test_rounds_are_counted_where_the_rates_of_the_model_are_kept() -> None:
    of_model = SuccessRates({})
    RepairRates(learned=of_model).update(refined(0.25, "5"), belief=0.8)
    next_run = RepairRates(learned=SuccessRates({}, of_model.table))
    assert next_run.fix(1).mean > RepairRates().fix(1).mean
    frozen = RepairRates(learned=SuccessRates({}, learn=False))
    frozen.update(refined(0.25, "5"), belief=0.8)
    assert frozen.fix(1) == RepairRates().fix(1)


def test_nothing_is_learned_without_a_belief_a_repair_or_the_option() -> None:
    for rates, at in (
        (RepairRates(), refined(None, "5")),
        (RepairRates(learn=False), refined(0.5, "5")),
        (RepairRates(), state(*answers("4"))),
        (RepairRates(), state()),
    ):
        before = rates.fix(1), rates.damage(1), rates.fix(0)
        rates.update(at, belief=0.8)
        assert (rates.fix(1), rates.damage(1), rates.fix(0)) == before


def test_the_leading_answer_has_the_largest_sum_of_scores() -> None:
    pool = answers("4", "5", "5", scores=(0.9, 0.3, 0.3))
    assert leading_answer(state(*pool), pool) == "4"
    assert leading_answer(state(*pool), pool[1:]) == "5"
    assert leading_answer(state(), ()) is None
    classed = pool[0].model_copy(update={"equivalence_class": "four"})
    assert leading_answer(state(classed), [classed]) == "four"
    unscored = answers("5", "4", "4")
    assert leading_answer(state(*unscored), unscored) == "4"


# attempts


def test_a_history_locates_every_program() -> None:
    failed = verdict("passed", "failed")
    pool = (
        candidate("0.0", program="f = 1", verdict=failed),
        candidate("0.1", program="f = 1", verdict=verdict("failed")),
        candidate("1.0", program="f = 2", parents="0.0", verdict=failed),
        candidate("2.0", program="f = 3", parents="0.0", verdict=verdict("passed")),
        candidate("3.0", program="f = 4", parents="1.0", verdict=verdict("failed")),
    )
    history = History.of(state(*pool))
    assert [attempt.path[0] for attempt in history.attempts] == [FRESH] * 2 + ["repair"] * 3
    assert history.attempts[0].path == (FRESH, f"{FRESH} first")
    assert history.attempts[1].path == (FRESH, f"{FRESH} few")
    assert [attempt.weight for attempt in history.attempts[:2]] == [1.0, 1.0]
    assert [attempt.passed for attempt in history.attempts] == [False, False, False, True, False]
    assert history.attempts[2].path == repair_path(Position(0, 0), ("several", "some", "refine"))
    assert history.attempts[3].path == repair_path(Position(0, 1), ("several", "some", "refine"))
    assert history.attempts[4].path == repair_path(Position(1, 0), ("several", "some", "refine"))
    assert history.turns == [0, 0, 1, 2, 3]
    assert history.sample_path == (FRESH, f"{FRESH} several")
    assert history.path(pool[4]) == repair_path(Position(2, 0), ("several", "none", "refine"))
    assert history.path(pool[0], "merge")[-1].endswith(" merge")


@given(st.lists(st.integers(1, 5), max_size=6))
def test_a_new_draw_is_as_likely_as_draws_that_came_once(counts: list[int]) -> None:
    chance = chance_of_new(counts)
    assert 0 < chance <= 1
    assert chance * (sum(counts) + 1) == pytest.approx(1 + sum(count == 1 for count in counts))
    assert [drawn_bucket(n) for n in range(6)] == ["few"] * 2 + ["several"] * 2 + ["many"] * 2


def test_paths_go_from_coarse_to_fine_and_end_at_the_deepest() -> None:
    assert repair_path(Position(DEEPEST + 6, 9), ()) == repair_path(
        Position(DEEPEST, MOST_REPEATED), ()
    )
    assert repair_path(Position(3, 2), ())[-1] == "repair 3 2"
    assert repair_path(Position(0, 0), ("a", "b")) == (
        "repair", "repair 0 0", "repair 0 0 a", "repair 0 0 a b",
    )  # fmt: skip
    positions = [Position(depth, again) for depth in range(DEEPEST + 1) for again in range(4)]
    positions += [Position(gap=kind) for kind in range(len(GAPS) + 1)]
    names = {name for position in positions for name in repair_path(position, ())}
    assert names <= set(SHIPPED_RATES)
    assert all(0 < rate <= 1 for rate in SHIPPED_RATES.values())
