"""How a run with a patch is compared with the runs before it, and what a verdict says of that."""

# ruff: noqa: E501

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from refinegraph.schema import CaseOutcome, CaseStatus, Isolation
from refinegraph.tools import Sandbox
from refinegraph.tools.test_runs import PatchJudge, TestSuite
from refinegraph.tools.test_runs.baseline import Baseline
from refinegraph.tools.test_runs.judging import compare
from refinegraph.tools.test_runs.results import TestRun
from refinegraph.tools.workspace.results import CommandResult

HERE = Isolation(tier="medium")
BAD, GOOD, ODD = "t/test_a.py::test_bad", "t/test_a.py::test_good[1]", "t/test_a.py::test_odd"
SOURCE = "def test_bad():\n    assert f() == 1\n\ndef test_good(n):\n    assert n\n"


def case(id: str, status: CaseStatus = "passed", **fields: Any) -> CaseOutcome:
    return CaseOutcome(id=id, status=status, **fields)


def result(code: int = 0, **fields: Any) -> CommandResult:
    return CommandResult(command=("x",), exit_code=code, isolation=HERE, **fields)


def run_of(*outcomes: CaseOutcome, **fields: Any) -> TestRun:
    given: dict[str, Any] = {
        "collected": 3, "result": result(), "format": "pytest", "strength": "in process with guards",
    }  # fmt: skip
    return TestRun(outcomes=outcomes, **{**given, **fields})


def baseline(**fields: Any) -> Baseline:
    given: dict[str, Any] = {
        "failing": (case(BAD, "failed"),), "passing": (GOOD,), "flaky": (ODD,), "skipped": (),
        "collected": 3, "patched": ("own",), "plugins": ("known",), "strength": "reported", "seconds": 2.0,
    }  # fmt: skip
    return Baseline(**{**given, **fields})


FIXED = (case(BAD), case(GOOD), case(ODD, "failed"))


@pytest.mark.parametrize(
    ("run", "wanted", "lost", "tampering"),
    [
        (run_of(*FIXED), ["passed"], [], []),
        (run_of(case(BAD, "failed"), case(GOOD)), ["failed"], [], []),
        (run_of(case(BAD), case(GOOD, "failed", error="x")), ["passed"], ["x"], []),
        (run_of(case(BAD), case(GOOD, "not_run", error="skip")), ["passed"], ["not run: skip"], []),
        (run_of(case(BAD, "not_run", error="xfail"), case(GOOD)), ["failed"], [], []),
        (run_of(case(BAD)), ["passed"], ["it was not reported (exit code 0)"], []),
        (run_of(case(BAD), deselected=(GOOD,)), ["passed"], ["not run: it was deselected"], []),
        (run_of(case(BAD), result=result(limit="timeout")), ["passed"], ["stopped: it took too long"], []),
        (run_of(*FIXED, patched=("own",), plugins=("known",)), ["passed"], [], []),
        (run_of(*FIXED, patched=("own", "p.run")), ["passed"], [], ["p.run was replaced"]),
        (run_of(*FIXED, plugins=("known", "evil")), ["passed"], [], ["the plugin evil was added to pytest"]),
        (run_of(*FIXED, tampering=("a sign",)), ["passed"], [], ["a sign"]),
        (run_of(*FIXED, collected=2), ["passed"], [], ["2 tests were collected, 3 before"]),
        (run_of(*FIXED, collected=4), ["passed"], [], []),
        (run_of(*FIXED, collected=2, result=result(limit="memory")), ["passed"], [], []),
    ],
)  # fmt: skip
def test_a_run_is_compared_with_the_runs_before(
    run: TestRun, wanted: list[str], lost: list[str], tampering: list[str]
) -> None:
    found = compare(baseline(), run)
    assert [each.status for each in found.targets] == wanted
    assert [each.error for each in found.lost] == lost
    assert list(found.tampering) == tampering
    assert found.passed == (wanted == ["passed"] and not lost and not tampering)


def test_only_what_was_asked_for_is_compared() -> None:
    found = compare(baseline(), run_of(case(GOOD), collected=1), only=[GOOD])
    assert (found.targets, found.lost, found.tampering) == ((), (), ())
    assert compare(baseline(), run_of(collected=1), only=[GOOD]).lost[0].id == GOOD
    assert [each.id for each in compare(baseline(), run_of(case(BAD)), only=[BAD]).targets] == [BAD]


@pytest.mark.parametrize(
    ("inside", "status", "error"),
    [
        ((case("t/b.py::x", seconds=1.0), case("t/b.py::y", "not_run", seconds=0.5)), "passed", None),
        ((case("t/b.py::x"), case("t/b.py::y", "failed", error="no")), "failed", "t/b.py::y: no"),
        ((case("t/b.pyc::x"),), "error", "it was not reported (exit code 2)"),
    ],
)  # fmt: skip
def test_a_file_that_could_not_be_collected_is_judged_by_its_tests(
    inside: tuple[CaseOutcome, ...], status: str, error: str | None
) -> None:
    before = baseline(failing=(case("t/b.py", "error"),), passing=())
    run = run_of(*inside, result=result(2, stdout="out", stderr=" "))
    (found,) = compare(before, run).targets
    assert (found.status, found.error) == (status, error)
    if status == "error":
        assert found.traceback == "out"
    if status == "passed":
        assert found.seconds == 1.5


class ScriptedSuite(TestSuite):
    """A suite whose runs are given; one may depend on the files that are changed."""

    def __init__(
        self, root: Path, *runs: TestRun | Callable[[Mapping[str, Any]], TestRun], command: str
    ) -> None:
        super().__init__(Sandbox(), root, command)
        self.runs = list(runs)
        self.calls: list[tuple[Mapping[str, Any], Sequence[str], float]] = []

    async def run(self, changes: Any = None, **options: Any) -> TestRun:
        self.calls.append((changes, options.get("only", ()), options["timeout"]))
        run = self.runs.pop(0)
        return run if isinstance(run, TestRun) else run(changes)

    def tree(self) -> Any:
        return SimpleNamespace(find_root=lambda: self.path)


def judged(
    root: Path, *runs: Any, command: str = "pytest -q", before: Baseline | None = None, **how: Any
) -> tuple[PatchJudge, ScriptedSuite]:
    (root / "t").mkdir()
    (root / "t/test_a.py").write_text(SOURCE)
    suite = ScriptedSuite(root, *runs, command=command)
    return PatchJudge(suite, before or baseline(root=str(root)), **how), suite


def canaries(status: CaseStatus, *, word: bool = True) -> Callable[[Mapping[str, Any]], TestRun]:
    """Return the run of canaries that all end alike, with their own words or without."""

    def run(changes: Mapping[str, Any]) -> TestRun:
        planted = changes["t/test_a.py"]
        error = planted if word else "no"
        shown = error.replace("def _k", "").rpartition("    assert not odd")[0] if word else error
        return run_of(case(BAD, status, error=shown), case(GOOD, status, traceback=shown))

    return run


CHANGE = {"f.py": "def f(): return 1\n"}


async def test_a_patch_that_passes_is_run_again_with_canaries(tmp_path: Path) -> None:
    judge, suite = judged(tmp_path, run_of(*FIXED), canaries("failed"))
    verdict = await judge.check(CHANGE)
    assert verdict.passed, verdict.detail
    assert (verdict.status, verdict.strength) == ("passed", "in process with guards")
    assert verdict.isolation == HERE
    (first, only, timeout), (second, names, _) = suite.calls
    assert (first, only, timeout) == (CHANGE, (), 10 + 3 * 2.0)
    assert set(second) == {"f.py", "t/test_a.py"}
    assert set(names) == {f"{tmp_path}/{BAD}", f"{tmp_path}/{GOOD}"}


@pytest.mark.parametrize(
    ("second", "sign"),
    [
        (run_of(case(BAD), case(GOOD)), "passes even with a false assertion"),
        (run_of(), "passes even with a false assertion"),
        (canaries("not_run", word=False), "is skipped although it has to fail"),
        (lambda changes: run_of(case(BAD, "failed", error=changes["t/test_a.py"]), case(GOOD, "failed", error="k")), "is equal to everything"),
    ],
)  # fmt: skip
async def test_a_canary_that_does_not_fail_is_a_sign(
    tmp_path: Path, second: Any, sign: str
) -> None:
    judge, _ = judged(tmp_path, run_of(*FIXED), second)
    verdict = await judge.check(CHANGE)
    assert not verdict.passed
    assert verdict.status == "protocol_violation"
    assert verdict.detail.startswith("the tests were tampered with: ")
    assert sign in verdict.detail


async def test_canaries_are_run_for_pytest_where_they_are_wanted_and_can_be_planted(
    tmp_path: Path,
) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("make test", {}, SOURCE),
        ("pytest", {"canaries": False}, SOURCE),
        ("pytest", {}, "def ("),
    ]
    for number, (command, how, text) in enumerate(cases):
        root = tmp_path / str(number)
        root.mkdir()
        judge, suite = judged(root, run_of(*FIXED), command=command, **how)
        (root / "t/test_a.py").write_text(text)
        assert (await judge.check(CHANGE)).passed
        assert len(suite.calls) == 1


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (result(1), "failed"), (result(limit="timeout"), "timeout"), (result(limit="memory"), "memory_exceeded"),
        (result(limit="output"), "output_exceeded"), (result(limit="disk"), "failed"),
    ],
)  # fmt: skip
async def test_a_patch_that_fails_says_how_often(
    tmp_path: Path, ending: CommandResult, status: str
) -> None:
    passing = tuple(f"t/test_a.py::p{number}" for number in range(25))
    before = baseline(
        root=str(tmp_path), passing=passing, failing=(case(BAD, "failed"), case(ODD, "error"))
    )
    printed = ending.model_copy(update={"stdout": "o" * 7000, "stderr": "e" * 7000})
    judge, suite = judged(
        tmp_path, run_of(case(BAD, "failed"), case(ODD), result=printed), before=before
    )
    verdict = await judge.check({**CHANGE, "t/test_a.py": "", "tests/x.py": ""})
    assert (verdict.passed, verdict.status, len(suite.calls)) == (False, status, 1)
    assert verdict.detail == (
        "1 of 2 failing tests still fail; 25 tests that passed before no longer pass; judged without "
        "its changes to tests and their settings (t/test_a.py, tests/x.py); verdict: in process with guards"
    )
    assert [each.id for each in verdict.tests] == [BAD, ODD, *passing[:20]]
    assert (len(verdict.stdout), len(verdict.stderr)) == (6000, 6000)
    assert suite.calls[0][0] == CHANGE


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"tests/x.py": "x"}, "the patch changes nothing but tests and their settings."),
        ({"sitecustomize.py": "x"}, "the patch was not run: it adds sitecustomize.py, which runs before the tests and could change their results."),
        ({"json.py": "x"}, "the patch was not run: it adds json.py, which would be imported instead of the module 'json'."),
    ],
)  # fmt: skip
async def test_a_patch_that_may_not_be_run_is_refused(
    tmp_path: Path, changes: dict[str, Any], detail: str
) -> None:
    judge, suite = judged(tmp_path)
    verdict = await judge.check(changes)
    assert (verdict.passed, verdict.status, verdict.detail) == (False, "failed", detail)
    assert [(each.id, each.status) for each in verdict.tests] == [(BAD, "not_run")]
    assert verdict.isolation.tier == "none"
    assert suite.calls == []


async def test_files_may_be_protected_or_allowed_by_their_names(tmp_path: Path) -> None:
    judge, suite = judged(
        tmp_path, run_of(*FIXED), protect=["*.snap"], allow=["json.py"], canaries=False
    )
    changes = {"json.py": "x", "a/b.snap": "y", **CHANGE}
    assert (await judge.check(changes)).passed
    assert suite.calls[0][0] == {"json.py": "x", **CHANGE}
