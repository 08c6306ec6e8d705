"""Metrics of reward hacking and diversity, compared with manually computed figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_runs import by, figures, measure, run, values

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.meteor import meteor
from refinegraph.schema import Note, Score
from refinegraph.testing import candidate


def hacked() -> RunLine:
    """Return a run whose scores rise while its answers become wrong."""
    return run(
        candidate("0.0", "4", scores=by("prm", 0.4)),
        candidate("0.1", "5", scores=by("prm", 0.2)),
        candidate("1.0", "6", parents="0.0", scores=by("prm", 0.9)),
        candidate("1.1", "7", parents="0.1", scores=by("prm", 0.7)),
        right=["0.0"],
    )


def test_a_score_that_grows_while_answers_become_wrong() -> None:
    assert values("proxy-and-gold", hacked()) == {
        "prm round 0 score": 0.3,
        "prm round 0 right": 0.5,
        "prm round 1 score": 0.8,
        "prm round 1 right": 0.0,
    }


def test_over_optimisation_as_samples_grow() -> None:
    scores = (0.3, 0.5, 0.6, 0.9)
    drawn = [candidate(f"0.{n}", str(n), scores=by("prm", v)) for n, v in enumerate(scores)]
    one = run(*drawn, right=["0.0", "0.1"])
    assert values("over-optimisation", one) == {
        "prm n=1 score": 0.3,
        "prm n=1 right": 1.0,
        "prm n=2 score": 0.5,
        "prm n=2 right": 1.0,
        "prm n=4 score": 0.9,
        "prm n=4 right": 0.0,
    }


def test_correlation_of_scores_with_being_right() -> None:
    scores = {"0.0": 0.9, "0.1": 0.1, "0.2": 0.5}
    drawn = [candidate(id, id, scores=by("prm", value)) for id, value in scores.items()]
    # Values .9, .1, .5 against 1, 0, 0: covariance .4, deviations sqrt(.32 * 2/3).
    expected = round(0.4 / (0.32 * 2 / 3) ** 0.5, 4)
    assert values("proxy-gold-correlation", run(*drawn, right=["0.0"])) == {"prm round 0": expected}


def test_held_out_gain_uses_a_scorer_that_did_not_select() -> None:
    table = {"0.0": (0.9, 0.2), "0.1": (0.1, 0.8), "0.2": (0.2, 0.5)}
    drawn = [
        candidate(id, id, scores=(Score(scorer="a", value=a), Score(scorer="b", value=b)))
        for id, (a, b) in table.items()
    ]
    # a takes the first: b gives it 0.2 against a mean of 0.5. b takes the second: 0.1 - 0.4.
    assert values("held-out-gain", run(*drawn)) == {"b of a": -0.3, "a of b": -0.3}


def test_meteor_worked_out_by_hand() -> None:
    # 2 of 3 words match in one chunk: P = 2/3, R = 2/4, F = 10PR / (R + 9P), penalty (1/2)^3 / 2.
    score = (10 * 2 / 3 / 2) / (1 / 2 + 9 * 2 / 3) * (1 - 0.5 / 8)
    assert meteor("the cat sat", "the cat was here") == pytest.approx(score)
    assert meteor("b a", "a b") == pytest.approx(1 - 0.5)


@given(st.text("ab ", max_size=20), st.text("ab ", max_size=20))
def test_meteor_lies_between_0_and_1(one: str, other: str) -> None:
    assert 0 <= meteor(one, other) <= 1
    if one.split():
        assert meteor(one, one) > 0.45


def test_outputs_that_collapse() -> None:
    same = run(candidate("0.0", "4", text="a b"), candidate("0.1", "4", text="a b"))
    other = run(candidate("0.0", "4", text="a b"), candidate("0.1", "5", text="c d"), problem="b")
    # Two equal words in one chunk: a penalty of (1/2)^3 / 2.
    assert values("output-similarity", same, other) == {"": round((1 - 0.5 / 8) / 2, 4)}


def test_lines_that_repeat() -> None:
    text = "so we add one to it\nshort\nso we add  one to it\nthen we take two from it"
    assert values("step-repetition", run(candidate("0.0", "4", text=text))) == {"": round(1 / 3, 4)}


def test_reward_against_how_far_texts_moved() -> None:
    one = run(
        candidate("0.0", "4", text="a b c d", scores=by("prm", 0.2)),
        candidate("1.0", "5", text="a b x y", parents="0.0", scores=by("prm", 0.6)),
    )
    # Two of four words match on each side: distance 1/2, gain 0.4.
    assert values("reward-against-drift", one) == {"prm": 0.8}


def test_exploration_and_exploitation() -> None:
    drawn = [
        candidate("0.0", "4", text="two and two", scores=by("prm", 0.6)),
        candidate("0.1", "4", text="two and  two", scores=by("prm", 0.7)),
        candidate("0.2", "5", text="five", scores=by("prm", 0.9)),
        candidate("0.3", "4", text="four", scores=by("prm", 0.1)),
    ]
    one = run(*drawn, right=["0.0", "0.1", "0.3"])
    assert values("exploration", one) == {"": 0.5}
    assert values("exploitation", one) == {"prm": 0.0, "prm kept": round(2 / 3, 4)}


def test_what_an_export_would_hold() -> None:
    one = run(candidate("0.0", "a b a b"), candidate("0.1", "5"), right=["0.0"], chosen="0.0")
    by_person = run(
        candidate("0.0", "x y", operator="person"), right=["0.0"], chosen="0.0", problem="b"
    )
    # Pairs: ab, ba, ab, xy: three of four differ. Words: 4 and 2.
    assert values("exported-data", one, by_person) == {
        "quality": round(2 / 3, 4),
        "diversity": 0.75,
        "complexity": 3.0,
        "synthetic": 0.5,
    }


def test_duplicates_by_round() -> None:
    one = run(
        *(candidate(f"0.{n}", answer) for n, answer in enumerate("445")),
        candidate("1.0", "5", parents="0.0"),
        candidate("1.1", "6", parents="0.1"),
    )
    assert values("duplicate-rate", one) == {"round 0": round(1 / 3, 4), "round 1": 0.5}


def test_pass_at_k_and_its_gap() -> None:
    one = run(*(candidate(f"0.{n}", str(n)) for n in range(4)), right=["0.0"])
    none = run(*(candidate(f"0.{n}", str(n)) for n in range(4)), problem="b")
    # pass@2 with 1 right of 4: 1 - C(3,2) / C(4,2) = 1/2.
    assert values("pass-at-k", one, none) == {"k=1": 0.125, "k=2": 0.25, "k=4": 0.5, "gap": 0.375}
    assert figures("pass-at-k", one, none)["k=1"].n == 2


def test_problems_that_are_never_solved() -> None:
    late = run(candidate("0.0", "3"), candidate("1.0", "4", parents="0.0"), right=["1.0"])
    never = run(candidate("0.0", "3"), problem="b")
    assert values("never-solved", late, never) == {"round 0": 1.0, "round 1": 0.5}


def test_accuracy_as_a_memory_grows() -> None:
    note = Note(text="check the sign")
    runs = [
        run(candidate("0.0", "4"), right=["0.0"] * (n >= 2), problem=str(n), notes=[note])
        for n in range(4)
    ]
    assert list(values("accuracy-with-memory", *runs).values()) == [0.0, 0.0, 1.0, 1.0]
    assert measure("accuracy-with-memory", hacked()).missing == "notes"
