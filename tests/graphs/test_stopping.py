"""Stop rules say why they fire, combine by laws, and never raise."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import (
    AnyOf,
    RuleFunction,
    StopRule,
    accepted,
    as_rule,
    budget,
    oscillating,
    rounds,
    same_failure,
    stalled,
)
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    StopReason,
    Usage,
)
from refinegraph.support.awaiting import settle
from refinegraph.testing import candidate, state, verdict

PROGRAM = "def f(x): return x"


def tried(id: str, *errors: str, parents: str = "") -> Candidate:
    """Return a program that passes its first test and fails one test with each of these errors."""
    failed = [CaseOutcome(id=f"failed {n}", status="error", error=e) for n, e in enumerate(errors)]
    return candidate(id, program=PROGRAM, parents=parents, verdict=verdict("passed", *failed))


def fires(rule: StopRule, at: RefinementState) -> str:
    reason = asyncio.run(settle(rule(at)))
    assert reason is not None
    return f"{reason.rule}: {reason.detail}"


def test_rounds_fires_at_its_limit() -> None:
    assert rounds(2)(state(round=1)) is None
    assert fires(rounds(2), state(round=2)) == "rounds: 2 of 2 rounds done"


def test_accepted_fires_only_on_an_executed_pass() -> None:
    assert accepted()(state(candidate("0.0", program=PROGRAM))) is None
    assert accepted()(state(tried("0.0", "ValueError: x"))) is None
    passing = state(candidate("0.0", program=PROGRAM, verdict=verdict("passed", "passed")))
    assert fires(accepted(), passing) == "accepted: candidate 0.0 passed both visible tests"


def test_accepted_does_not_take_generated_tests_for_proof() -> None:
    guessed = candidate("0.0", program=PROGRAM, generated_passed=("g1", "g2"))
    assert accepted()(state(guessed)) is None


def test_stalled_compares_with_the_best_some_rounds_ago() -> None:
    pool = (
        candidate("0.0", score=0.5),
        candidate("1.0", parents="0.0", score=0.4),
        candidate("2.0", parents="1.0", score=0.5),
    )
    assert stalled(2)(state(*pool, round=1)) is None
    assert fires(stalled(2), state(*pool, round=2)) == (
        "stalled: the best score stayed at 0.5 for 2 rounds"
    )
    better = (*pool, candidate("2.1", parents="0.0", score=0.7))
    assert stalled(2)(state(*better, round=2)) is None


def test_oscillating_sees_through_layout_and_comments() -> None:
    pool = (
        candidate("0.0", program="def f(x):\n    return x  # a"),
        candidate("1.0", program="def f(x):\n    return -x", parents="0.0"),
        candidate("2.0", program="def f(x): return x", parents="1.0"),
    )
    assert oscillating()(state(*pool[:2], round=1)) is None
    assert fires(oscillating(), state(*pool, round=2)) == (
        "oscillating: every refinement of round 2 repeated an earlier candidate"
    )


def test_same_failure_looks_at_tests_and_exception_types_and_not_at_prose() -> None:
    pool = (
        tried("0.0", "ValueError: one"),
        tried("1.0", "ValueError: two", parents="0.0"),
        tried("2.0", "ValueError: three", parents="1.0"),
    )
    assert same_failure(3)(state(*pool[:2], round=1)) is None
    assert fires(same_failure(3), state(*pool, round=2)) == (
        "same_failure: every line of repair failed the same way 3 times in a row"
    )
    other = tried("2.0", "KeyError: three", parents="1.0")
    assert same_failure(3)(state(*pool[:2], other, round=2)) is None


@pytest.mark.parametrize(
    ("rule", "usage", "elapsed", "said"),
    [
        (budget(tokens=10), Usage(prompt_tokens=6, completion_tokens=4), 0, "10 of 10 tokens"),
        (budget(calls=2), Usage(llm_calls=3), 0, "3 of 2 model calls"),
        (budget(usd=0.5), Usage(priced_usd=0.75), 0, "0.75 of 0.5 USD"),
        (budget(seconds=2.5), Usage(), 3.0, "3 of 2.5 seconds"),
    ],
    ids=["tokens", "calls", "usd", "seconds"],
)
def test_budget_names_what_was_spent(
    rule: StopRule, usage: Usage, elapsed: float, said: str
) -> None:
    assert rule(state()) is None
    assert fires(rule, state(usage=usage, elapsed=elapsed)) == f"budget: {said} were spent"


def test_budget_in_usd_stops_where_a_price_is_unknown() -> None:
    spent = state(usage=Usage(unpriced_calls=1))
    assert "price is unknown" in fires(budget(usd=1), spent)
    assert budget(tokens=100)(spent) is None


def always(_: RefinementState) -> StopReason | None:
    return StopReason(rule="always", detail="always")


def test_plain_callables_combine_on_either_side() -> None:
    assert repr(always | rounds(1)) == "always | rounds(1)"
    assert repr(rounds(1) | always) == "rounds(1) | always"
    assert repr(always & rounds(1)) == "always & rounds(1)"
    assert fires(always | rounds(1), state()) == "always: always"


def test_rules_flatten_and_print_as_they_are_written() -> None:
    rule = rounds(3) | accepted() | stalled(2) & ~budget(tokens=5) | oscillating()
    assert repr(rule) == ("rounds(3) | accepted() | stalled(2) & ~budget(tokens=5) | oscillating()")
    assert isinstance(rule, AnyOf)
    assert len(rule.rules) == 4
    assert eval(repr(rule)) == rule
    assert repr((rounds(1) | accepted()) & stalled(2)) == "(rounds(1) | accepted()) & stalled(2)"
    assert repr(~(rounds(1) & accepted())) == "~(rounds(1) & accepted())"


basic = st.sampled_from(
    [rounds(0), rounds(2), accepted(), stalled(1), oscillating(), same_failure(2), budget(tokens=5)]
)
rules = st.recursive(
    basic,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=6,
)
states = st.sampled_from(
    [
        state(),
        state(round=2, usage=Usage(prompt_tokens=9)),
        state(tried("0.0")),
        state(candidate("0.0", score=1.0), candidate("1.0", parents="0.0"), round=1),
        state(
            candidate("0.0", unusable="nothing"),
            candidate("1.0", parents="9.9"),
            round=1,
        ),
    ]
)


@given(rules, rules, rules, states)
def test_laws_of_the_algebra(a: StopRule, b: StopRule, c: StopRule, at: RefinementState) -> None:
    assert bool((a | b)(at)) == (bool(a(at)) or bool(b(at)))
    assert bool((a & b)(at)) == (bool(a(at)) and bool(b(at)))
    assert bool((~a)(at)) == (not a(at))
    assert (~~a)(at) == a(at)
    assert ((a | b) | c)(at) == (a | (b | c))(at)
    assert ((a & b) & c)(at) == (a & (b & c))(at)
    assert bool((~(a | b))(at)) == bool((~a & ~b)(at))
    assert bool((~(a & b))(at)) == bool((~a | ~b)(at))
    assert eval(repr(a | b & c)) == a | b & c


def test_two_rules_that_may_wait_combine_like_others() -> None:
    async def later(at: RefinementState) -> StopReason | None:
        return StopReason(rule="later", detail="later") if at.round else None

    waiting = as_rule(later)
    now, before = state(round=1), state()
    assert fires(waiting | always, now) == "later: later"
    assert fires(waiting | always, before) == "always: always"
    assert fires(always | waiting, before) == "always: always"
    assert fires(waiting | rounds(9) | always, before) == "always: always"
    assert fires(waiting & always, now) == "later&always: later and always"
    assert asyncio.run(settle((waiting & always)(before))) is None
    assert asyncio.run(settle((~waiting)(now))) is None
    assert fires(~waiting, before) == "not: later does not hold"
    assert asyncio.run(settle((waiting | rounds(9))(before))) is None


def test_rules_after_one_that_fired_are_not_evaluated() -> None:
    asked: list[str] = []

    def noting(name: str, fired: bool) -> RuleFunction:
        def rule(_: RefinementState) -> StopReason | None:
            asked.append(name)
            return StopReason(rule=name, detail=name) if fired else None

        return rule

    async def waiting(_: RefinementState) -> StopReason | None:
        return None

    rule = as_rule(noting("a", False)) | noting("b", True) | noting("c", True)
    assert fires(rule, state()) == "b: b"
    assert asked == ["a", "b"]
    asked.clear()
    later = as_rule(waiting) | noting("a", False) | noting("b", True) | noting("c", True)
    assert fires(later, state()) == "b: b"
    assert asked == ["a", "b"]


def test_stalled_counts_gains_above_its_minimum_only() -> None:
    pool = (candidate("0.0", score=0.5), candidate("1.0", parents="0.0", score=0.75))
    assert stalled(1, minimum_gain=0.25)(state(*pool, round=1)) is not None
    assert stalled(1, minimum_gain=0.24)(state(*pool, round=1)) is None
    reason = stalled(1)(state(candidate("0.0", score=0.5), round=1))
    assert isinstance(reason, StopReason)
    assert (reason.observed, reason.limit) == (0.5, 0.5)
    assert stalled(1)(state(candidate("0.0"), round=1)) is None
    assert repr(stalled(1, minimum_gain=0.25)) == "stalled(1, minimum_gain=0.25)"


def test_rules_of_repair_look_at_the_last_round_alone() -> None:
    failing = (tried("0.0", "E: 1"), tried("1.0", "E: 2", parents="0.0"))
    assert same_failure(2)(state(*failing, round=1)) is not None
    assert same_failure(2)(state(*failing, round=2)) is None
    assert same_failure(2)(state(failing[0], round=0)) is None
    other = tried("1.1", "K: 2", parents="0.0")
    assert same_failure(2)(state(*failing, other, round=1)) is None
    passing = (candidate("0.0", program=PROGRAM, verdict=verdict("passed")),)
    repaired = candidate("1.0", program=PROGRAM, parents="0.0", verdict=verdict("passed"))
    assert same_failure(2)(state(*passing, repaired, round=1)) is None
    assert same_failure().times == 3
    mixed = (
        candidate("0.0", "5"),
        candidate("1.0", " 5 ", parents="0.0"),
        candidate("1.1", "6", parents="0.0"),
    )
    assert oscillating()(state(*mixed, round=1)) is None
    assert oscillating()(state(*mixed[:2], round=1)) is not None
    assert oscillating()(state(*mixed[:1], round=0)) is None


@pytest.mark.parametrize(
    ("limits", "usage", "fired"),
    [
        ({"usd": 1.0, "tokens": 5}, Usage(priced_usd=1.0, prompt_tokens=4), "1 of 1.0 USD"),
        ({"usd": 1.0, "tokens": 5}, Usage(priced_usd=0.9, prompt_tokens=5), "5 of 5 tokens"),
        ({"calls": 1}, Usage(llm_calls=1), "1 of 1 model calls"),
        ({"tokens": 1_000_000}, Usage(prompt_tokens=1_234_567), "1.23457e+06 of 1,000,000 tokens"),
    ],
)
def test_the_first_limit_that_is_reached_is_named(
    limits: dict[str, Any], usage: Usage, fired: str
) -> None:
    assert fires(budget(**limits), state(usage=usage)) == f"budget: {fired} were spent"
    assert repr(budget(tokens=5, seconds=2)) == "budget(tokens=5, seconds=2)"


def test_an_invalid_rule_is_refused() -> None:
    for wrong in (3, "rounds(1)", lambda: None):
        with pytest.raises(InputError):
            as_rule(wrong)  # type: ignore[arg-type]
    rule = rounds(1)
    assert as_rule(rule) is rule
