"""Metrics of verifiers and confidence, compared with manually computed figures."""

from metric_runs import by, measure, review, run, values

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.correlations import cohen_kappa, kendall, pearson
from refinegraph.schema import Candidate, ModelNames, Score
from refinegraph.testing import candidate, verdict


def pool(*scores: float, right: int, problem: str = "a", scorer: str = "prm") -> RunLine:
    """Return a run of samples `0.0`, `0.1`, … with these scores, one of which is right."""
    drawn = [candidate(f"0.{n}", str(n), scores=by(scorer, v)) for n, v in enumerate(scores)]
    return run(*drawn, right=[f"0.{right}"], chosen=f"0.{right}", problem=problem)


# The scorer ranks the right one first, then last of four: gaps 1 - 1/2 and 0 - 1/4.
TWO = [pool(0.9, 0.2, right=0, problem="p"), pool(0.8, 0.7, 0.6, 0.5, right=3, problem="q")]


def test_gap_between_generation_and_verification() -> None:
    assert values("generation-verification-gap", *TWO) == {"prm": 0.125}


def test_pairs_in_order() -> None:
    # One pair in order in the first run, none of three in the second.
    assert values("pairwise-accuracy", *TWO) == {"prm": 0.25}
    assert measure("pairwise-accuracy", run(candidate("0.0", "4"))).missing == "scores"


def test_roles_of_a_scorer() -> None:
    good = candidate("0.0", text="a", complete=False, scores=by("prm", 0.9))
    bad = candidate("0.1", text="b", complete=False, scores=by("prm", 0.3))
    ends = [candidate("1.0", "4", parents="0.0"), candidate("1.1", "5", parents="0.1")]
    tree = run(good, bad, *ends, right=["1.0"], chosen="1.0", problem="tree")
    assert values("scorer-roles", *TWO, tree) == {"prm choice": 0.5, "prm guidance": 1.0}


def test_style_is_the_length_of_texts() -> None:
    def pair(problem: str, right: str, wrong: str, higher: str) -> RunLine:
        texts = {"0.0": right, "0.1": wrong}
        drawn = [
            candidate(id, id, text=text, scores=by("prm", 0.9 if id == higher else 0.1))
            for id, text in texts.items()
        ]
        return run(*drawn, right=["0.0"], problem=problem)

    runs = [
        pair("p", "long enough", "short", "0.0"),
        pair("q", "short", "long enough", "0.1"),
        pair("r", "equal", "other", "0.0"),
    ]
    assert values("style-control", *runs) == {"prm easy": 1.0, "prm normal": 1.0, "prm hard": 0.0}
    # Nine of ten words are the same.
    near = pair("s", "a b c d e f g h i 4", "a b c d e f g h i 5", "0.1")
    assert values("style-control", near) == {"prm normal": 0.0, "prm subtle": 0.0}


def test_precision_by_difficulty_and_false_positives() -> None:
    # p is easy (1 of 2), where one is accepted and right; q is hard, 4 accepted and 1 right.
    assert values("verifier-precision", *TWO) == {"prm easy": 1.0, "prm hard": 0.25}
    # Wrong: 0.2 refused; 0.8, 0.7 and 0.6 accepted.
    reviews = [review("0.1", True), review("0.0", True)]
    first = TWO[0].model_copy(
        update={"result": TWO[0].result.model_copy(update={"reviews": tuple(reviews)})}
    )
    assert values("false-positive-rate", first, TWO[1]) == {"": 1.0, "scorer prm": 0.75}


def test_agreement_with_the_tests_beyond_chance() -> None:
    def judged(problem: str, approves: bool, passed: bool) -> RunLine:
        found = verdict("passed" if passed else "failed")
        one = candidate("0.0", program="x", verdict=found)
        return run(one, problem=problem, reviews=[review("0.0", approves)])

    runs = [
        judged("p", True, True),
        judged("q", True, False),
        judged("r", False, False),
        judged("s", False, False),
    ]
    # Agreement 3/4; by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2.
    assert values("agreement-with-tests", *runs) == {"reviews": 0.5}


def test_reviewer_agreement_compares_reviews_of_one_candidate() -> None:
    reviews = [review("0.0", True), review("0.0", True), review("0.0", False)]
    reviews[2] = reviews[2].model_copy(update={"edited": True})
    one = run(candidate("0.0", "4"), reviews=reviews)
    assert values("reviewer-agreement", one) == {"": round(1 / 3, 4), "person": 0.0}


def test_checklists() -> None:
    met = run(candidate("0.0", "4", scores=by("checklist", 1.0)), right=["0.0"], problem="p")
    half = run(candidate("0.0", "4", scores=by("checklist", 0.5)), right=["0.0"], problem="q")
    wrong = run(candidate("0.0", "5", scores=by("checklist", 0.25)), problem="r")
    assert values("checklist-pass-rate", met, half, wrong) == {"right": 0.75, "wrong": 0.25}
    assert values("gated-accuracy", met, half, wrong) == {
        "gated": round(1 / 3, 4),
        "plain": round(2 / 3, 4),
    }


def both(id: str, one: float, other: float) -> Candidate:
    scores = Score(scorer="a", value=one), Score(scorer="b", value=other)
    return candidate(id, id, scores=scores)


def test_two_scorers_by_distance_and_by_rank() -> None:
    # b is 2a + 1 in the first run: no distance. In the second it is reversed: distance 1.
    same = run(both("0.0", 1, 3), both("0.1", 2, 5), both("0.2", 3, 7), problem="p")
    turned = run(both("0.0", 1, 3), both("0.1", 2, 2), both("0.2", 3, 1), problem="q")
    assert values("scorer-distance", same, turned) == {"a and b": 0.5}
    swapped = run(both("0.0", 1, 1), both("0.1", 2, 3), both("0.2", 3, 2), problem="r")
    assert values("scorer-rank-agreement", same, swapped) == {"a and b": round(2 / 3, 4)}
    assert measure("scorer-distance", *TWO).missing == "scorers"


def test_correlations() -> None:
    assert pearson([(0, 0), (1, 1)]) is None
    assert pearson([(0, 1), (1, 1), (2, 1)]) is None
    assert kendall([(1, 1), (1, 2)]) is None
    assert cohen_kappa([]) is cohen_kappa([(True, True)]) is None


def test_a_judge_that_gets_worse_from_round_to_round() -> None:
    assert values("judge-drift", first=[TWO[0]], second=[TWO[1]]) == {"second/prm": -1.0}
    assert measure("judge-drift", *TWO).missing == "folders"


def test_rankings_of_the_same_texts_by_two_versions_of_a_judge() -> None:
    old = [pool(0.1, 0.2, 0.3, right=2, problem="p")]
    new = [pool(0.1, 0.9, 0.5, right=2, problem="p")]
    # Of the pairs 01, 02 and 12 the last one is turned round.
    assert values("scorer-rank-consistency", old=old, new=new) == {"new/prm": round(1 / 3, 4)}


def test_better_scorers_gain_more() -> None:
    perfect = [pool(0.9, 0.1, right=0, problem="p")]  # accuracy 1, gain 1/2
    useless = [pool(0.1, 0.9, right=0, problem="p")]  # accuracy 0, gain -1/2
    middling = [*perfect, *useless]  # accuracy 1/2, gain 0
    folders = {"a": perfect, "b": useless, "c": middling}
    assert values("scorer-accuracy-and-gain", **folders) == {"": 1.0}


def test_models_that_favour_their_own() -> None:
    def seen(problem: str, solver: str, approves: bool) -> RunLine:
        return run(
            candidate("0.0", "5"),
            problem=problem,
            reviews=[review("0.0", approves)],
            models=ModelNames(solver=solver, reviewer="m"),
        )

    runs = [seen("p", "m", True), seen("q", "m", True), seen("r", "n", True), seen("s", "n", False)]
    assert values("self-preference", *runs) == {"m, wrong answers": 0.5}


def test_processes_beside_answers() -> None:
    steps = [
        ("0.0", (0.9, 0.5, 0.9), True),
        ("0.1", (0.9, 0.8, 0.7), True),
        ("0.2", (0.2, 0.3), False),
    ]
    drawn = [candidate(id, id, scores=by("prm", 0.5, *each)) for id, each, _ in steps]
    one = run(*drawn, right=["0.0", "0.1"])
    assert values("flawed-process", one) == {"": 0.5}
    # Only in the second is the last step alone the lowest.
    assert values("minimum-on-last-step", one) == {"": round(1 / 3, 4)}
    # Means .767, .8, .25 and minima .5, .7, .2 against right, right, wrong.
    # Deviations of the means .1611, .1944, -.3556 and of being right 1/3, 1/3, -2/3:
    # .3556 / sqrt(.1902 * .6667).
    assert values("response-and-steps", one) == {"mean": 0.9985, "minimum": 0.9177}


def test_calibration_of_scores_and_votes() -> None:
    # 0.9 and right, 0.8, 0.7 and 0.6 wrong, 0.5 right, 0.2 wrong: each in a bin of its own.
    expected = (0.1 + 0.8 + 0.7 + 0.6 + 0.5 + 0.2) / 6
    assert values("calibration-error", *TWO) == {"prm": round(expected, 4)}
    # Two of three agree on a right answer: 1 - 2/3. All of two agree on a wrong one: 1.
    three = run(*(candidate(f"0.{n}", a) for n, a in enumerate("445")), right=["0.0", "0.1"])
    two = run(candidate("0.0", "5"), candidate("0.1", "5"), problem="b")
    assert values("vote-calibration", three, two) == {"": round((1 / 3 + 1) / 2, 4)}


def test_a_router_that_knows_what_is_feasible() -> None:
    runs = [
        run(candidate("0.0", "4"), right=["0.0"], level="easy", problem="p"),
        run(candidate("0.0", "5"), level="easy", problem="q"),
        run(candidate("0.0", "5"), level="hard", problem="r"),
    ]
    # F1: one is both; two are called easy and one is right.
    assert values("feasibility", *runs) == {"accuracy": round(2 / 3, 4), "F1": round(2 / 3, 4)}
    assert measure("feasibility", *TWO).missing == "routing"


def single(problem: str, score: float, right: bool, strategy: str = "s") -> RunLine:
    one = candidate("0.0", "4", scores=by("prm", score))
    return run(one, right=["0.0"] if right else [], problem=problem, strategy=strategy)


def test_rejecting_and_routing_by_confidence() -> None:
    surely = [("p", 0.9, True), ("q", 0.8, True), ("r", 0.2, False), ("s", 0.1, False)]
    runs = [single(*each) for each in surely]
    assert values("rejection-gain", *runs) == {"": 0.5}
    # The other strategy is right everywhere: sending the unsure half gains 2 problems of 4,
    # sending half at random 1.
    better = [single(problem, 0.5, True, "big") for problem, *_ in surely]
    found = values("routing-gain", *runs, *better)
    assert found["to big"] == 0.25
    # Sending half of what is equally sure: the last two, which lose 2, less half of the loss of 2.
    assert found["big/to s"] == -0.25


def test_self_contradiction_counts_disagreeing_pairs_of_samples() -> None:
    one = run(
        *(candidate(f"0.{n}", answer) for n, answer in enumerate("4456")),
        right=["0.0", "0.1"],
        reviews=[review("0.0", False), review("0.2", False), review("0.3", True)],
    )
    # Of 6 pairs only one agrees. The Reviewer rejects 4 and 5, and approves of 6.
    assert values("self-contradiction", one) == {
        "": round(5 / 6, 4),
        "precision": 0.5,
        "recall": 0.5,
    }


def test_overconfident_errors_are_wrong_answers_with_agreement() -> None:
    sure = run(candidate("0.0", "5"), candidate("0.1", "5"), problem="p")
    unsure = run(candidate("0.0", "5"), candidate("0.1", "6"), problem="q")
    right = run(candidate("0.0", "4"), candidate("0.1", "4"), right=["0.0", "0.1"], problem="r")
    assert values("overconfident-errors", sure, unsure, right) == {"": 0.5}
    twice = [review("0.0", True), review("0.0", True), review("0.1", True), review("0.1", False)]
    reviewed = run(candidate("0.0", "5"), candidate("0.1", "6"), reviews=twice)
    assert values("overconfident-errors", reviewed)["approved"] == 0.5
