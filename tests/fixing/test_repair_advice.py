"""What a person is told to do if no patch was proved."""

import pytest

from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Isolation,
    ModelNames,
    Problem,
    RefinementResult,
    Repository,
    Selection,
    StopReason,
    SuspectLine,
    Usage,
    Verdict,
)
from refinegraph.terminal.repair_advice import repair_advice


def problem(*failing: str) -> Problem:
    repository = Repository(
        root="/shop",
        digest="d",
        command="pytest -q",
        failing=tuple(CaseOutcome(id=name, status="failed") for name in failing),
        suspects=(SuspectLine(path="cart.py", line=3, score=0.5),),
    )
    return Problem(id="p", prompt="p", kind="repository", repository=repository)


def result(
    *, solver: str = "mutations", candidates: int = 1, solved: bool = False
) -> RefinementResult:
    isolation = Isolation(tier="strong")
    verdict = Verdict(passed=solved, status="failed", tests=(), isolation=isolation)
    made = [
        Candidate(id=f"0.{number}", text="x", program="x", verdict=verdict)
        for number in range(candidates)
    ]
    return RefinementResult(
        problem_id="p",
        solved=solved if made else None,
        answer="x" if made else None,
        strategy="mutations",
        difficulty=None,
        rounds=0,
        stop_reason=StopReason(rule="accepted", detail=""),
        selection=Selection(candidate_id="0.0" if made else None, reason="r"),
        usage=Usage(),
        candidates=tuple(made),
        models=ModelNames(solver=solver),
    )


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (result(), "None of 1 small change repairs the program"),
        (result(candidates=400), "--candidates 1000"),
        (result(candidates=0), "No line of Python is under suspicion"),
        (result(solver="openai/x"), "'refinegraph view last' shows what each one fails"),
    ],
)
def test_the_next_step_depends_on_what_was_tried(made: RefinementResult, words: str) -> None:
    assert words in repair_advice(made, problem("test_cart.py::test_a"))


def test_several_failing_tests_may_have_several_causes() -> None:
    said = repair_advice(result(), problem("a.py::test_a", "b.py::test_b"))
    assert "make all 2 failing tests pass" in said
    assert "--failing 'a.py::test_a'" in said
    assert "cart.py:3" in said


def test_a_proved_patch_needs_no_advice() -> None:
    assert repair_advice(result(solved=True), problem("a.py::test_a")) == ""
    assert repair_advice(result(), Problem(id="p", prompt="p")) == ""
