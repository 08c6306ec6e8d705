"""Success rates of attempts, values of plans, and the decisions of the gain policies."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.graphs.policies.adaptive_sampling import leader_probability
from refinegraph.graphs.policies.attempts import FRESH, SHIPPED_RATES, Position
from refinegraph.graphs.policies.chance_correction import Group, fitted, group_of
from refinegraph.graphs.policies.execution_gain import (
    CodeGainEstimate,
    ExecutionGain,
    choose_for_code,
)
from refinegraph.graphs.policies.expected_gain import ExpectedGain, GainEstimate, choose, replay
from refinegraph.graphs.policies.gain_estimate import ActionEstimate
from refinegraph.graphs.policies.plans import Planner
from refinegraph.graphs.policies.repair_rates import BetaPosterior, RepairRates
from refinegraph.graphs.policies.run_index import RunIndexes, added
from refinegraph.graphs.policies.success_rates import (
    SHAPES,
    Attempt,
    Cell,
    CostSum,
    RateTable,
    SuccessRates,
    add,
)
from refinegraph.graphs.routing import AlwaysEasy, AlwaysHard
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import accepted, rounds
from refinegraph.schema import CallCase, Candidate, Decision, Move, Usage
from refinegraph.testing import answers, candidate, programs, state, verdict

NONE = (0.0,) * len(SHAPES)
PATH = ("kind", "kind detail")


def cell(passed: float, exposure: float) -> Cell:
    return Cell(tried=exposure, passed=passed, exposures=(exposure,) * len(SHAPES))


# rates


def test_a_rate_is_shrunk_towards_the_level_above_it() -> None:
    table = RateTable(cells={"kind": cell(3, 4), "kind detail": cell(6, 12)})
    rates = SuccessRates({"kind": 0.5}, table)
    coarse = (3 + 4 * 0.5) / (4 + 4)
    assert rates.rate(("kind",), 0) == pytest.approx(coarse)
    assert rates.rate(PATH, 0) == pytest.approx((6 + 12 * coarse) / (12 + 12))
    assert rates.rate(("kind", "new"), 0) == pytest.approx(coarse)
    assert SuccessRates({"kind": 0.5, "new": 0.5}).rate(("kind", "new"), 0) == 0.25
    assert SuccessRates({"kind": 2.0}).rate(("kind",), 0) == 0.97
    assert (rates.evidence(PATH), rates.evidence(("new",))) == (12, 0)


@given(st.floats(0.01, 0.95), st.integers(0, 5))
def test_difficulty_leaves_the_first_chance_as_it_is_and_lowers_the_next(
    rate: float, failures: int
) -> None:
    rates = SuccessRates({"kind": rate})
    hazards = rates.hazards(("kind",))
    assert rates.chance("fresh", hazards, NONE) == pytest.approx(rate)
    failed = NONE
    chances = [rates.chance("fresh", hazards, failed)]
    for _ in range(failures):
        failed = add(failed, hazards)
        chances.append(rates.chance("fresh", hazards, failed))
    assert chances == sorted(chances, reverse=True)
    # Where problems differ, k failures are as likely as the shapes' Laplace transform says.
    prior = (0.1, 0.2, 0.25, 0.2, 0.15, 0.1)
    for position, chance in enumerate(chances):
        terms = [
            share * (1 - ((shape + position * h) / (shape + (position + 1) * h)) ** shape)
            for share, shape, h in zip(prior, SHAPES, hazards, strict=True)
        ]
        assert chance == pytest.approx(math.fsum(terms))


def test_a_duplicate_is_as_likely_to_pass_as_it_is_new() -> None:
    rates = SuccessRates({"kind": 0.8})
    half = rates.hazards(("kind",), 0.5)
    assert rates.chance("fresh", half, NONE) == pytest.approx(0.4)


def attempt(passed: bool, family: str = "fresh") -> Attempt:
    return Attempt(PATH, passed, family)


def test_rates_learn_each_turn_of_a_run_once_and_only_what_is_new() -> None:
    rates = SuccessRates({"kind": 0.5})
    assert rates.observe("run", 0, [attempt(False)], 0)
    assert not rates.observe("run", 0, [attempt(False)], 0)
    assert rates.table.cells["kind"].tried == 1
    assert rates.observe("run", 1, [attempt(False), attempt(True), attempt(True)], 1)
    learned = rates.table.cells["kind"]
    assert (learned.tried, learned.passed) == (2, 1)
    assert rates.observe("other", 0, [attempt(True)], 0)
    assert rates.table.cells["kind"].tried == 3
    before = SuccessRates({"kind": 0.5}, learn=False)
    assert not before.observe("run", 0, [attempt(True)], 0)
    assert before.table == RateTable()


def test_all_names_of_a_path_learn_from_an_attempt() -> None:
    rates = SuccessRates({"kind": 0.5})
    rates.observe("run", 0, [attempt(False, "repair")], 0)
    assert {name: rates.table.cells[name].tried for name in PATH} == dict.fromkeys(PATH, 1.0)
    assert set(rates.table.cells) == {*PATH, f"repair predicted {group_of(0.5)}"}
    assert set(rates.table.likelihoods) == {"repair"}
    (likelihood, *_) = rates.table.likelihoods["repair"]
    assert likelihood == pytest.approx(math.log(0.5))
    assert rates.table.cells[PATH[-1]].exposures == pytest.approx((1.0,) * len(SHAPES))


def test_failures_on_one_problem_lower_the_exposure_of_the_next_attempt() -> None:
    rates = SuccessRates({"kind": 0.5})
    rates.observe("run", 0, [attempt(False), attempt(False)], 0)
    exposures = rates.table.cells["kind"].exposures
    assert list(exposures) == sorted(exposures), "less where problems differ more"
    assert 1 < exposures[0] < exposures[1] < 2
    apart = SuccessRates({"kind": 0.5})
    apart.observe("run", 0, [attempt(False), attempt(False, "repair")], 0)
    assert apart.table.cells["kind"].exposures == pytest.approx((2.0,) * len(SHAPES), rel=0.2)


def test_old_attempts_fade_and_predictions_are_corrected() -> None:
    plain = SuccessRates({"kind": 0.5}, RateTable(cells={"kind": cell(300, 401)}))
    predicted = plain.chance("fresh", plain.hazards(("kind",)), NONE)
    group = f"fresh predicted {group_of(predicted)}"
    rates = SuccessRates(
        {"kind": 0.5}, RateTable(cells={"kind": cell(300, 401), group: cell(10, 40)})
    )
    corrected = rates.chance("fresh", rates.hazards(("kind",)), NONE)
    correction = fitted([Group(group_of(predicted), 40, 10)])
    assert corrected == pytest.approx(correction(predicted))
    assert 0.25 < corrected < predicted
    rates.observe("run", 0, [Attempt(("kind",), True, "fresh")], 0)
    assert rates.table.cells["kind"].tried == pytest.approx(401 / 2 + 1)
    assert rates.table.cells["kind"].passed == pytest.approx(300 / 2 + 1)


def test_costs_are_learned_by_family_and_compared() -> None:
    rates = SuccessRates({})
    assert rates.cost_ratio is None
    rates.observe_cost("fresh", 2, 100)
    assert rates.cost_ratio is None
    rates.observe_cost("repair", 1, 150)
    assert rates.cost_ratio == 3.0
    rates.observe_cost("repair", 1, 50)
    assert rates.cost_ratio == 2.0
    old = SuccessRates({}, RateTable(costs={"fresh": CostSum(attempts=402, tokens=804)}))
    old.observe_cost("fresh", 1, 10)
    assert old.table.costs["fresh"] == CostSum(attempts=202, tokens=412)


# plans


def planner(sample_cost: float = 100, repair_cost: float = 150, **how: Any) -> Planner:
    rates = SuccessRates(SHIPPED_RATES, learn=how.pop("learn", False))
    return Planner(rates, NONE, NONE, sample_cost, repair_cost, **how)


SAMPLE, REPAIR = (FRESH, f"{FRESH} first"), (
    "repair", "repair 0 0", "repair 0 0 few", "repair 0 0 few some",
)  # fmt: skip


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_worth_is_per_unit_of_cost(factor: float) -> None:
    plain, scaled = planner(), planner(100 * factor, 150 * factor)
    for worth, other in (
        (plain.sample(SAMPLE, 1.0, ()), scaled.sample(SAMPLE, 1.0, ())),
        (plain.repair(REPAIR, Position(0, 0)), scaled.repair(REPAIR, Position(0, 0))),
    ):
        assert other.chance == pytest.approx(worth.chance)
        assert other.rate * factor == pytest.approx(worth.rate)


def test_a_plan_is_worth_at_least_its_first_step() -> None:
    sample = planner().sample(SAMPLE, 1.0, ())
    assert sample.chance == pytest.approx(SHIPPED_RATES[FRESH])
    assert sample.rate >= sample.chance / 100 - 1e-12
    cheap = planner(repair_cost=1).sample(SAMPLE, 1.0, ())
    assert cheap.rate > sample.chance / 100
    dear = planner(repair_cost=1e6).sample(SAMPLE, 1.0, ())
    assert dear.rate == pytest.approx(sample.chance / 100)
    repair = planner().repair(REPAIR, Position(0, 0))
    assert repair.chance == pytest.approx(SHIPPED_RATES["repair"])
    assert repair.rate == pytest.approx(repair.chance / 150)
    assert planner().repair(REPAIR, Position(3, 3)).rate < repair.rate


def test_untried_repairs_are_thought_better_only_while_learning() -> None:
    known = planner().repair(REPAIR, Position(0, 0)).rate
    hopeful = planner(learn=True).repair(REPAIR, Position(0, 0)).rate
    assert hopeful > known
    assert planner(learn=True, optimistic=False).repair(
        REPAIR, Position(0, 0)
    ).rate == pytest.approx(known)
    chance = SHIPPED_RATES["repair"]
    bonus = 0.7 * math.sqrt(chance * (1 - chance) / 2)
    assert hopeful <= min(0.97, chance + bonus) / 150 * 1.05
    assert hopeful > chance * 1.2 / 150


# the gain of answers


def gain(**fields: Any) -> GainEstimate:
    given: dict[str, Any] = {
        "belief": 0.5, "fix": 0.4, "damage": 0.1, "undecided": 0.2, "tokens": 100.0,
        "samples": 2, "repairs": 1, "min_gain_per_1k_tokens": 0.02,
    }  # fmt: skip
    return GainEstimate(**{**given, **fields})


def test_gains_are_repairs_minus_damages() -> None:
    numbers = gain(belief=0.75)
    assert numbers.repair_gain == pytest.approx(0.25 * 0.4 - 0.75 * 0.1)
    assert numbers.sample_gain == pytest.approx(0.25 * 0.2)


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({}, "refine"),  # 0.15 for 200 tokens against 0.1 for 200
        ({"undecided": 0.31}, "sample"),
        ({"undecided": 0.31, "samples": 4}, "refine"),
        ({"repairs": 0}, "sample"),
        ({"repairs": 0, "samples": 0}, "stop"),
        ({"belief": 0.97}, "sample"),
        ({"belief": 0.99, "undecided": 0.0}, "stop"),
        ({"min_gain_per_1k_tokens": 0.76}, "stop"),
        ({"min_gain_per_1k_tokens": 0.74}, "refine"),
    ],
)
def test_the_action_with_most_gain_for_its_tokens_is_taken(
    fields: dict[str, Any], action: str
) -> None:
    numbers = gain(**fields)
    assert choose(numbers) == action
    assert replay(Decision(features=numbers.features)) == action


def test_of_equal_actions_the_first_is_taken_and_none_at_the_minimum() -> None:
    numbers = gain(min_gain_per_1k_tokens=1.0)
    equal = [ActionEstimate("sample", 0.2, 100), ActionEstimate("refine", 0.4, 200)]
    assert numbers.best_action(equal) == "sample"
    assert numbers.best_action([ActionEstimate("sample", 0.1, 100)]) == "stop"
    assert numbers.best_action([]) == "stop"


async def test_expected_gain_reads_its_numbers_off_the_pool() -> None:
    rates = RepairRates(
        fix=BetaPosterior(alpha=3, beta=1), damage=BetaPosterior(alpha=1, beta=3), learn=False
    )
    policy = ExpectedGain(rates=rates, max_candidates=4, batch_size=3, max_refined_per_round=2)
    pool = [
        made.model_copy(update={"tokens": 50 * (n + 1)})
        for n, made in enumerate(answers("1", "1", "2"))
    ]
    decision = await policy(state(*pool))
    kept = GainEstimate.from_decision(decision)
    assert (kept.samples, kept.repairs, kept.tokens) == (1, 2, 100)
    assert (kept.fix, kept.damage) == (0.75, 0.25)
    assert kept.undecided == pytest.approx(1 - leader_probability(2, 1))
    assert kept.min_gain_per_1k_tokens == 0.02
    assert decision.difficulty is not None
    assert decision.difficulty.reasons[0].startswith(
        f"the leading answer is right with a chance of {kept.belief:.0%}; a repair would"
    )
    late = await policy(state(*answers("1", "2"), round=3))
    assert GainEstimate.from_decision(late).repairs == 0
    assert GainEstimate.from_decision(await policy(state(round=2))).tokens == 300


async def test_expected_gain_stops_where_nothing_is_worth_it_or_its_rule_says_so() -> None:
    dear = await ExpectedGain(min_gain_per_1k_tokens=9.0)(state(*answers("1", "2")))
    assert dear.stop_reason is not None and dear.stop_reason.rule == "gain"
    assert dear.difficulty is not None and dear.difficulty.level == "easy"
    ruled = await ExpectedGain(stop=rounds(0))(state(*answers("1", "2")))
    assert ruled.stop_reason is not None and ruled.stop_reason.rule == "rounds"
    goes_on = await ExpectedGain(min_gain_per_1k_tokens=-9.0)(state(*answers("1", "2")))
    assert goes_on.moves and goes_on.difficulty is not None
    assert goes_on.difficulty.level == "hard"


# the gain of code


def code_gain(**fields: Any) -> CodeGainEstimate:
    given: dict[str, Any] = {
        "sample_chance": 0.2, "repair_chance": 0.4, "sample_worth": 0.7, "repair_worth": 0.8,
        "best_worth": 0.7, "samples": 1, "repairs": 1, "sample_cost": 300, "repair_cost": 500,
        "spent_tokens": 600, "spent_usd": 0, "spent_seconds": 2, "min_gain_per_1k_tokens": 0.1,
    }  # fmt: skip
    return CodeGainEstimate(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({}, "refine"),
        ({"repairs": 0}, "sample"),
        ({"sample_worth": 0.9}, "sample"),
        ({"sample_worth": 0.9, "samples": 0}, "refine"),
        ({"best_worth": 0.1}, "stop"),
        ({"best_worth": 0.11}, "refine"),
        ({"samples": 0, "repairs": 0}, "stop"),
    ],
)
def test_code_is_sampled_or_repaired_by_worth(fields: dict[str, Any], action: str) -> None:
    assert choose_for_code(code_gain(**fields)) == action


TEST = CallCase(id="t1", entry_point="f", arguments="()", expected="1")


def failing(count: int, **fields: Any) -> Any:
    pool = programs(*(f"f = {n}" for n in range(count)), verdicts=[verdict("failed")] * count)
    return state(*pool, tests=(TEST,), **fields)


def policy(**how: Any) -> ExecutionGain:
    given: dict[str, Any] = {"router": AlwaysHard(), "stop": accepted(), "max_candidates": 9}
    return ExecutionGain(**{**given, **how})


async def numbers_of(made: ExecutionGain, at: Any) -> CodeGainEstimate:
    return CodeGainEstimate.from_decision(await made(at))


async def test_execution_gain_asks_for_no_more_than_is_left() -> None:
    assert (await numbers_of(policy(batch_size=4), failing(7))).samples == 2
    assert (await numbers_of(policy(batch_size=4), failing(2))).samples == 4
    assert (await numbers_of(policy(max_refined_per_round=3), failing(2))).repairs == 2
    assert (await numbers_of(policy(max_refined_per_round=3), failing(8))).repairs == 1
    full = await policy()(failing(9))
    assert full.stop_reason is not None
    assert full.stop_reason.detail == "9 of 9 candidates created"
    assert CodeGainEstimate.from_decision(full).samples == 0


async def test_waves_grow_with_what_waiting_costs() -> None:
    at = failing(1, usage=Usage(completion_tokens=100), elapsed=60.0)
    sizes = [
        (await numbers_of(policy(tokens_per_second=worth), at)).samples
        for worth in (0.0, 1.0, 10.0, 1000.0)
    ]
    assert sizes[0] == 1
    assert sizes == sorted(sizes)
    assert sizes[-1] == 8
    assert (await numbers_of(policy(cost="seconds"), at)).samples == 8
    assert (await numbers_of(policy(), at)).spent_tokens == 100
    assert (await numbers_of(policy(), at)).spent_seconds == 60


async def test_execution_gain_ends_for_an_easy_problem_a_pass_or_a_price() -> None:
    easy = await policy(router=AlwaysEasy())(failing(1))
    assert easy.stop_reason is not None and easy.stop_reason.rule == "easy"
    passed = state(*programs("f = 1", verdicts=[verdict("passed")]), tests=(TEST,))
    done = await policy()(passed)
    assert done.stop_reason is not None and done.stop_reason.rule == "accepted"
    dear = await policy(min_gain_per_1k_tokens=1e9)(failing(1))
    assert dear.stop_reason is not None
    assert (dear.stop_reason.rule, dear.stop_reason.limit) == ("gain", 1e9)


async def test_execution_gain_learns_from_the_last_turn_where_tests_can_tell() -> None:
    rates = SuccessRates(SHIPPED_RATES)
    learning = policy(rates=rates)
    at = failing(2, usage=Usage(completion_tokens=80))
    await learning(at)
    await learning(at)
    assert rates.table.cells[FRESH].tried == 2
    assert rates.table.costs["fresh"] == CostSum(attempts=2, tokens=80)
    guessed = at.model_copy(update={"tests": (TEST.model_copy(update={"origin": "generated"}),)})
    blind = SuccessRates(SHIPPED_RATES)
    await policy(rates=blind)(guessed)
    assert blind.table == RateTable()


# indexes


def test_the_items_added_to_a_tuple_are_returned() -> None:
    items = (1, 2)
    assert added(items, items) == ()
    assert added(items, (1, 2, 3)) == (3,)
    assert added(items, (1, 3)) is None
    assert added((), items) == items
    assert added(items, (1,)) is None


class Count:
    """An index that counts candidates and its own updates."""

    def __init__(self) -> None:
        self.seen: tuple[Candidate, ...] = ()
        self.grown = 0

    def grow(self, state: RefinementState) -> bool:
        new = added(self.seen, state.candidates)
        self.seen, self.grown = state.candidates, self.grown + 1
        return new is not None


def test_an_index_is_reused_while_its_run_grows_and_rebuilt_otherwise() -> None:
    indexes: RunIndexes[Count] = RunIndexes()
    first = decided = Decision(moves=(Move(operator="solve"),))
    pool = (candidate("0.0", "1"), candidate("0.1", "2"), candidate("0.2", "3"))

    def lend(key: Any, *made: Candidate, decisions: Any = (first,)) -> Count:
        with indexes.of(state(*made, decisions=decisions), key, Count) as index:
            return index

    one = lend("a", *pool[:1])
    assert lend("a", *pool[:2]) is one
    assert one.grown == 2
    assert lend("b", *pool[:2]) is not one
    assert lend("a", pool[2]) is not one, "it is no longer version"
    assert lend(["a"], *pool).grown == 1, "a key that cannot be hashed is built every time"
    assert lend("a", *pool, decisions=()).grown == 1
    other = decided.model_copy()
    assert lend("b", *pool, decisions=(other,)).grown == 1
