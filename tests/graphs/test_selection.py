"""Selectors choose by evidence, independent of the order of the candidates."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.graphs.selection import (
    Selector,
    agreement,
    best_of,
    best_scored,
    latest,
    leaves,
    majority_vote,
    passing,
    prior_vote,
    weighted_vote,
)
from refinegraph.schema import Candidate, CaseStatus, Problem, Score
from refinegraph.support.awaiting import settle
from refinegraph.testing import answers, candidate, verdict

MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write f.")


def program(number: int, *generated: str, passed: int | None = None, of: int = 3) -> Candidate:
    before = passed or 0
    statuses: list[CaseStatus] = ["passed" if n < before else "failed" for n in range(of)]
    return candidate(
        f"0.{number}",
        program=f"def f(): return {number}",
        generated_passed=generated or None,
        verdict=None if passed is None else verdict(*statuses),
    )


def test_majority_vote_groups_answers_that_read_the_same() -> None:
    chosen = majority_vote()(MATH, answers("5", "4", "4.0", None))
    assert chosen.candidate_id == "0.1"
    assert chosen.reason == "2 of 3 candidates agree on it"


def test_weighted_vote_can_overrule_the_majority() -> None:
    pool = answers("5", "4", "4", scores=(0.9, 0.2, 0.2))
    assert weighted_vote()(MATH, pool).candidate_id == "0.0"
    assert majority_vote()(MATH, pool).candidate_id == "0.1"


def test_best_of_puts_execution_before_any_score() -> None:
    praised = program(0, passed=1).model_copy(update={"scores": (Score(scorer="j", value=1.0),)})
    chosen = best_of()(CODE, [praised, program(1, passed=2), program(2, passed=2)])
    assert chosen.candidate_id == "0.1"
    assert chosen.reason == "it passes 2 of 3 visible tests"


async def test_agreement_weighs_programs_times_tests() -> None:
    pool = [
        program(0, "g1", "g2", "g3"),
        program(1, "g1", "g4"),
        program(2, "g1", "g4"),
        program(3, "g2"),
    ]
    chosen = await settle(agreement()(CODE, pool))
    assert chosen.candidate_id == "0.1"
    assert chosen.reason == "2 programs agree on 2 generated tests"


async def test_agreement_counts_a_copied_program_once() -> None:
    copies = [program(0, "g1").model_copy(update={"id": f"0.{n}"}) for n in range(3)]
    chosen = await settle(agreement()(CODE, [*copies, program(4, "g2", "g3")]))
    assert chosen.candidate_id == "0.4"


async def test_agreement_looks_only_at_those_that_pass_most_visible_tests() -> None:
    pool = [
        program(0, "g1", "g2", passed=1),
        program(1, "g1", "g2", passed=1),
        program(2, passed=3),
    ]
    assert (await settle(agreement()(CODE, pool))).candidate_id == "0.2"


SELECTORS: list[Selector] = [best_of(), majority_vote(), weighted_vote(), agreement()]


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
async def test_an_unusable_pool_is_reported(selector: Selector) -> None:
    for pool in ((), answers(None)):
        chosen = await settle(selector(MATH, pool))
        assert chosen.candidate_id is None
        assert chosen.reason == "no candidate gave a usable answer"


pools = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", None]), st.sampled_from([None, 0.1, 0.7])),
    min_size=1,
    max_size=7,
)


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
@given(drawn=pools, chance=st.randoms(use_true_random=False))
def test_group_that_wins_does_not_depend_on_order(
    selector: Selector, drawn: list[tuple[str | None, float | None]], chance: random.Random
) -> None:
    pool = [
        candidate(f"0.{number}", answer, score=score)
        for number, (answer, score) in enumerate(drawn)
    ]
    shuffled = pool[:]
    chance.shuffle(shuffled)
    assert selector(MATH, shuffled) == selector(MATH, pool)


async def test_leaves_are_candidates_without_children() -> None:
    parents = {"1.0": ("0.0",), "1.1": ("0.1",)}
    answers = {"0.0": "5", "0.1": "5", "0.2": "4", "1.0": "4", "1.1": "5"}
    pool = [
        Candidate(id=id, text="x", answer=answer, parents=parents.get(id, ()))
        for id, answer in answers.items()
    ]
    assert majority_vote()(MATH, pool).candidate_id == "0.0"
    chosen = await settle(leaves(majority_vote())(MATH, pool))
    assert chosen.candidate_id == "0.2"
    assert repr(leaves(latest())) == "leaves(latest())"


async def test_candidates_that_fail_their_tests_have_no_vote_against_one_that_passes() -> None:
    wrong, right = program(1, passed=1), program(2, passed=3)
    crowd = [wrong, wrong.model_copy(update={"id": "0.2"}), right.model_copy(update={"id": "0.3"})]
    assert majority_vote()(CODE, crowd).candidate_id == "0.1"
    assert (await settle(passing(majority_vote())(CODE, crowd))).candidate_id == "0.3"
    assert (await settle(passing(majority_vote())(CODE, crowd[:2]))).candidate_id == "0.1"
    assert repr(passing(latest())) == "passing(latest())"


def scored(number: int, answer: str, score: float | None, operator: str = "solve") -> Candidate:
    made = candidate(f"0.{number}", answer, score=score)
    return made.model_copy(update={"operator": operator})


def test_evidence_ranks_proof_then_tests_then_score_then_age() -> None:
    proved = program(4, passed=3)
    praised = program(0, passed=2).model_copy(update={"scores": (Score(scorer="j", value=0.9),)})
    plain = program(1, passed=2)
    pool = [plain, praised, proved]
    assert best_of()(CODE, pool).candidate_id == "0.4"
    assert best_of()(CODE, pool).reason == "it passes 3 of 3 visible tests"
    assert best_of()(CODE, pool[:2]).candidate_id == "0.0"
    negative = [scored(0, "1", -1.0), scored(1, "2", None), scored(2, "3", -2.0)]
    assert best_of()(MATH, negative).candidate_id == "0.0"
    assert best_of()(MATH, negative).reason == "it has the highest score (-1)"
    unscored = [scored(1, "2", None), scored(0, "1", None)]
    assert best_of()(MATH, unscored).candidate_id == "0.0"
    assert best_of()(MATH, unscored).reason == "it is the first candidate; nothing could be checked"


async def test_a_score_outranks_generated_tests_and_votes_but_no_visible_test() -> None:
    tested = program(0, "g1", "g2").model_copy(update={"scores": (Score(scorer="j", value=0.2),)})
    twin = tested.model_copy(update={"id": "0.1", "program": "def f(): return 0 + 0"})
    praised = program(2).model_copy(update={"scores": (Score(scorer="j", value=0.9),)})
    by_score = best_scored(otherwise=agreement())
    assert (await by_score(CODE, [tested, twin, praised])).candidate_id == "0.2"
    assert (await by_score(CODE, [tested, twin])).reason == (
        "2 candidates share the highest score (0.2); "
        "of these, 2 programs agree on 2 generated tests"
    )
    proved = program(3, passed=3).model_copy(update={"scores": (Score(scorer="j", value=0.1),)})
    chosen = await by_score(CODE, [praised, proved])
    assert chosen.candidate_id == "0.3"
    assert chosen.reason == "it passes 3 of 3 visible tests, and has the highest score (0.1)"
    assert repr(best_scored()) == "best_scored(otherwise=majority_vote())"


async def test_candidates_without_a_score_are_left_to_the_other_selector() -> None:
    pool = [scored(0, "1", None), scored(1, "2", None), scored(2, "2", None)]
    chosen = await best_scored()(MATH, pool)
    assert (chosen.candidate_id, chosen.reason) == ("0.1", "2 of 3 candidates agree on it")
    pool = [*pool, scored(3, "3", -1.0)]
    assert (await best_scored()(MATH, pool)).reason == "it has the highest score (-1)"


def test_the_latest_is_chosen_among_those_that_pass_most() -> None:
    chosen = latest()(CODE, [program(0, passed=2), program(1, passed=2), program(2, passed=1)])
    assert (chosen.candidate_id, chosen.reason) == ("0.1", "it passes 2 of 3 visible tests")
    refined = candidate("1.0", "5", parents="0.0")
    chosen = latest()(MATH, [*answers("4"), refined])
    assert (chosen.candidate_id, chosen.reason) == ("1.0", "it is the last refinement")
    alone = latest()(MATH, answers("4", None))
    assert (alone.candidate_id, alone.reason) == ("0.0", "it is the only solution")
    assert latest()(MATH, answers(None)).candidate_id is None


def test_a_weighted_vote_sums_scores_and_may_leave_out_the_worst() -> None:
    pool = [scored(0, "5", 0.5), scored(1, "4", 0.3), scored(2, "4", 0.3), scored(3, "5", None)]
    chosen = weighted_vote()(MATH, pool)
    assert chosen.candidate_id == "0.1"
    assert chosen.reason == "2 candidates agree on it, with a total score of 0.6"
    assert weighted_vote(top=1)(MATH, pool).candidate_id == "0.0"
    assert weighted_vote(top=2)(MATH, pool).candidate_id == "0.0"
    even = [scored(0, "5", 0.6), scored(1, "4", 0.3), scored(2, "4", 0.3)]
    assert weighted_vote()(MATH, even).candidate_id == "0.1"
    assert [repr(weighted_vote()), repr(weighted_vote(top=3))] == [
        "weighted_vote()",
        "weighted_vote(top=3)",
    ]


def test_voters_count_by_the_logarithm_of_their_odds_against_four_others() -> None:
    vote = prior_vote({"small": 0.2, "large": 0.6, "worst": 0.0})
    small = [scored(n, "5", None, "small") for n in range(5)]
    large = [scored(9, "4", None, "large")]
    chosen = vote(MATH, [*small, *large])
    assert chosen.candidate_id == "0.9"
    assert chosen.reason == "1 candidate agrees on it, by large"
    assert vote(MATH, [*small, scored(8, "3", None, "worst")]).candidate_id == "0.0"
    # log(0.6 * 4 / 0.4) is 1.79, log(0.99 * 4 / 0.01) is 5.98: more than three, less than four.
    sure = prior_vote({"large": 0.6, "sure": 1.0})
    for count, winner in ((3, "0.9"), (4, "0.0")):
        pool = [scored(n, "5", None, "large") for n in range(count)]
        assert sure(MATH, [*pool, scored(9, "4", None, "sure")]).candidate_id == winner
    both = prior_vote({"a": 0.5, "b": 0.5})(
        MATH, [scored(0, "5", None, "a"), scored(1, "5", 1, "b")]
    )
    assert both.reason == "2 candidates agree on it, by a, b"
    assert both.candidate_id == "0.1"


def test_majorities_are_counted_without_what_gave_no_answer() -> None:
    chosen = majority_vote()(MATH, [scored(0, "5", 0.1), scored(1, "5", 0.7), scored(2, "4", 0.9)])
    assert (chosen.candidate_id, chosen.reason) == ("0.1", "2 of 3 candidates agree on it")


async def test_agreement_without_generated_tests_asks_another_selector() -> None:
    pool = [program(0, passed=1), program(1, passed=2), program(2, passed=2)]
    chosen = await settle(agreement(otherwise=latest())(CODE, pool))
    assert chosen.candidate_id == "0.2"
    assert repr(agreement(otherwise=latest())) == "agreement(otherwise=latest())"


def test_programs_that_a_checker_judged_without_tests_do_not_agree_for_that() -> None:
    """A checker of one's own may say passed or failed alone; different programs stay different."""
    bare = verdict("failed").model_copy(update={"tests": ()})
    judged = [program(n).model_copy(update={"verdict": bare}) for n in (0, 1, 2, 2)]
    pool = [each.model_copy(update={"id": f"0.{n}"}) for n, each in enumerate(judged)]
    chosen = majority_vote()(CODE, pool)
    assert (chosen.candidate_id, chosen.reason) == ("0.2", "2 of 4 candidates agree on it")
