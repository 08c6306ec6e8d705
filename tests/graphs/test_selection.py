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
async def test_nothing_usable_is_said_so(selector: Selector) -> None:
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
