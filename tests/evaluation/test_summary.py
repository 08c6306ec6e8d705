"""Summaries, compared with manually computed figures."""

import pytest

from refinegraph.evaluation.budget_curves import CurvePoint, accuracy_at, tokens_for
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.summary import summarise
from refinegraph.schema import (
    Candidate,
    CaseStatus,
    Decision,
    RefinementResult,
    Review,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.testing import candidate, verdict


def tried(id: str, *, passed: int, of: int = 2, parent: str = "") -> Candidate:
    statuses: list[CaseStatus] = ["passed" if n < passed else "failed" for n in range(of)]
    return candidate(id, program=id, parents=parent, verdict=verdict(*statuses), tokens=10)


def line(
    problem: str,
    candidates: list[Candidate],
    right: set[str],
    *,
    chosen: str,
    strategy: str = "magicore",
    approves: bool = False,
    tokens: int = 100,
    stop: str = "accepted",
) -> RunLine:
    picked = next(each for each in candidates if each.id == chosen)
    reason = StopReason(rule=stop, detail="")
    reviews = tuple(
        Review(candidate_id=each.parent_id, round=1, approves=approves)
        for each in candidates
        if each.parent_id
    )
    result = RefinementResult(
        problem_id=problem,
        solved=picked.verdict.passed if picked.verdict else None,
        answer=picked.program,
        strategy=strategy,
        difficulty=None,
        rounds=max(each.round for each in candidates),
        stop_reason=reason,
        selection=Selection(candidate_id=chosen, reason=""),
        usage=Usage(llm_calls=2, prompt_tokens=20, completion_tokens=tokens - 20, retries=1),
        candidates=tuple(candidates),
        reviews=reviews,
        decisions=(Decision(stop_reason=reason),),
    )
    return RunLine(
        problem_id=problem,
        strategy=strategy,
        prompt="",
        kind="code",
        correct=chosen in right,
        candidates_correct=tuple((each.id, each.id in right) for each in candidates),
        result=result,
    )


def test_transitions_reviews_proxies_and_regrets() -> None:
    fixed = [tried("0.0", passed=1), tried("1.0", passed=2, parent="0.0")]
    damaged = [tried("0.0", passed=2), tried("1.0", passed=2, parent="0.0")]
    summary = summarise(
        [
            line("fixed", fixed, {"1.0"}, chosen="1.0"),
            line("damaged", damaged, {"0.0"}, chosen="1.0"),
        ]
    )
    found = summary.strategies["magicore"]
    assert found.transitions.model_dump() == {
        "right_right": 0,
        "right_wrong": 1,
        "wrong_right": 1,
        "wrong_wrong": 0,
    }
    assert (found.confidence_level, found.critique_score) == (0.0, 1.0)
    assert found.self_correction == 0.5
    assert found.critique_accuracy == 0.5
    assert found.regret == found.stop_regret == 0.5
    assert [(each.proxy, each.gold) for each in found.proxy] == [(0.75, 0.5), (1.0, 0.5)]
    assert (found.retries, found.failures) == (2, {})
    assert found.fooled == 0.5
    assert found.curve == ()
    assert found.token_histogram == ((128, 2),)


def test_what_is_undefined_is_none() -> None:
    lines = [line("a", [tried("0.0", passed=2)], {"0.0"}, chosen="0.0", strategy="single")]
    found = summarise(lines).strategies["single"]
    assert found.critique_accuracy is None
    assert found.critique_score is None
    assert found.self_correction is None
    assert found.friction is None
    assert found.calibration_error is None
    nothing = summarise([], strategies=["single"]).strategies["single"]
    assert nothing.accuracy is nothing.bootstrap_low is nothing.seconds_median is None


def test_the_curve_is_what_fewer_samples_would_have_done() -> None:
    three = [tried(f"0.{n}", passed=n) for n in range(3)]
    lines = [line("a", three, {"0.2"}, chosen="0.2", strategy="best-of-n")]
    curve = summarise(lines).strategies["best-of-n"].curve
    assert [(each.samples, each.tokens, each.accuracy) for each in curve] == [
        (1, 30, 0.0),
        (2, 40, 0.0),
        (3, 50, 1.0),
    ]


def test_a_run_that_stopped_early_counts_for_every_larger_size() -> None:
    passed_first = [tried("0.0", passed=2)]
    failed = [tried("0.0", passed=0), tried("0.1", passed=0)]
    lines = [
        line("a", passed_first, {"0.0"}, chosen="0.0", strategy="sample-until", stop="accepted"),
        line("b", failed, set(), chosen="0.0", strategy="sample-until", stop="samples"),
    ]
    curve = summarise(lines).strategies["sample-until"].curve
    assert [(point.samples, point.accuracy) for point in curve] == [(1, 0.5), (2, 0.5)]
    first, second = (point.tokens for point in curve)
    assert second > first


def test_strategies_are_compared_at_equal_cost() -> None:
    three = [tried(f"0.{n}", passed=n) for n in range(3)]
    lines = [
        line("a", three, {"0.2"}, chosen="0.2", strategy="best-of-n", tokens=50),
        line("a", three[:1], set(), chosen="0.0", strategy="adaptive", tokens=40),
        line("a", three[:1], set(), chosen="0.0", strategy="single", tokens=25),
    ]
    [equal] = summarise(lines).equal_cost
    assert (equal.strategy, equal.baseline) == ("adaptive", "best-of-n")
    assert (equal.baseline_accuracy, equal.baseline_tokens) == (0.0, 30)


def test_curves_are_read_between_their_points_and_not_beyond() -> None:
    points = [
        CurvePoint(samples=1, tokens=10, accuracy=0.2),
        CurvePoint(samples=10, tokens=1000, accuracy=0.6),
    ]
    assert accuracy_at(points, 100) == pytest.approx(0.4)
    assert accuracy_at(points, 10) == 0.2
    assert accuracy_at(points, 5) is None
    assert accuracy_at(points, 2000) is None
    assert tokens_for(points, 0.4) == pytest.approx(100)
    assert tokens_for(points, 0.7) is None
    assert tokens_for(points, 0.1) == 10


def test_a_run_is_right_before_refinement_by_its_best_candidate() -> None:
    both = [tried("0.0", passed=0), tried("0.1", passed=1)]
    repaired = [*both, tried("1.0", passed=2, parent="0.1")]
    run = line("a", repaired, {"1.0"}, chosen="1.0")
    assert run.first == both[1]
    assert run.best_until(1) == repaired[2]
