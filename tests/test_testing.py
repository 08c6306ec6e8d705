"""The builders accept every field, and the fakes keep the contracts of the originals."""

import subprocess
import sys

import pytest

from refinegraph import testing
from refinegraph.charging import charging
from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Move, Verdict
from refinegraph.testing import (
    FakeSandbox,
    SandboxRun,
    ScriptedPolicy,
    answers,
    candidate,
    decide,
    state,
    verdict,
)
from refinegraph.testing.candidates import CandidateFields
from refinegraph.testing.states import StateFields

NAMED = {"id", "answer", "program", "parents", "verdict"}
LATER = {"problem", "candidates", "decisions", "result"}
"""Fields of a state that have a separate parameter, or that only a finished run has."""
KEPT_BY_THE_GRAPH = {"progress", "ended", "started", "initial_problem", "sample_counts"}


def test_every_field_of_a_candidate_can_be_given() -> None:
    assert set(CandidateFields.__annotations__) | NAMED == set(Candidate.model_fields)


def test_every_field_that_a_rule_reads_can_be_given() -> None:
    assert (
        set(StateFields.__annotations__)
        == set(RefinementState.model_fields) - LATER - KEPT_BY_THE_GRAPH
    )


def test_a_verdict_needs_tests_and_an_id_for_each() -> None:
    with pytest.raises(InputError, match="no test"):
        verdict()
    with pytest.raises(InputError, match="2 tests but 1 ids"):
        verdict("passed", "failed", ids=["a"])
    assert verdict("passed", "not_run").status == "failed"


async def test_the_first_piece_that_a_program_contains_decides() -> None:
    sandbox = FakeSandbox({"x": {"one"}, "f": True})
    some = await sandbox.test("f = x", ["assert f", "assert f(1)"], ids=["one", "two"])
    assert not some.passed
    assert some.passed_ids == {"one"}
    assert (await sandbox.test("f = abs", "assert f")).passed
    assert not (await sandbox.test("g = abs", "assert g")).passed
    assert [run.source for run in sandbox.runs] == ["f = x", "f = abs", "g = abs"]


async def test_a_fake_run_is_charged_like_a_real_one() -> None:
    with charging() as account:
        await FakeSandbox({}).run("print(1)")
    assert account.usage.sandbox_runs == 1


async def test_exceptions_and_verdicts_of_the_function_are_those_of_the_sandbox() -> None:
    def judge(run: SandboxRun) -> Verdict:
        if run.stdin:
            raise SandboxUnavailable("no namespaces")
        return verdict("timeout").model_copy(update={"stdout": "2\n"})

    assert (await FakeSandbox(judge).run("print(2)")).stdout == "2\n"
    with pytest.raises(SandboxUnavailable):
        await FakeSandbox(judge).run("print(2)", stdin="1")


async def test_a_scripted_policy_goes_by_the_state_alone() -> None:
    first, second = Move(operator="solve", count=2), Move(operator="refine", parents=("0.0",))
    policy = ScriptedPolicy(first, lambda seen: [second] if seen.candidates else [first])
    assert (await decide(policy, state())).moves == (first,)
    later = state(*answers("4", "5"))
    for _ in range(2):
        assert (await decide(policy, later)).moves == (second,)
    ended = state(*answers("4"), candidate("1.0", "5", parents="0.0"))
    assert (await decide(policy, ended)).stop_reason is not None


def test_every_name_is_there() -> None:
    assert [name for name in testing.__all__ if getattr(testing, name) is None] == []


def test_builders_of_data_load_neither_langgraph_nor_a_model() -> None:
    program = (
        "import sys\nfrom refinegraph.testing import answers, verdict\n"
        "print([name for name in ('langgraph', 'litellm', 'pytest') if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout == "[]\n"
