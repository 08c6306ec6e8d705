"""Training data: the runs that each format exports, and those that it omits."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from refinegraph.cli import main
from refinegraph.evaluation.export import Critique, Rollout, StepLabels, export
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Isolation,
    RefinementResult,
    Review,
    Score,
    Selection,
    Step,
    StopReason,
    Usage,
    Verdict,
)
from refinegraph.testing import candidate


def run_of(*candidates: Candidate, right: str = "1.0") -> RunLine:
    result = RefinementResult(
        problem_id="a",
        solved=None,
        answer="4",
        strategy="magicore",
        difficulty=None,
        rounds=1,
        stop_reason=StopReason(rule="rounds", detail=""),
        selection=Selection(candidate_id=right, reason=""),
        usage=Usage(),
        candidates=candidates,
        reviews=(Review(candidate_id="0.0", round=1, approves=False, text="Step 1 is wrong."),),
    )
    return RunLine(
        problem_id="a",
        strategy="magicore",
        prompt="2 + 2?",
        kind="math",
        correct=True,
        candidates_correct=tuple((each.id, each.id == right) for each in candidates),
        result=result,
    )


def solution(id: str, answer: str | None, *, parent: str = "") -> Candidate:
    text = "I have no answer" if answer is None else f"It is {answer}"
    return candidate(
        id,
        answer,
        parents=parent,
        text=text,
        steps=(Step(start=0, end=len(text)),),
        scores=(Score(scorer="prm", value=0.1, steps=(0.1,)),),
    )


def test_a_critique_has_the_solution_the_review_and_the_revision() -> None:
    run = run_of(solution("0.0", "5"), solution("1.0", "4", parent="0.0"))
    [line] = export([run], "critique")
    assert isinstance(line, Critique)
    assert (line.solution, line.completion, line.revision) == ("5", "Step 1 is wrong.", "4")
    assert line.corrected


def test_a_rollout_is_rewarded_by_the_visible_tests_that_pass() -> None:
    outcomes = tuple(
        CaseOutcome(id=str(number), status=status, call="f(1)")
        for number, status in enumerate(("passed", "failed", "passed", "passed"))
    )
    isolation = Isolation(tier="none")
    verdict = Verdict(passed=False, status="failed", tests=outcomes, isolation=isolation)
    tried = solution("0.0", "5").model_copy(update={"verdict": verdict})
    repaired = tried.model_copy(update={"id": "1.0", "parents": ("0.0",)})
    [line] = export([run_of(tried, repaired)], "rollout")
    assert isinstance(line, Rollout)
    assert (line.completion, line.reward) == ("5", 0.75)


def test_what_holds_no_answer_teaches_nothing() -> None:
    silent = run_of(solution("0.0", None), solution("1.0", None, parent="0.0"))
    for form in ("sft", "dpo", "step", "critique", "rollout"):
        assert list(export([silent], form)) == []


def test_steps_end_with_the_first_wrong_one() -> None:
    [line] = export([run_of(solution("0.0", "5"))], "step")
    assert isinstance(line, StepLabels)
    assert (line.completions, line.labels) == (("It is 5",), (False,))


def test_an_empty_export_is_reported_with_the_reason(
    evaluation: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = evaluation(tmp_path / "out", ["good"])
    assert main(["export", folder, "--format", "step"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "--format step needs scores of single steps" in said.err
    assert main(["export", folder, "--format", "sft"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[0])["completion"] == "def f(x): return x"
    assert said.err == ""
