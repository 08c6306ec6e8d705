"""Only the verdict of a prover decides whether a proof is accepted."""

from pathlib import Path

import pytest

from refinegraph.errors import InputError
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import move, schedule
from refinegraph.schema import Candidate, Problem, RefinementResult
from refinegraph.tools.provers import lean_checker, read_lean

PROBLEM = Problem(prompt="Prove that 1 = 1.", preamble="theorem t : 1 = 1 := by")


@pytest.fixture
def check(tmp_path: Path) -> lean_checker:
    """A checker that accepts files containing `rfl`, in place of Lean."""
    script = 'grep -q rfl "$1" && exit 0\necho "$1:2: unsolved goals"\nexit 1\n'
    (tmp_path / "prover.sh").write_text(script)
    return lean_checker(["sh", "prover.sh"], project=str(tmp_path))


def proof(code: str) -> Candidate:
    return Candidate(id="0.0", text="", program=f"{PROBLEM.preamble}\n  {code}")


async def test_the_prover_decides(check: lean_checker) -> None:
    right = await check(PROBLEM, proof("rfl"), ())
    wrong = await check(PROBLEM, proof("simp"), ())
    assert (right.passed, wrong.passed) == (True, False)
    assert wrong.first_failure
    assert "unsolved goals" in (wrong.first_failure.error or "")


async def test_ways_around_a_proof_are_refused(check: lean_checker) -> None:
    verdict = await check(PROBLEM, proof("sorry -- rfl"), ())
    assert not verdict.passed
    assert verdict.first_failure
    assert verdict.first_failure.error == "'sorry' is not a proof"


def test_the_statement_cannot_be_exchanged() -> None:
    own = "```lean\ntheorem t : 0 = 0 := by\n  rfl\n```"
    assert (read_lean(own, PROBLEM).program or "").startswith(PROBLEM.preamble)
    assert read_lean("no proof", PROBLEM).unusable == "the answer contains no Lean code block"


async def test_a_run_ends_with_the_first_accepted_proof(check: lean_checker) -> None:
    graph = search_graph(
        operators={"solve": lambda task: f"```lean\n  {task.instruction}\n```"},
        policy=schedule(*(move("solve", instruction=way) for way in ("simp", "rfl", "ring"))),
        checker=check,
        reader=read_lean,
    )
    result: RefinementResult = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    assert [bool(c.verdict and c.verdict.passed) for c in result.candidates] == [False, True]
    assert result.stop_reason
    assert result.stop_reason.rule == "accepted"


def test_a_missing_prover_is_reported_in_one_sentence() -> None:
    with pytest.raises(
        InputError, match="'no-such-lean' that checks proofs is not installed; install Lean 4"
    ):
        lean_checker(["no-such-lean"])
