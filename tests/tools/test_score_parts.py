"""Scorers without model calls, and the parts of other scorers."""

import asyncio
import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.errors import ModelError
from refinegraph.schema import CallCase, Candidate, CaseOutcome, Problem, Score
from refinegraph.testing import answers, candidate, programs, verdict
from refinegraph.tools.comparisons import bradley_terry, pairs_to_compare, win_rates
from refinegraph.tools.grouping import agreeing_groups, answer_groups, generated_results
from refinegraph.tools.loose_json import json_objects
from refinegraph.tools.sandbox.tracing import TraceLine
from refinegraph.tools.scorers import agreement, execution, first_of, self_certainty
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.ensembles import mean_of, product_of, uncertainty_weighted, worst_of
from refinegraph.tools.scorers.simulated import simulated_scorer
from refinegraph.tools.step_scores import first_bad_step, last, mean, minimum, product
from refinegraph.tools.value_slices import value_slice

MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write f.", kind="code")


def values(scores: Sequence[Score]) -> list[float | None]:
    return [score.value for score in scores]


# a scorer of known quality


def pool_of(count: int) -> list[Candidate]:
    return [candidate(f"0.{n}", "4" if n % 2 else "5") for n in range(count)]


def right(_: Problem, made: Candidate) -> bool:
    return made.answer == "4"


@pytest.mark.parametrize(("quality", "share"), [(0.0, 0.5), (1.0, 0.84), (2.0, 0.98)])
def test_a_simulated_scorer_is_right_as_often_as_its_quality_says(
    quality: float, share: float
) -> None:
    pool = pool_of(4000)
    scores = simulated_scorer(right, quality=quality)(MATH, pool)
    good = [(s.value or 0.0) > 0.5 for s, c in zip(scores, pool, strict=True) if right(MATH, c)]
    bad = [(s.value or 0.0) < 0.5 for s, c in zip(scores, pool, strict=True) if not right(MATH, c)]
    assert statistics.fmean(good) == pytest.approx(share, abs=0.03)
    assert statistics.fmean(bad) == pytest.approx(share, abs=0.03)
    draws = [math.log(v / (1 - v)) for s in scores if (v := s.value)]
    spread = statistics.pvariance(draws)
    assert spread == pytest.approx(1 + quality**2, rel=0.1)


def test_a_simulated_scorer_is_the_same_each_time_and_says_nothing_of_no_answer() -> None:
    pool = [*pool_of(3), candidate("0.9", None)]
    scorer = simulated_scorer(right, seed=3)
    assert scorer(MATH, pool) == scorer(MATH, pool)
    assert values(scorer(MATH, pool))[-1] is None
    assert None not in values(scorer(MATH, pool))[:-1]
    assert values(simulated_scorer(right, seed=4)(MATH, pool)) != values(scorer(MATH, pool))
    assert repr(scorer) == "simulated_scorer(quality=1.0, seed=3)"


# execution, agreement, certainty


def test_execution_is_the_share_of_visible_tests() -> None:
    none = verdict("passed").model_copy(update={"tests": ()})
    pool = [
        *programs("a", "b", "c", verdicts=[verdict("passed", "failed", "failed"), none, None]),
        candidate("0.3", unusable="no program"),
    ]
    scores = execution()(CODE, pool)
    assert values(scores) == [pytest.approx(1 / 3), 1.0, None, 0.0]
    assert scores[0].evidence == "1 of 3 visible tests passed"
    assert scores[3].evidence == "no program"


def test_agreement_is_the_share_of_equal_answers_or_what_codet_says() -> None:
    assert values(agreement()(MATH, answers("4", "4.0", "5", None))) == [0.5, 0.5, 0.25, 0.0]
    tested = [
        candidate("0.0", program="def f(): return 1", generated_passed=("g1", "g2")),
        candidate("0.1", program="def f(): return 2", generated_passed=("g1", "g2")),
        candidate("0.2", program="def f(): return 3", generated_passed=("g3",)),
        candidate("0.3", program="def f(): return 4"),
    ]
    # Two programs on two tests, one on one; at most four programs on three tests.
    assert values(agreement()(CODE, tested)) == [4 / 12, 4 / 12, 1 / 12, 0.0]


def test_agreeing_groups_are_of_programs_that_did_the_same() -> None:
    made = [
        candidate("0.1", program="def f(): return 1", generated_passed=("g1",)),
        candidate("0.0", program="def f():  return 1", generated_passed=("g1",)),
        candidate("0.2", program="def f(): return 2", generated_passed=("g1",)),
        candidate("0.3", program="def f(): return 3", generated_passed=("g1", "g2")),
        candidate("0.4", program="def f(): return 4"),
    ]
    groups = agreeing_groups(made)
    assert [[member.id for member in group.members] for group in groups] == [
        ["0.0", "0.1", "0.2"],
        ["0.3"],
    ]
    assert [group.value for group in groups] == [2.0, 2.0]
    told_apart = [
        made[0].model_copy(update={"behaviour": "a"}),
        made[1].model_copy(update={"behaviour": "b"}),
    ]
    assert len(agreeing_groups(told_apart)) == 2
    heavy = made[0].model_copy(update={"generated_weight": 5.0})
    assert agreeing_groups([heavy])[0].value == 5.0


def test_generated_tests_that_are_written_often_weigh_more() -> None:
    often = [
        CallCase(id=f"t{n}", entry_point="f", arguments="()", expected="1", weight=weight)
        for n, weight in ((1, 3), (2, 1))
    ]
    weighed: Any = generated_results(verdict("passed", "passed"), often)
    assert weighed["generated_weight"] == math.log2(4) + 1
    outcomes = verdict("passed", "failed")
    found: Any = generated_results(outcomes, ())
    assert found["generated_passed"] == ("t1",)
    assert found["generated_weight"] == 0
    other: Any = generated_results(
        verdict(CaseOutcome(id="t1", status="passed", got="2"), "failed"), ()
    )
    assert other["behaviour"] != found["behaviour"]
    assert len(found["behaviour"]) == 16


def test_answers_are_grouped_by_what_they_are_and_programs_by_what_they_did() -> None:
    by_class = [
        candidate("0.0", "a").model_copy(update={"equivalence_class": "x"}),
        candidate("0.1", "b").model_copy(update={"equivalence_class": "x"}),
        candidate("0.2", "a"),
    ]
    assert [len(group) for group in answer_groups(MATH, by_class)] == [2, 1]
    verdicts = [verdict("passed", "failed"), verdict("passed", "failed"), verdict("failed"), None]
    pool = programs("f = 1", "f = 2", "f = 3", "f = 4", verdicts=verdicts)
    groups = answer_groups(CODE, [*reversed(pool), candidate("0.9", unusable="x")])
    assert [[member.id for member in group] for group in groups] == [
        ["0.0", "0.1"],
        ["0.2"],
        ["0.3"],
    ]
    assert len(answer_groups(CODE, programs("f = 1", "f  =  1  # one"))) == 1


def test_certainty_keeps_its_order_within_zero_and_one() -> None:
    pool = [
        candidate(f"0.{n}", "4").model_copy(update={"self_certainty": c})
        for n, c in enumerate((0.0, 1.0, 3.0, None))
    ]
    scores = self_certainty()(MATH, pool)
    assert values(scores) == [0.0, pytest.approx(1 - math.exp(-1)), pytest.approx(0.950213), None]
    assert scores[1].evidence == "1.00 nats from uniform"


class Fixed:
    """A scorer with fixed values that counts its calls."""

    def __init__(self, *given: float | None, alone: bool = True) -> None:
        self.given = given
        self.scores_alone = alone
        self.asked = 0

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        self.asked += 1
        return [Score(scorer="fixed", value=value, evidence="e") for value in self.given]


async def test_only_scorers_up_to_the_first_with_a_value_are_called() -> None:
    one, two, three = Fixed(0.1, None), Fixed(0.3, 0.4), Fixed(0.5, 0.6)
    found = await first_of(one, two, three)(MATH, answers("4", "5"))
    assert values(found) == [0.1, 0.4]
    assert [scorer.asked for scorer in (one, two, three)] == [1, 1, 0]
    assert first_of(one, two).scores_alone
    assert not first_of(one, Fixed(0.1, alone=False)).scores_alone


@pytest.mark.parametrize(
    ("joined", "expected"),
    [
        (mean_of, [0.5, 0.6, None]),
        (worst_of, [0.2, 0.6, None]),
        (uncertainty_weighted, [0.5 - 0.09, 0.6, None]),
        (product_of, [0.2 * 0.8, 0.6, None]),
    ],
)
async def test_scorers_are_combined_without_those_that_return_none(
    joined: Any, expected: list[float | None]
) -> None:
    scorer = joined(Fixed(0.2, None, None), Fixed(0.8, 0.6, None))
    found = await scorer(MATH, answers("4", "5", "6"))
    assert values(found.scores) == [v if v is None else pytest.approx(v) for v in expected]
    assert found.scores[0].evidence == "e; e"
    assert scorer.scores_alone


async def test_no_factor_of_a_product_vetoes_alone_nor_counts_above_one() -> None:
    found = await product_of(Fixed(-1.0, 3.0), Fixed(0.5, 0.5))(MATH, answers("4", "5"))
    assert values(found.scores) == [pytest.approx(0.025), 0.5]
    weighted = uncertainty_weighted(Fixed(0.2), Fixed(0.8), weight=2.0)
    assert values((await weighted(MATH, answers("4"))).scores) == [pytest.approx(0.5 - 0.18)]


def test_step_scores_become_one_and_show_the_first_bad_step() -> None:
    steps = [0.9, 0.5, 0.7]
    assert [rule(steps) for rule in (product, mean, minimum, last)] == pytest.approx(
        [0.315, 0.7, 0.5, 0.7]
    )
    assert [rule([]) for rule in (product, mean, minimum, last)] == [1.0, 0.0, 0.0, 0.0]
    assert first_bad_step(steps) == 1
    assert first_bad_step([0.6, 0.7]) is None
    assert first_bad_step([0.9, 0.5], threshold=0.5) is None


# comparisons


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=6, max_size=6))
def test_bradley_terry_explains_the_points_of_everyone(points: list[float]) -> None:
    pairs = list(itertools.combinations("abcd", 2))
    wins = dict(zip(pairs, points, strict=True))
    chance = bradley_terry(wins)
    strength = {name: value / (1 - value) for name, value in chance.items()}
    for name in "abcd":
        won = 0.5 + sum(w if name == a else 1 - w for (a, b), w in wins.items() if name in (a, b))
        rivals = [b if name == a else a for a, b in pairs if name in (a, b)]
        expected = sum(strength[name] / (strength[name] + strength[r]) for r in rivals)
        assert expected + chance[name] == pytest.approx(won, abs=1e-6)


def test_rates_without_comparisons_are_none() -> None:
    assert bradley_terry({}) == win_rates({}) == {}
    assert pairs_to_compare("abc", limit=0) == []


# memory


async def test_memory_asks_once_for_each_and_forgets_the_oldest() -> None:
    asked: list[list[int]] = []

    async def ask(keys: Sequence[int]) -> list[int]:
        asked.append(list(keys))
        return [key * 10 for key in keys]

    memory: AsyncCache[int, int] = AsyncCache(max_entries=3)
    assert await memory.get_in_batches([1, 2, 1, 3], ask, size=2) == [10, 20, 10, 30]
    assert await memory.get_in_batches([2, 4], ask, size=2) == [20, 40]
    assert await memory.get_in_batches([2, 1], ask, size=2) == [20, 10]
    assert asked == [[1, 2], [3], [4], [1]]


async def test_cache_keeps_results_next_to_a_failure_and_recomputes_the_rest() -> None:
    broken = True

    async def ask(key: int) -> int:
        if key < 0 and broken:
            raise ModelError("It is down.")
        return key

    memory: AsyncCache[int, int] = AsyncCache()
    found = await memory.get_all([1, -1], ask)
    assert found[0] == 1
    assert isinstance(found[1], ModelError)
    with pytest.raises(ModelError, match="It is down"):
        await memory.get_all([-1, -1], ask)
    with pytest.raises(ModelError, match="It is down"):
        await memory.get(-1, ask)
    broken = False
    assert await memory.get_all([-1], ask) == [-1]
    assert await memory.get(-1, ask) == -1


async def test_cache_computes_concurrently_and_hides_no_other_error() -> None:
    started = 0
    everyone = asyncio.Event()

    async def ask(key: int) -> int:
        nonlocal started
        started += 1
        if started == 3:
            everyone.set()
        await everyone.wait()
        return key

    memory: AsyncCache[int, int] = AsyncCache()
    assert await asyncio.wait_for(memory.get_all([1, 2, 3], ask), 20) == [1, 2, 3]

    async def wrong(key: int) -> int:
        raise KeyError(key)

    with pytest.raises(KeyError):
        await memory.get_all([4], wrong)


# slices of a trace


PROGRAM = """\
def f(x, y):
    a = x
    b = y
    if a:
        c = a + 1
        d = 2
    for i in range(a):
        c += i
    return g(c)

def g(z):
    w = z
    return w
"""


def visit(number: int, function: str = "f", **changed: str) -> TraceLine:
    names = tuple((name.replace("_return", "return"), value) for name, value in changed.items())
    return TraceLine(number=number, function=function, changed=names)


def test_a_slice_holds_what_the_result_came_from() -> None:
    trace = [
        visit(2, a="1"), visit(3, b="2"), visit(4), visit(5, c="2"), visit(6, d="2"),
        visit(7, i="0"), visit(8, c="2"), visit(12, "g", w="2"), visit(13, "g", _return="2"),
        visit(9, _return="2"), visit(3, b="3"),
    ]  # fmt: skip
    kept = value_slice(trace, PROGRAM)
    assert [line.number for line in kept] == [2, 5, 7, 8, 12, 13, 9]
    assert value_slice(trace[:3], PROGRAM) == ()
    assert value_slice(trace, "def (") == ()


# JSON in what a model wrote


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": 1}', {"a": 1}),
        ('so: {"a": 1} and more', {"a": 1}),
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,]}', {"a": [1, 2]}),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ("{a: True, b: None, c: False}", {"a": True, "b": None, "c": False}),
        ('{"a": 1 // why\n}', {"a": 1}),
        ('{"u": "http://x"}', {"u": "http://x"}),
        ('{"a": "\\frac"}', {"a": "\\frac"}),
        ('{"a": "\\sqrt"}', {"a": "\\sqrt"}),
        ("{“a”: 1}", {"a": 1}),
        ('{"a": [1, {"b": 2', {"a": [1, {"b": 2}]}),
        ('{"a": "cut sh', {"a": "cut sh"}),
        ('{"a": "x\\"y', {"a": 'x"y'}),
        ('{"a": [1], "b": 2', {"a": [1], "b": 2}),
        ('{"a": 1, ', {"a": 1}),
        ('[1] {"a": "True"}', {"a": "True"}),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', {"a": 2}),
        ('{broken} {"a": 1}', {"a": 1}),
        ("{" * 15 + ' {"a": 1}', {"a": 1}),
    ],
)
def test_json_is_mended_as_text(text: str, wanted: dict[str, object]) -> None:
    found = next(json_objects(text))
    if "frac" in text:
        assert found in (wanted, {"a": "\frac"})
    else:
        assert found == wanted


@pytest.mark.parametrize("text", ["", "none", "[1, 2]", '"a"', "{", "{1: 2}", "a" * 20_001 + "{}"])
def test_text_without_an_object_holds_none(text: str) -> None:
    assert [found for found in json_objects(text) if found] == []


def test_every_object_between_braces_is_yielded_in_order() -> None:
    assert list(json_objects('x {"a": 1} y {"b": {"c": 2}} z')) == [{"a": 1}, {"b": {"c": 2}}]
