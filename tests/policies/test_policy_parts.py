"""The parts of policies at their limits."""

import dataclasses
import inspect
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.graphs import policies
from refinegraph.graphs.policies import (
    beam,
    best_first,
    each_with_others,
    from_all,
    from_each,
    is_complete,
    move,
    schedule,
)
from refinegraph.graphs.policies.adaptive_sampling import (
    SampleUntil,
    last_k_agree,
    leader_probability,
    settled,
    vote_settled,
)
from refinegraph.graphs.policies.base import (
    approved_ids,
    as_decision,
    check_moves,
    easy,
    first_moves,
    interrupted,
    mean_tokens,
    refinable,
    samples_of,
)
from refinegraph.graphs.policies.searching import (
    bound_reached,
    check_choice,
    check_minimum,
    cut,
    cut_moves,
    spent,
)
from refinegraph.graphs.policies.supervisor import named_item
from refinegraph.graphs.stopping import accepted
from refinegraph.schema import (
    CallCase,
    Candidate,
    Decision,
    Difficulty,
    Failure,
    Move,
    Problem,
    RejectedRefinement,
    StopReason,
)
from refinegraph.support.awaiting import settle
from refinegraph.testing import answers, candidate, programs, review, state, verdict

TEST = CallCase(id="t1", entry_point="f", arguments="()", expected="1")
STOP = StopReason(rule="mine", detail="enough")


def decided(*moves: Move, **fields: Any) -> Decision:
    return Decision(moves=moves or (Move(operator="solve"),), **fields)


# as_decision


def test_every_choice_becomes_a_decision_with_its_number() -> None:
    before = state(*answers("1"), round=3)
    refine = Move(operator="refine", parents=("0.0",))
    for choice in (refine, [refine], (refine,), decided(refine, number=7, round=4)):
        found = as_decision(choice, before)
        assert (found.number, found.round, found.moves) == (1, 4, (refine,))
    fresh = as_decision(Move(operator="solve"), before)
    assert (fresh.number, fresh.round) == (1, 3)
    stopped = as_decision(STOP, before)
    assert (stopped.stop_reason, stopped.moves, stopped.number) == (STOP, (), 1)
    nothing = as_decision([], before)
    assert nothing.stop_reason is not None
    assert nothing.stop_reason.detail == "the policy has no further move"


@pytest.mark.parametrize("choice", ["solve", None, [Move(operator="a"), "b"], 3, {"a": 1}])
def test_other_values_are_refused(choice: object) -> None:
    with pytest.raises(InputError, match=r"the policy returned .*expected a Decision, a Move"):
        as_decision(choice, state())


def test_moves_to_nowhere_are_refused_by_name() -> None:
    pool = state(*answers("1"))
    check_moves(decided(Move(operator="refine", parents=("0.0",))), pool, ["refine"])
    with pytest.raises(InputError, match="the operator 'refine'; this graph has merge, solve"):
        check_moves(decided(Move(operator="refine")), pool, ["solve", "merge"])
    with pytest.raises(InputError, match=r"from candidate '9.9', .* among the 1 candidates"):
        check_moves(decided(Move(operator="a", parents=("0.0", "9.9"))), pool, ["a"])


def test_first_moves_are_made_once_and_write_tests_only_for_code_without_any() -> None:
    code = Problem(prompt="Write f.", kind="code")
    names = {
        (write, kind): [m.operator for m in found.moves]
        for write in (True, False)
        for kind, problem in (("code", code), ("math", Problem(prompt="1?", kind="math")))
        if (found := first_moves(state(problem=problem), 3, write_tests=write))
    }
    assert names == {
        (True, "code"): ["solve", "write_tests"],
        (False, "code"): ["solve"],
        (True, "math"): ["solve"],
        (False, "math"): ["solve"],
    }
    tested = first_moves(state(problem=code, tests=(TEST,)), 3, write_tests=True)
    assert tested is not None and [m.operator for m in tested.moves] == ["solve"]
    assert tested.moves[0].count == 3
    assert first_moves(state(*answers("1")), 3, write_tests=True) is None


# interrupted


def failure(kind: Any, turn: int = 0, detail: str = "down") -> Failure:
    return Failure(
        kind=kind,
        node="solve", round=0, candidate_id=None, detail=detail, turn=turn, error="ModelError",
    )  # fmt: skip


def rule_of(reason: StopReason | None) -> str | None:
    return reason.rule if reason else None


def test_late_failures_and_moves_without_result_end_a_run() -> None:
    assert interrupted(state()) is None
    made = answers("1")
    last = [decided()]
    went_well = state(*made, decisions=last).model_copy(update={"progress": 0})
    assert interrupted(went_well) is None
    for fields, rule in (
        ({"failures": (failure("deadline"),)}, "budget"),
        ({"failures": (failure("model"),), "progress": 0}, None),
        ({"failures": (failure("deadline", turn=4),), "progress": 0}, None),
        ({"progress": -1}, "exhausted"),
    ):
        assert rule_of(interrupted(went_well.model_copy(update=fields))) == rule, fields
    none_made = state(decisions=last, failures=(failure("model"), failure("model", detail="late")))
    reason = interrupted(none_made)
    assert (rule_of(reason), reason and reason.detail) == ("failed", "late")


def test_moves_without_result_report_that_the_reviewer_approves() -> None:
    pool = answers("1", "2")
    refine = decided(Move(operator="refine", parents=("0.0",)))
    decisions = [decided(), refine.model_copy(update={"number": 1})]
    stuck = state(*pool, decisions=decisions).model_copy(update={"progress": 0})
    assert rule_of(interrupted(stuck)) == "exhausted"
    approved = stuck.model_copy(update={"reviews": (review("0.0", approves=True),)})
    reason = interrupted(approved)
    assert reason is not None
    assert (reason.rule, reason.detail) == ("approved", "the Reviewer found nothing wrong with 0.0")


# approval and refinement


def test_the_latest_round_of_reviews_counts_and_its_reviewers_have_to_agree() -> None:
    pool = answers("1", "2", "3", "4")
    reviews = (
        review("0.0", approves=True),
        review("0.1", approves=True, round=0),
        review("0.1", approves=False, round=1),
        review("0.2", approves=False, round=0),
        review("0.2", approves=True, round=1),
        review("0.3", approves=True, number=0),
        review("0.3", approves=False, number=1),
    )
    assert approved_ids(state(*pool, reviews=reviews)) == {"0.0", "0.2"}
    back = (review("0.3", approves=False, number=0), review("0.3", approves=True, number=1))
    assert approved_ids(state(*pool, reviews=back)) == frozenset()
    refuted = programs("f = 1", verdicts=[verdict("failed")])
    assert approved_ids(state(*refuted, reviews=reviews[:1])) == frozenset()
    assert approved_ids(state(*pool)) == frozenset()


def ids(found: list[Candidate]) -> list[str]:
    return [each.id for each in found]


def test_refinable_are_the_best_distinct_ones_that_are_neither_proved_nor_approved() -> None:
    pool = (
        *answers("1", "2", "3", scores=(0.1, 0.9, 0.5)),
        candidate("0.3", "2", score=0.2).model_copy(update={"text": "2"}),
        candidate("0.4", None, score=1.0),
    )
    pool = tuple(c.model_copy(update={"text": c.answer or "?"}) for c in pool)
    assert ids(refinable(state(*pool))) == ["0.1", "0.2", "0.0"]
    assert ids(refinable(state(*pool), limit=2)) == ["0.1", "0.2"]
    assert ids(refinable(state(*pool), newest_first=True)) == ["0.2", "0.1", "0.0"]
    approving = state(*pool, reviews=(review("0.1", approves=True),))
    assert ids(refinable(approving)) == ["0.2", "0.3", "0.0"]
    assert ids(refinable(state(pool[4]))) == ["0.4"]
    verdicts = [verdict("passed"), verdict("failed")]
    assert ids(refinable(state(*programs("f = 1", "f = 2", verdicts=verdicts)))) == ["0.1"]


def test_samples_are_made_from_nothing_and_their_tokens_averaged() -> None:
    pool = (*answers("1", "2"), candidate("1.0", "3", parents="0.0"))
    assert ids(samples_of(state(*pool))) == ["0.0", "0.1"]
    priced = [c.model_copy(update={"tokens": n}) for c, n in zip(pool, (0, 10, 30), strict=True)]
    assert mean_tokens(priced) == 20
    assert mean_tokens(pool[:0]) is None


def test_an_easy_problem_stops_for_the_routers_first_reason() -> None:
    assert easy(Difficulty(level="easy", reasons=("all agree", "x"))).detail == "all agree"
    assert easy(Difficulty(level="easy")).detail == "the router rates it easy"


# bounds


@given(st.lists(st.integers(1, 5), max_size=6), st.integers(-2, 12))
def test_moves_are_cut_from_the_end_to_fit_the_budget(counts: list[int], left: int) -> None:
    kept = cut_moves([Move(operator=f"o{n}", count=n) for n in counts], left)
    assert sum(each.count for each in kept) == min(sum(counts), max(0, left))
    assert all(each.count >= 1 for each in kept)
    assert [each.operator for each in kept] == [f"o{n}" for n in counts][: len(kept)]
    assert [each.count for each in kept[:-1]] == counts[: max(0, len(kept) - 1)]


def test_a_choice_of_any_form_is_cut() -> None:
    three = Move(operator="a", count=3)
    assert cut(three, 2) == cut([three], 2) == [Move(operator="a", count=2)]
    assert cut(STOP, 2) is STOP


def test_candidates_count_when_they_are_asked_for() -> None:
    pool = state(*answers("1"), decisions=[decided(Move(operator="solve", count=4))])
    assert spent(pool) == 4
    assert spent(state(*answers("1", "2"), decisions=[])) == 2
    assert bound_reached(pool, 5) is None
    reason = bound_reached(pool, 4)
    assert reason is not None
    assert (reason.rule, reason.observed, reason.limit) == ("candidates", 4, 4)
    assert reason.detail == "4 of at most 4 candidates requested"


def test_settings_are_checked_at_their_bounds() -> None:
    check_minimum(1, width=1, roots=None)
    with pytest.raises(InputError, match=r"^roots must be at least 1, got 0"):
        check_minimum(1, width=1, roots=0)
    check_choice("rule", "a", "a", "b")
    check_choice("rule", len, "a")
    with pytest.raises(InputError, match=r"^rule is 'c'; expected a, b or a function"):
        check_choice("rule", "c", "a", "b")


# sampling rules


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_leader_of_a_vote_is_as_sure_as_the_other_is_not(first: int, second: int) -> None:
    sure = leader_probability(first, second)
    assert sure + leader_probability(second, first) == pytest.approx(1)
    assert leader_probability(first + 1, second) > sure
    # The chance that a coin with a uniform prior favours heads, by integration.
    steps = [(n + 0.5) / 2000 for n in range(2000)]
    weights = [p**first * (1 - p) ** second for p in steps]
    assert sure == pytest.approx(math.fsum(weights[1000:]) / math.fsum(weights), abs=1e-3)


def test_a_vote_is_settled_by_two_votes_at_least_and_exactly_at_its_confidence() -> None:
    four = state(*answers("1", "1", "1", "1"))
    sure = leader_probability(4, 0)
    assert vote_settled(sure)(four) == f"4 to 0 votes settle it with probability {sure:.3f}"
    assert vote_settled(sure + 1e-9)(four) is None
    assert vote_settled(0.6)(state(*answers("1"))) is None
    assert vote_settled(0.6)(state(*answers("1", "1"))) is not None
    assert vote_settled(0.5)(state()) is None
    proved = state(*programs("f = 1", "f = 1"), tests=(TEST,))
    assert settled(0.5)(proved) is None
    assert settled(0.5)(state(*programs("f = 1", "f = 1"))) is not None


def test_the_last_samples_agree_only_if_all_of_them_do() -> None:
    rule = last_k_agree(2)
    assert rule(state(*answers("1", "2", "2"))) == "the last 2 samples agree"
    assert rule(state(*answers("2", "2", "1"))) is None
    assert rule(state(*answers("1"))) is None
    assert rule(state(*answers("2", None))) is None
    refined = (*answers("1", "1"), candidate("1.0", "5", parents="0.0"))
    assert rule(state(*refined)) is not None
    assert repr(rule) == "last_k_agree(2)"
    assert last_k_agree().size == 3


async def test_sampling_continues_in_batches_up_to_the_maximum() -> None:
    policy = SampleUntil(until=last_k_agree(2), max_candidates=4, batch_size=3)
    first = await policy(state(*answers("1", "2")))
    assert isinstance(first, Decision)
    assert first.moves[0].count == 2
    assert first.difficulty is not None
    assert first.difficulty.reasons == ("1 to 1 votes of 2 samples do not settle it",)
    wide = await policy(state(*answers("1")))
    assert isinstance(wide, Decision) and wide.moves[0].count == 3
    ended = await policy(state(*answers("1", "2", "1", "3")))
    assert isinstance(ended, StopReason)
    assert (ended.rule, ended.detail) == (
        "samples",
        "4 of 4 samples drawn without a settled vote",
    )
    agreed = await policy(state(*answers("1", "1")))
    assert isinstance(agreed, StopReason)
    assert (agreed.rule, agreed.observed) == ("agreed", 2)


async def test_what_follows_sampling_decides_once_it_is_settled_or_has_begun() -> None:
    refine = Move(operator="refine", parents=("0.0",))
    policy = SampleUntil(
        lambda _: [refine], until=last_k_agree(2), stop=accepted(), max_candidates=9
    )
    found = as_decision(await policy(state(*answers("1", "1"))), state())
    assert found.moves == (refine,)
    begun = state(*answers("1", "2"), candidate("1.0", "3", parents="0.0"))
    assert await policy(begun) == [refine]
    passed = state(*programs("f = 1", verdicts=[verdict("passed")]))
    assert rule_of(await policy(passed)) == "accepted"  # type: ignore[arg-type]
    stopping = SampleUntil(lambda _: STOP, until=last_k_agree(2), max_candidates=9)
    kept = await stopping(state(*answers("1", "1")))
    assert isinstance(kept, Decision) and rule_of(kept.stop_reason) == "agreed"


# search over steps


def steps(**scores: float | None) -> list[Candidate]:
    return [candidate(id.replace("_", "."), "x", score=score) for id, score in scores.items()]


def test_a_beam_keeps_as_many_as_it_is_told_and_expands_the_unfinished() -> None:
    pool = [
        c.model_copy(update={"complete": c.id == "0.1", "id": c.id})
        for c in (candidate(f"0.{n}", "x", score=s) for n, s in enumerate((0.9, 0.8, 0.7, None)))
    ]
    policy = beam("step", keep=3, width=2, done=is_complete)
    found = policy.choose(state(*pool))
    assert [(m.parents, m.count) for m in as_decision(found, state(*pool)).moves] == [
        (("0.0",), 2),
        (("0.2",), 2),
    ]
    done = policy.choose(state(*(c.model_copy(update={"complete": True}) for c in pool)))
    assert isinstance(done, StopReason)
    assert done.detail == "the 3 best candidates are finished"
    assert policy.choose(state()) == Move(operator="step", count=6)
    assert beam("step", root="first", roots=5).choose(state()) == Move(operator="first", count=5)


def test_best_first_expands_unexpanded_candidates() -> None:
    pool = [candidate("0.0", "x", score=0.9), candidate("0.1", "y", score=0.5)]
    refine = decided(Move(operator="refine", parents=("0.0",)), number=1)
    after = state(*pool, decisions=[decided(), refine])
    policy = best_first("refine", width=3, batch=2)
    assert [m.parents for m in as_decision(policy.choose(after), after).moves] == [("0.1",)]
    assert policy.choose(state()) == Move(operator="solve", count=3)
    both = as_decision(policy.choose(state(*pool)), state(*pool))
    assert [(m.parents, m.count) for m in both.moves] == [(("0.0",), 3), (("0.1",), 3)]
    finished = best_first("refine", done=is_complete).choose(state(*pool))
    assert isinstance(finished, StopReason) and finished.rule == "complete"


# waves


def test_waves_are_made_from_the_last_wave_without_what_is_approved() -> None:
    pool = (*answers("1", "2"), candidate("1.0", "3", parents="0.0", score=0.5))
    at = state(*pool)
    assert as_decision(from_each("refine", count=2)(at), at).moves == (
        Move(operator="refine", parents=("1.0",), count=2),
    )
    approved = state(*answers("1", "2"), reviews=(review("0.0", approves=True),))
    assert [m.parents for m in as_decision(from_each("r")(approved), approved).moves] == [("0.1",)]
    assert [m.parents for m in as_decision(from_all("r")(approved), approved).moves] == [
        ("0.0", "0.1")
    ]
    assert from_all("r")(state()) == each_with_others("r")(state()) == []
    ranked = state(*answers("1", "2", "3", scores=(0.1, 0.9, 0.5)))
    assert [
        m.parents for m in as_decision(each_with_others("r", best=2)(ranked), ranked).moves
    ] == [
        ("0.1", "0.2"),
        ("0.2", "0.1"),
    ]


async def test_a_schedule_counts_its_own_waves() -> None:
    course = schedule(move("solve"), [move("a"), move("b")], lambda _: STOP)
    first = as_decision(await settle(course(state())), state())
    assert (first.features[0].name, first.features[0].value) == ("wave", 0)
    after = state(*answers("1"), decisions=[first])
    second = as_decision(await settle(course(after)), after)
    assert ([m.operator for m in second.moves], second.features[0].value) == (["a", "b"], 1)
    ended = await course(state(*answers("1"), decisions=[first, second]))
    assert as_decision(ended, after).stop_reason == STOP
    assert schedule(move("a")) == schedule(move("a")) != schedule(move("b"))
    wrong: Any
    for wrong in ((), ("solve",), ([move("a"), 3],)):
        with pytest.raises(InputError):
            schedule(*wrong)


# supervisor


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("CHOICE: refine", "refine"),
        ("choice: `Refine`.", "refine"),
        ("CHOICE: refine\nCHOICE: solve", "solve"),
        ("CHOICE: refine\nCHOICE: neither", "refine"),
        ("I would refine it", "refine"),
        ("refine, then solve", None),
        ("prerefine", None),
        ("resolve it by refinement", None),
        ("", None),
    ],
)
def test_the_item_that_an_answer_names(text: str, named: str | None) -> None:
    assert named_item(text, ["solve", "refine"]) == named


# what every policy is


CLASSES = [
    found
    for name in policies.__all__
    if inspect.isclass(found := getattr(policies, name)) and dataclasses.is_dataclass(found)
]


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_settings_of_a_policy_cannot_change_under_a_run(made: Any) -> None:
    assert made.__dataclass_params__.frozen
    assert CLASSES


def test_a_rejected_refinement_is_not_refined() -> None:
    parent = programs("f = 1", verdicts=[verdict("failed")])[0]
    child = candidate("1.0", program="f = 2", parents="0.0", verdict=verdict("failed"))
    rejection = RejectedRefinement(candidate_id="1.0", parent_id="0.0", reason="worse")
    assert ids(refinable(state(parent, child))) == ["1.0"]
    assert ids(refinable(state(parent, child, rejected=(rejection,)))) == ["0.0"]
