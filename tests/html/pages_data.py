"""Runs for the tests of pages: one from a graph, and trees of any size."""

from functools import cache

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import (
    AssertCase,
    Candidate,
    CaseOutcome,
    Decision,
    Isolation,
    ModelNames,
    Move,
    RefinementResult,
    RejectedRefinement,
    Review,
    Selection,
    StopReason,
    Usage,
    Verdict,
)

HOSTILE = "</template></noscript></script><script>alert(1)</script><img src=x onerror=alert(2)>"
PROGRAM = "def f(x):\n    return x\n"

REVIEW = Review(
    candidate_id="0.0",
    round=1,
    approves=False,
    wrong_step="the last line",
    change="Use 0 for a missing neighbour.",
    text="VERDICT: wrong",
)


@cache
def run_line(id: str, *, right: bool = True, strategy: str = "self-refine") -> RunLine:
    """Return a run of a scripted model whose every text tries to script the page."""
    words = [
        f"def f(x):\n    # {HOSTILE}\n    return -x",
        f"VERDICT: wrong\nSTEP: {HOSTILE}\nCHANGE: {HOSTILE}",
        f"def f(x):\n    # {HOSTILE}!\n    return {'x' if right else '-x'}",
    ]
    problem = rg.Problem(id=id, prompt=f"Write f(x). {HOSTILE}", tests="assert f(1) == 1")
    result = rg.solve(problem, model=ScriptedChatModel(words, cycle=True), strategy="self-refine")
    return RunLine(
        problem_id=id,
        strategy=strategy,
        prompt=problem.prompt,
        kind="code",
        correct=right,
        candidates_correct=tuple((candidate.id, right) for candidate in result.candidates),
        result=result,
    )


@cache
def refined_run() -> RefinementResult:
    """Return a run with a wrong first candidate and a right refinement."""
    words = ["def f(x):\n    return -x", "VERDICT: wrong", "def f(x):\n    return x"]
    problem = rg.Problem(prompt="Negate x.", tests="assert f(1) == 1")
    return rg.solve(problem, model=ScriptedChatModel(words, cycle=True), strategy="self-refine")


@cache
def tree_run(count: int) -> RefinementResult:
    """Return a run with two samples and a chain of repairs, of which the last passes.

    The third candidate was rejected.
    """
    candidates = tuple(_candidate(number, last=count - 1) for number in range(count))
    chosen = candidates[-1]
    lost = candidates[2:3]
    return RefinementResult(
        problem_id="tree",
        solved=True,
        answer=chosen.program,
        strategy="mcts-self-refine",
        difficulty=None,
        rounds=chosen.round,
        stop_reason=StopReason(rule="accepted", detail=f"candidate {chosen.id} passed 2 tests"),
        selection=Selection(candidate_id=chosen.id, reason="it passes 2 of 2 visible tests"),
        usage=Usage(llm_calls=count, prompt_tokens=90 * count, completion_tokens=10 * count),
        candidates=candidates,
        reviews=(REVIEW,),
        rejected=tuple(
            RejectedRefinement(candidate_id=one.id, parent_id="0.0", reason="it lost test 1")
            for one in lost
            if one is not chosen
        ),
        decisions=(
            Decision(number=0, moves=(Move(operator="solve", count=2),)),
            *(
                Decision(
                    number=number,
                    moves=(Move(operator="repair", parents=candidates[number + 1].parents),),
                )
                for number in range(1, count - 1)
            ),
        ),
        tests=tuple(AssertCase(id=str(k), source=f"assert f({k}) == {k}") for k in (1, 2)),
        models=ModelNames(solver="scripted"),
    )


def _candidate(number: int, *, last: int) -> Candidate:
    is_sample = number < 2
    parent = "0.0" if number in (2, 3) else f"{number - 2}.0"
    passed = 2 if number == last else number % 2
    id = f"0.{number}" if is_sample else f"{number - 1}.0"
    return Candidate(
        id=id,
        operator="solve" if is_sample else "repair",
        round=0 if is_sample else number - 1,
        turn=0 if is_sample else number - 1,
        parents=() if is_sample else (parent,),
        text="written",
        program=f"{PROGRAM}# attempt {id}\n",
        verdict=Verdict(
            passed=passed == 2,
            status="passed" if passed == 2 else "failed",
            tests=tuple(
                CaseOutcome(
                    id=str(k),
                    status="passed" if k <= passed else "failed",
                    call=f"f({k}) == {k}",
                    expected=str(k),
                    got=str(k if k <= passed else -k),
                )
                for k in (1, 2)
            ),
            isolation=Isolation(tier="strong"),
        ),
        tokens=10,
    )
