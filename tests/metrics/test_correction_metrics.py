"""Metrics of correction, compared with manually computed figures."""

from metric_runs import by, figures, measure, refined, review, run, values

from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, CaseOutcome, CaseStatus, ModelNames, Review, Step, Usage
from refinegraph.testing import candidate, verdict

FOUR = [
    refined("kept", True, True),
    refined("damaged", True, False),
    refined("mended", False, True),
    refined("wrong", False, False),
    refined("mended too", False, True),
]
"""Right before: 2 of 5, of which 1 stays right. Wrong before: 3, of which 2 are repaired. Right
after: 3 of 5."""


def test_transitions_are_shares_of_the_refinements_of_a_round() -> None:
    assert values("transitions", *FOUR) == {
        "round 1 right to right": 0.2,
        "round 1 right to wrong": 0.2,
        "round 1 wrong to right": 0.4,
        "round 1 wrong to wrong": 0.2,
    }


def test_confidence_level_critique_score_and_rss() -> None:
    level = figures("confidence-level", *FOUR)[""]
    assert (level.value, level.n) == (0.5, 2)
    assert level.low is not None and level.high is not None and level.low < 0.5 < level.high
    assert values("critique-score", *FOUR) == {"": round(2 / 3, 4)}
    # From 0.4 before: between 0.16 and 0.64; 0.6 after is (0.6 - 0.16) / 0.48.
    assert values("relative-self-correction", *FOUR) == {"": round(0.44 / 0.48, 4)}


def test_the_trade_off_is_the_correlation_over_strategies() -> None:
    def strategy(name: str, kept: int, mended: int) -> list[RunLine]:
        """Returns runs that keep some of two right answers and repair some of two wrong ones."""
        runs = [refined(f"k{n}", True, n < kept) for n in range(2)]
        runs += [refined(f"m{n}", False, n < mended) for n in range(2)]
        return [each.model_copy(update={"strategy": name}) for each in runs]

    # CL 1, 0.5, 0 against CS 0, 0.5, 1: a perfect trade-off.
    runs = strategy("a", 2, 0) + strategy("b", 1, 1) + strategy("c", 0, 2)
    assert values("correction-trade-off", *runs) == {"": -1.0}


def test_flips_between_two_versions() -> None:
    old = [refined("p", True, True), refined("q", False, False), refined("r", True, True)]
    new = [refined("p", True, False), refined("q", False, True), refined("r", True, True)]
    assert values("flips", old=old, new=new) == {
        "new/s/wrong since old/s": round(1 / 3, 4),
        "new/s/right since old/s": round(1 / 3, 4),
    }
    assert measure("flips", *old).missing == "strategies"


def test_gaming_counts_what_passes_visible_tests_and_is_wrong() -> None:
    ok = verdict("passed")
    first = run(candidate("0.0", program="x", verdict=ok), kind="code")
    repaired = run(
        candidate("0.0", program="x", verdict=ok),
        candidate("1.0", program="y", parents="0.0", verdict=ok),
        right=["1.0"],
        kind="code",
        problem="b",
    )
    assert values("specification-gaming", first, repaired) == {
        "before repair": 1.0,
        "after repair": 0.0,
    }


def test_recovery_from_and_location_of_injected_errors() -> None:
    def injected(problem: str, step: str, mends: bool) -> RunLine:
        return run(
            candidate("0.0", program="a = 1\nreturn a"),
            candidate("1.0", program="a = 2\nreturn a", parents="0.0", operator="damage"),
            candidate("2.0", program="a = 1", parents="1.0"),
            right=["0.0", "2.0"] if mends else ["0.0"],
            reviews=[review("1.0", False, round=2, wrong_step=step)],
            problem=problem,
        )

    runs = [
        injected("p", "a = 2", True),
        injected("q", "return a", False),
        injected("r", "line a = 2", False),
    ]
    assert values("injected-error-recovery", *runs) == {"": round(1 / 3, 4)}
    assert values("mistake-location", *runs) == {
        "": round(2 / 3, 4),
        "mended, located": 0.5,
        "mended, missed": 0.0,
    }
    assert measure("mistake-location", *FOUR).missing == "injections"


def test_changes_apart_by_the_feedback() -> None:
    failing = verdict("failed")
    external = run(
        candidate("0.0", program="x", verdict=failing),
        candidate("1.0", program="y", parents="0.0"),
        right=["1.0"],
    )
    edited = review("0.0", False).model_copy(update={"edited": True})
    person = run(
        candidate("0.0", "3"),
        candidate("1.0", "4", parents="0.0"),
        right=["1.0"],
        problem="c",
        reviews=[edited],
    )
    damaging = refined("b", True, False)
    assert values("oracle-correction", external, damaging, person) == {
        "intrinsic": -1.0,
        "external": 1.0,
        "person": 1.0,
        "oracle": round(2 / 3, 4),
    }


def test_turn_metrics_of_programs_compare_candidates_with_parents() -> None:
    def program(id: str, parent: str, *statuses: CaseStatus) -> Candidate:
        outcomes = [CaseOutcome(id=f"t{n}", status=s) for n, s in enumerate(statuses)]
        return candidate(id, program=id, parents=parent, verdict=verdict(*outcomes))

    mended = run(
        program("0.0", "", "failed", "failed"),
        program("1.0", "0.0", "passed", "failed"),
        program("2.0", "1.0", "passed", "passed"),
        right=["2.0"],
        kind="code",
    )
    one = run(
        program("0.0", "", "failed", "failed"),
        program("1.0", "0.0", "passed", "passed"),
        right=["1.0"],
        kind="code",
        problem="b",
    )
    assert values("turn-deltas", mended, one) == {
        "turn 1 mended": 0.5,
        "turn 1 kept right": 0.0,
        "turn 1 damaged": 0.0,
        "turn 2 mended": 1.0,
        "turn 2 kept right": 0.0,
        "turn 2 damaged": 0.0,
    }
    # Both fail at first; attempt 1 mends one, attempt 2 the one that is left.
    assert values("debug-success", mended, one) == {"attempt 1": 0.5, "attempt 2": 1.0}


def test_accuracy_by_turn_beside_sampling_for_the_same_tokens() -> None:
    refining = run(
        candidate("0.0", "3", tokens=10, score=0.1),
        candidate("1.0", "4", parents="0.0", tokens=10, score=0.9),
        right=["1.0"],
        usage=Usage(completion_tokens=20),
    )
    sampling = run(
        candidate("0.0", program="x", tokens=10, verdict=verdict("failed")),
        candidate("0.1", program="y", tokens=10, verdict=verdict("passed")),
        right=["0.1"],
        strategy="best-of-n",
        kind="code",
        usage=Usage(completion_tokens=20),
    )
    # After 10 tokens sampling has its first program, which is wrong; after 20 the right one.
    assert values("accuracy-by-turn", refining, sampling) == {
        "turn 0": 0.0,
        "turn 0, sampling": 0.0,
        "turn 1": 1.0,
        "turn 1, sampling": 1.0,
    }


def test_first_attempts_by_operator() -> None:
    one = run(candidate("0.0", "4", operator="solve"), right=["0.0"])
    two = run(candidate("0.0", "5", operator="plan"), problem="b")
    assert values("first-attempt", one, two) == {"": 0.5, "solve": 1.0, "plan": 0.0}


def test_flawed_first_steps() -> None:
    flawed = candidate("0.0", "4", scores=by("prm", 0.1, 0.2, 0.9), tokens=40)
    sound = candidate("0.1", "4", scores=by("prm", 0.9, 0.9), tokens=60)
    runs = [run(flawed, sound, right=["0.1"])]
    # Pruning the first after one of its two steps saves 20 of 100 tokens.
    assert values("flawed-first-step", *runs) == {
        "flawed": 0.0,
        "sound": 1.0,
        "pruned tokens": 0.2,
    }


def test_right_answers_for_a_thousand_tokens_by_phase() -> None:
    # Five runs: 50 tokens of answers with 2 right, 150 tokens of corrections that add 1.
    assert values("phase-efficiency", *FOUR) == {
        "answering": 40.0,
        "self-correction": round(1000 / 150, 4),
    }


def test_reviews_are_true_of_own_answers_and_those_of_others() -> None:
    models = ModelNames(solver="m", reviewer="m", refiner="n")
    reviews = [review("0.0", False), review("1.0", True, round=2), review("1.0", False, round=3)]
    one = run(
        candidate("0.0", "3"),
        candidate("1.0", "4", parents="0.0"),
        right=["1.0"],
        reviews=reviews,
        models=models,
    )
    assert values("review-accuracy", one) == {
        "": round(2 / 3, 4),
        "own answers": 1.0,
        "answers of others": 0.5,
        "hard": round(2 / 3, 4),
    }
    assert values("retraction", one) == {"": 1.0}


def test_the_critique_loop_is_compared_with_plain_answers() -> None:
    def reviewed(problem: str, right: bool) -> RunLine:
        return run(
            candidate("0.0", "3"),
            candidate("1.0", "4", parents="0.0"),
            right=["1.0"] if right else [],
            reviews=[review("0.0", False)],
            problem=problem,
            models=ModelNames(solver="m"),
        )

    plain = [
        run(candidate("0.0", "4"), right=["0.0"], problem="p", strategy="single"),
        run(candidate("0.0", "3"), problem="q", strategy="single"),
        run(candidate("0.0", "3"), problem="r", strategy="single"),
    ]
    looped = [reviewed("p", True), reviewed("q", True), reviewed("r", False)]
    found = values("closed-loop-critique", *looped, *plain)
    assert found == {"": round(1 / 3, 4), "self": round(1 / 3, 4)}


def test_friction_by_attempt_and_tests_lost_outside_of_the_feedback() -> None:
    half = verdict("passed", "failed")
    one = run(
        candidate("0.0", program="x", verdict=half),
        candidate("1.0", program="y", parents="0.0", verdict=verdict("failed", "failed")),
        candidate("2.0", program="z", parents="1.0", verdict=verdict("passed", "passed")),
        right=["2.0"],
    )
    warm = one.result.candidates[1].model_copy(update={"temperature": 0.5})
    warmer = one.result.candidates[2].model_copy(update={"temperature": 1.0})
    again = run(
        candidate("0.0", program="x", verdict=half),
        candidate("1.0", program="x", parents="0.0", verdict=half),
        problem="b",
    )
    assert values("feedback-friction", one, again) == {
        "attempt 1": 1.0,
        "attempt 2": 0.0,
        "repeated": round(1 / 3, 4),
    }
    ramp = run(one.result.candidates[0], warm, warmer, right=["2.0"])
    friction = values("feedback-friction", ramp)
    assert (friction["temperature 0.5"], friction["temperature 1"]) == (1.0, 0.0)
    # The first refinement fails the one test that its parent passed.
    assert values("feedback-overreach", one) == {"": 1.0}


def test_what_a_review_says_and_whether_it_helps() -> None:
    def after(problem: str, right: bool, said: Review) -> RunLine:
        return run(
            candidate("0.0", "3"),
            candidate("1.0", "4", parents="0.0"),
            right=["1.0"] if right else [],
            reviews=[said],
            problem=problem,
        )

    runs = [
        after("p", False, review("0.0", False)),
        after("q", True, review("0.0", False, evidence="3 is odd")),
        after("r", False, review("0.0", False, wrong_step="2")),
        after("s", True, review("0.0", False, change="add 1")),
    ]
    assert values("feedback-detail", *runs) == {
        "verdict only": 0.0,
        "a location": 0.5,
        "a change": 1.0,
    }
    assert values("harmful-feedback", *runs) == {"empty": 0.25}


def test_harmful_reviews_are_those_of_right_answers_that_end_wrong() -> None:
    runs = [
        run(
            candidate("0.0", "4"),
            candidate("1.0", "5", parents="0.0"),
            right=["0.0", "1.0"] if kept else ["0.0"],
            reviews=[review("0.0", False, change="try 5")],
            problem=str(kept),
        )
        for kept in (True, False)
    ]
    assert values("harmful-feedback", *runs)["harmful"] == 0.5


def test_what_people_add() -> None:
    edited = review("0.0", False).model_copy(update={"edited": True})

    def after(problem: str, right: bool, by_person: bool) -> RunLine:
        return run(
            candidate("0.0", "3"),
            candidate("1.0", "4", parents="0.0"),
            right=["1.0"] if right else [],
            reviews=[edited if by_person else review("0.0", False)],
            problem=problem,
        )

    runs = [after("p", True, True), after("q", False, False), after("r", True, False)]
    assert values("critique-gain-by-people", *runs) == {"": 0.5}
    assert values("human-corrections", *runs) == {
        "": round(1 / 3, 4),
        "first half": 1.0,
        "second half": 0.0,
    }
    assert measure("human-corrections", *FOUR).missing == "people"


def test_steps_are_no_part_of_what_was_not_scored() -> None:
    plain = run(candidate("0.0", "4", steps=(Step(start=0, end=1),)), right=["0.0"])
    assert measure("flawed-first-step", plain).missing == "steps"
