"""Selection by the accuracy of voters, by matches, from a list, and by behaviour."""

from collections.abc import Sequence

import pytest

from refinegraph.agents import PairwiseJudge
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs.judged_selection import knockout, listwise
from refinegraph.graphs.selection import agreement, majority_vote, prior_vote
from refinegraph.schema import Candidate, CaseOutcome, Isolation, Problem, Score, Verdict
from refinegraph.tools.grouping import agreeing_groups, generated_results
from refinegraph.tools.test_cases import parse_generated_tests

PROBLEM = Problem(prompt="How many?", kind="math")


def voters(*votes: tuple[str, str]) -> list[Candidate]:
    return [
        Candidate(id=f"0.{number}", operator=operator, text=answer, answer=answer)
        for number, (operator, answer) in enumerate(votes)
    ]


def test_a_voter_that_is_often_right_outweighs_several_that_are_not() -> None:
    pool = voters(("small", "3"), ("small", "3"), ("large", "5"))
    assert majority_vote()(PROBLEM, pool).candidate_id == "0.0"
    chosen = prior_vote({"small": 0.25, "large": 0.8})(PROBLEM, pool)
    assert chosen.candidate_id == "0.2"
    assert chosen.reason == "1 candidate agrees on it, by large"


def test_an_unnamed_voter_has_the_mean_weight_and_no_weight_is_infinite() -> None:
    pool = voters(("other", "3"), ("never", "5"), ("always", "7"))
    chosen = prior_vote({"never": 0.0, "always": 1.0})(PROBLEM, pool)
    assert chosen.candidate_id == "0.2"


@pytest.mark.parametrize("accuracies", [{}, {"small": 1.5}])
def test_accuracies_are_checked(accuracies: dict[str, float]) -> None:
    with pytest.raises(
        InputError, match="needs the accuracy, from 0 to 1, of at least one operator"
    ):
        prior_vote(accuracies)


async def larger_wins(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    return [Score(scorer="size", value=float(c.answer or 0)) for c in candidates]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
async def test_the_strongest_wins_a_knockout_whatever_its_size(size: int) -> None:
    matches: list[int] = []

    async def judge(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        matches.append(len(candidates))
        return await larger_wins(problem, candidates)

    pool = voters(*(("solve", str(number)) for number in range(size)), ("solve", "0"))
    chosen = await knockout(judge)(PROBLEM, pool)
    assert chosen.candidate_id == f"0.{size - 1}"
    assert matches == [2] * (size - 1)


async def test_a_tie_of_a_match_goes_to_the_answer_that_more_candidates_give() -> None:
    judge = PairwiseJudge(ScriptedChatModel('{"winner": "A"}', cycle=True))
    pool = voters(("solve", "3"), ("solve", "5"), ("solve", "5"))
    assert (await knockout(judge)(PROBLEM, pool)).candidate_id == "0.1"


async def test_the_answer_that_is_chosen_most_from_the_list_wins() -> None:
    model = ScriptedChatModel(['{"best": 2}', "The best is solution 3."])
    pool = voters(("solve", "3"), ("solve", "5"), ("solve", "7"))
    chosen = await listwise(model, orders=2)(PROBLEM, pool)
    assert "# Solution 1\n3\n\n# Solution 2\n5" in model.calls[0].prompt
    assert "# Solution 1\n5\n\n# Solution 2\n7\n\n# Solution 3\n3" in model.calls[1].prompt
    assert chosen.reason == "it was chosen 1 of 2 times from 3 answers"
    assert chosen.candidate_id == "0.0"


async def test_a_list_that_no_reply_chooses_from_goes_to_the_most_frequent_answer() -> None:
    model = ScriptedChatModel("I cannot tell.", cycle=True)
    pool = voters(("solve", "3"), ("solve", "5"), ("solve", "5"))
    assert (await listwise(model)(PROBLEM, pool)).candidate_id == "0.1"


async def test_one_answer_needs_no_judge() -> None:
    pool = voters(("solve", "3"), ("solve", "3"))
    assert (await listwise(ScriptedChatModel([]))(PROBLEM, pool)).candidate_id == "0.0"
    empty = voters()
    assert (await knockout(larger_wins)(PROBLEM, empty)).candidate_id is None


TESTS = parse_generated_tests(
    "assert f(1) == 1\nassert f(2) == 4\nassert f(2) == 4\nassert f(3) == 9", entry_point="f"
)


def ran(number: int, *returned: int) -> Candidate:
    expected = (1, 4, 9)
    outcomes = tuple(
        CaseOutcome(id=test.id, status="passed" if got == want else "failed", got=str(got))
        for test, got, want in zip(TESTS, returned, expected, strict=True)
    )
    verdict = Verdict(
        passed=returned == expected,
        status="passed",
        tests=outcomes,
        isolation=Isolation(tier="strong"),
    )
    program = f"def f(x): return {number}"
    made = Candidate(id=f"0.{number}", text=program, program=program)
    return made.model_copy(update=generated_results(verdict, TESTS))


def test_a_test_that_is_written_more_often_counts_more() -> None:
    assert [test.weight for test in TESTS] == [1, 2, 1]
    once, often = ran(0, 1, 0, 0).generated_weight, ran(0, 0, 4, 0).generated_weight
    assert once == 1
    assert 1 < often < 2


def test_programs_that_fail_in_different_ways_do_not_support_each_other() -> None:
    pool = [ran(0, 1, 5, 1), ran(1, 1, 6, 2), ran(2, 1, 7, 3), ran(3, 0, 4, 9), ran(4, 0, 4, 9)]
    assert [len(group.members) for group in agreeing_groups(pool)] == [2, 1, 1, 1]
    chosen = agreement()(Problem(prompt="Write f(x)."), pool)
    assert chosen.candidate_id == "0.3"  # type: ignore[union-attr]
