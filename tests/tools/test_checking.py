"""Verdicts on programs, and their output compared with the expected output."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.schema import (
    AssertCase,
    CallCase,
    CaseOutcome,
    CaseStatus,
    Gold,
    LabelledProblem,
    Problem,
    StdioCase,
    Verdict,
    VisibleTest,
)
from refinegraph.testing import FakeSandbox, SandboxRun, sandbox_failure, verdict
from refinegraph.tools.test_cases.checking import HiddenTests, check_program, same_output


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("1 \n2\n\n", "1\n2"),
        ("0.50 1.0", "0.5 1"),
        ("-0.0", "0.0"),
        ("x 1.0", "x 1"),
        (".5", "0.5"),
    ],
)
def test_output_that_is_the_same(got: str, expected: str) -> None:
    assert same_output(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("1", "2"), ("1 2", "1"), ("1\n2", "1 2"), ("007", "7"), ("0.5", "0.51"), ("1e1", "10"),
        ("1.2.3", "1.2.30"), ("nan.", "nan"), ("sNaN.", "1"), ("", "0.0"), (" 1", "1 1"),
    ],
)  # fmt: skip
def test_output_that_is_not(got: str, expected: str) -> None:
    assert not same_output(got, expected)
    assert not same_output(expected, got)


@given(st.text(alphabet="01.-+ \nexNa", max_size=20), st.text(max_size=20))
def test_comparison_is_symmetric_and_never_raises(one: str, other: str) -> None:
    assert same_output(one, one)
    assert same_output(one, other) == same_output(other, one)


DOUBLE = Problem(prompt="Write f(x) that doubles x.", entry_point="f")


def call(number: int, arguments: str, expected: str) -> CallCase:
    return CallCase(id=f"t{number}", entry_point="f", arguments=arguments, expected=expected)


def stdio(number: int, stdin: str, stdout: str) -> StdioCase:
    return StdioCase(id=f"t{number}", stdin=stdin, stdout=stdout)


async def test_one_verdict_holds_every_form_of_test_in_their_order() -> None:
    tests = (
        stdio(1, "1\n", "2"),
        AssertCase(id="t2", source="assert f(2)"),
        call(3, "(1,)", "2"),
        CallCase(id="t4", entry_point="g", arguments="()", expected="None"),
        AssertCase(id="t5", source="assert f(3)"),
    )
    printed = verdict("passed", seconds=0.5).model_copy(update={"stdout": "2\n"})
    sandbox = FakeSandbox(lambda run: printed if run.ids == ("script",) else set(run.ids) - {"t5"})
    found = await check_program(sandbox, "f = abs", tests, problem=DOUBLE)
    assert [outcome.id for outcome in found.tests] == ["t1", "t2", "t3", "t4", "t5"]
    assert found.passed_ids == {"t1", "t2", "t3", "t4"}
    assert (found.passed, found.status, found.seconds) == (False, "failed", 0.5)
    assert [run.entry_point for run in sandbox.runs] == ["f", "g", "f", None]
    assert [run.ids for run in sandbox.runs] == [("t3",), ("t4",), ("t2", "t5"), ("script",)]


async def test_a_program_without_tests_is_not_checked() -> None:
    with pytest.raises(InputError, match="at least one test"):
        await check_program(FakeSandbox(lambda run: set()), "f = abs", [], problem=DOUBLE)


async def test_the_parts_of_a_verdict_pass_together_and_the_first_that_failed_speaks() -> None:
    tests: list[VisibleTest] = [call(1, "(1,)", "2")]
    tests += [stdio(number, f"{number}", "x") for number in (2, 3, 4)]
    ends = {"2": "passed", "3": "timeout", "4": "failed"}

    def judge(run: SandboxRun) -> bool | Verdict:
        if run.ids == ("t1",):
            return True
        ended = verdict(ends[run.stdin], seconds=1.0)  # type: ignore[arg-type]
        return ended.model_copy(update={"stdout": "x"})

    found = await check_program(FakeSandbox(judge), "", tests, problem=DOUBLE)
    assert (found.passed, found.status, found.seconds) == (False, "timeout", 3.0)
    assert found.passed_ids == {"t1", "t2"}
    right = await check_program(FakeSandbox(judge), "", tests[:2], problem=DOUBLE)
    assert (right.passed, right.status, right.seconds) == (True, "passed", 1.0)


async def test_output_counts_only_if_the_program_ended_normally() -> None:
    def judge(run: SandboxRun) -> Verdict:
        printed = verdict("passed" if run.stdin == "good" else "crashed")
        return printed.model_copy(update={"stdout": run.source, "stderr": "e" * 700})

    async def check(stdin: str, source: str) -> Verdict:
        return await check_program(
            FakeSandbox(judge), source, [stdio(1, stdin, "yes")], problem=DOUBLE
        )

    right, wrong, broken = (
        await check("good", "yes"), await check("good", "no"), await check("bad", "yes")
    )  # fmt: skip
    assert (right.passed, right.status, right.tests[0].error) == (True, "passed", None)
    assert (wrong.passed, wrong.status, wrong.tests[0].error) == (False, "failed", None)
    assert (broken.passed, broken.status, broken.tests[0].error) == (False, "crashed", "e" * 600)
    assert [each.tests[0].status for each in (right, wrong, broken)] == [
        "passed", "failed", "crashed"
    ]  # fmt: skip
    assert (wrong.tests[0].got, wrong.tests[0].expected) == ("no", "yes")
    assert wrong.tests[0].call == "standard input 'good'"
    assert wrong.stdout == ""


async def test_long_input_and_output_is_cut_in_what_is_shown_and_not_in_what_is_compared() -> None:
    printed = "a" * 700 + "b"
    sandbox = FakeSandbox(lambda run: verdict("passed").model_copy(update={"stdout": printed}))
    found = await check_program(sandbox, "", [stdio(1, "i" * 300, "a" * 700 + "c")], problem=DOUBLE)
    assert found.status == "failed"
    (outcome,) = found.tests
    assert (outcome.got, outcome.expected) == ("a" * 600, "a" * 600)
    assert outcome.call == f"standard input {'i' * 200!r}"
    assert sandbox.runs[0].stdin == "i" * 300


async def test_a_sandbox_failure_gives_no_verdict_on_the_test() -> None:
    broken = FakeSandbox(lambda run: sandbox_failure("gone"))
    found = await check_program(broken, "", [stdio(1, "", "")], problem=DOUBLE)
    assert (found.status, found.tests[0].status) == ("sandbox_error", "not_run")
    assert found.tests[0].error == "the sandbox itself failed: gone"


SERIAL = AssertCase(id="t1", source="assert f(Node(1)) == 2")
PLAIN = AssertCase(id="t2", source="assert f(1) == 2")


def stuck(run: SandboxRun, inside: Verdict) -> Verdict:
    """A sandbox that cannot pass objects, except for calls made inside it."""
    if run.ids == ("t1", "t2"):
        return verdict("unserializable", "passed", seconds=1.0)
    assert run.ids == ("t1",)
    return inside


@pytest.mark.parametrize(
    ("status", "passed", "overall"),
    [("passed", True, "passed"), ("failed", False, "failed"), ("not_run", False, "failed"),
     ("timeout", False, "timeout")],
)  # fmt: skip
async def test_tests_that_pass_objects_are_repeated_inside(
    status: CaseStatus, passed: bool, overall: str
) -> None:
    error = None if passed else "it was wrong"
    outcome = CaseOutcome(id="t1", status=status, error=error)
    inside = verdict(outcome, ids=["t1"], seconds=2.0)
    sandbox = FakeSandbox(lambda run: stuck(run, inside))
    found = await check_program(sandbox, "class Node: ...", [SERIAL, PLAIN], problem=DOUBLE)
    assert (found.passed, found.status, found.seconds) == (passed, overall, 3.0)
    assert [each.status for each in found.tests] == [status, "passed"]
    assert found.detail == (error or "")


async def test_a_sandbox_that_fails_inside_speaks_for_all() -> None:
    sandbox = FakeSandbox(lambda run: stuck(run, sandbox_failure()))
    found = await check_program(sandbox, "", [SERIAL, PLAIN], problem=DOUBLE)
    assert found.status == "sandbox_error"


async def test_hidden_tests_are_read_once_and_run_as_source_where_no_form_is_known() -> None:
    known = HiddenTests(LabelledProblem(DOUBLE, Gold(tests="assert f(1) == 2")))
    assert [type(case) for case in known.cases] == [CallCase]
    unknown = HiddenTests(
        LabelledProblem(DOUBLE, Gold(tests="class T:\n    def test_a(self): assert f(1)"))
    )
    assert unknown.cases == ()
    sandbox = FakeSandbox({"abs": True})
    assert (await unknown.check(sandbox, "f = abs")).passed
    assert not (await known.check(sandbox, "f = len")).passed
    assert [run.entry_point for run in sandbox.runs] == ["f", "f"]
    with pytest.raises(InputError):
        HiddenTests(LabelledProblem(DOUBLE, Gold(tests="assert f(")))
