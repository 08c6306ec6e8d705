"""Selectors choose by evidence, whatever order candidates are in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.graphs.selection import (
    Selector,
    agreement,
    best_of,
    latest,
    leaves,
    majority_vote,
    weighted_vote,
)
from refinegraph.schema import Candidate, CaseOutcome, Isolation, Problem, Score, Verdict
from refinegraph.support.awaiting import settle

MATH = Problem(prompt="2 + 2?", kind="math")
CODE = Problem(prompt="Write f.")


def says(number: int, answer: str | None, score: float | None = None) -> Candidate:
    scores = () if score is None else (Score(scorer="orm", value=score),)
    return Candidate(id=f"0.{number}", operator="solve", text="x", answer=answer, scores=scores)


def program(number: int, *generated: str, passed: int | None = None, of: int = 3) -> Candidate:
    verdict = None
    if passed is not None:
        verdict = Verdict(
            passed=passed == of,
            status="passed" if passed == of else "failed",
            isolation=Isolation(tier="none"),
            tests=tuple(
                CaseOutcome(id=f"t{each}", status="passed" if each < passed else "failed")
                for each in range(of)
            ),
        )
    return Candidate(
        id=f"0.{number}",
        operator="solve",
        text="x",
        program=f"def f(): return {number}",
        generated_passed=generated or None,
        verdict=verdict,
    )


def test_majority_vote_groups_answers_that_read_the_same() -> None:
    chosen = majority_vote()(MATH, [says(0, "5"), says(1, "4"), says(2, "4.0"), says(3, None)])
    assert chosen.candidate_id == "0.1"
    assert chosen.reason == "2 of 3 candidates agree on it"


def test_weighted_vote_can_overrule_the_majority() -> None:
    pool = [says(0, "5", 0.9), says(1, "4", 0.2), says(2, "4", 0.2)]
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
async def test_nothing_usable_is_said_so(selector: Selector) -> None:
    for pool in ([], [says(0, None)]):
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
    pool = [says(number, *each) for number, each in enumerate(drawn)]
    shuffled = pool[:]
    chance.shuffle(shuffled)
    assert selector(MATH, shuffled) == selector(MATH, pool)


async def test_leaves_are_those_that_nothing_was_made_from() -> None:
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
