"""Runs of a test command: counting, comparing and parsing."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, CaseStatus, Isolation
from refinegraph.tools import Sandbox
from refinegraph.tools.test_runs.baseline import take_baseline
from refinegraph.tools.test_runs.results import COMMAND, TestRun, merged
from refinegraph.tools.test_runs.suite import GUARD_FOLDER, TestSuite
from refinegraph.tools.workspace.changes import Changes, entry_at
from refinegraph.tools.workspace.layout import Layout
from refinegraph.tools.workspace.results import CommandResult

HERE = Isolation(tier="none")


def result(code: int = 0, **fields: Any) -> CommandResult:
    return CommandResult(command=("x",), exit_code=code, isolation=HERE, **fields)


def case(id: str, status: CaseStatus = "passed", **fields: Any) -> CaseOutcome:
    return CaseOutcome(id=id, status=status, **fields)


def run_of(*outcomes: CaseOutcome, **fields: Any) -> TestRun:
    given: dict[str, Any] = {
        "collected": len(outcomes), "result": result(), "format": "pytest", "strength": "reported",
    }  # fmt: skip
    return TestRun(outcomes=outcomes, **{**given, **fields})


def test_a_run_is_counted_by_how_its_tests_ended() -> None:
    run = run_of(
        case("a"), case("b", "failed"), case("c", "not_run"), case("d", "timeout"), case("e"),
        deselected=("f",),
    )  # fmt: skip
    assert list(run.tests) == ["a", "b", "c", "d", "e"]
    assert run.tests["b"].status == "failed"
    assert run.passed == {"a", "e"}
    assert [outcome.id for outcome in run.failed] == ["b", "d"]
    assert run.skipped == ("c",)
    assert run.summary == "2 failed, 2 passed, 1 skipped, 1 deselected"
    assert run_of().summary == "no tests"


def test_of_one_test_a_failure_wins_over_a_skip_over_a_pass() -> None:
    order: list[CaseStatus] = ["passed", "not_run", "failed"]
    for first, second in itertools.product(order, repeat=2):
        (kept,) = merged([case("a", first), case("a", second)])
        assert kept.status == max(first, second, key=order.index)
    both = merged([case("a", "failed", error="1"), case("b"), case("a", "error", error="2")])
    assert [(outcome.id, outcome.error) for outcome in both] == [("a", "1"), ("b", None)]


class ScriptedSuite(TestSuite):
    """A suite with scripted runs."""

    def __init__(
        self, path: Path, *runs: TestRun, command: str | tuple[str, ...] = "pytest -q"
    ) -> None:
        super().__init__(Sandbox(), path, command)
        self.runs = list(runs)

    async def run(self, *arguments: Any, **options: Any) -> TestRun:
        return self.runs.pop(0)


async def test_a_baseline_distinguishes_failing_passing_skipped_and_flaky_tests(
    tmp_path: Path,
) -> None:
    first = run_of(
        case("good"), case("bad", "failed", error="first"), case("off", "not_run"),
        case("odd"), case("once"), case("two", "failed"),
        collected=6, patched=("b", "a"), plugins=("y",), root="r", deselected=("z",),
        result=result(seconds=1.0),
    )  # fmt: skip
    second = run_of(
        case("good"), case("bad", "error", error="second"), case("off", "not_run"),
        case("odd", "failed"), case("two", "timeout"), case("new"),
        collected=5, patched=("a", "c"), plugins=("x",), result=result(seconds=3.0),
    )  # fmt: skip
    found = await take_baseline(ScriptedSuite(tmp_path, first, second))
    assert [(outcome.id, outcome.error) for outcome in found.failing] == [
        ("bad", "first"),
        ("two", None),
    ]
    assert found.passing == ("good",)
    assert found.skipped == ("off",)
    assert found.flaky == ("odd", "once", "new")
    assert (found.collected, found.deselected) == (5, ("z",))
    assert (found.patched, found.plugins) == (("a", "b", "c"), ("x", "y"))
    assert (found.root, found.strength, found.seconds) == ("r", "reported", 3.0)
    once = await take_baseline(ScriptedSuite(tmp_path, first), runs=1)
    assert once.flaky == ()


@pytest.mark.parametrize(
    ("run", "command", "words"),
    [
        (run_of(case(COMMAND)), "pytest -q",
         r"'pytest -q' ran no test \(exit code 0\); pass a command"),
        (run_of(), "pytest", "ran no test"),
        (run_of(case("a"), result=result(limit="timeout", stderr="x\nlast \n")), "make",
         r"'make' did not end \(stopped: it took too long\): last; pass a command"),
        (run_of(result=result(1, stdout="out", stderr=" ")), "pytest", r"\(exit code 1\): out;"),
        (run_of(result=result(4, stderr="ERROR: usage: a\npytest: error: no --cov\n rootdir: b")),
         "pytest", r"\(exit code 4\): pytest: error: no --cov;"),
        (run_of(result=result(4, stderr="pytest: error: unrecognized arguments: --cov")),
         "pytest -q", r"--cov; the settings .* install it .* --test 'pytest -q -o addopts='"),
        (run_of(result=result(1, stderr="x.ValidationError: Plugin 'tests/conftest.py' for hook")),
         "pytest -q", r"conftest.py' for hook; this conftest.py does not work .* install"),
        (run_of(result=result(3, stdout="INTERNALERROR> OldWarning: unset\nINTERNALERROR> why")),
         ("env", f"PYTHONPATH=src:{GUARD_FOLDER}:/x", "pytest"),
         r"'env PYTHONPATH=src pytest' ran no test \(exit code 3\): OldWarning: unset;"),
    ],
)  # fmt: skip
async def test_a_command_without_tests_is_no_baseline(
    run: TestRun, command: str | tuple[str, ...], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        await take_baseline(ScriptedSuite(tmp_path, run, command=command))


async def test_other_commands_may_be_one_test(tmp_path: Path) -> None:
    alone = run_of(case(COMMAND, "failed"), format="exit code")
    found = await take_baseline(ScriptedSuite(tmp_path, alone, alone, command="make"))
    assert [outcome.id for outcome in found.failing] == [COMMAND]


class ScriptedTree:
    """A tree in which a command ends with a scripted result."""

    root = "/r"

    def __init__(self, ended: CommandResult) -> None:
        self.ended = ended
        self.collected: Sequence[str] = ()

    async def run(self, words: Sequence[str], **options: Any) -> CommandResult:
        self.collected = options["collect"]
        return self.ended


JUNIT = b'<testsuite><testcase name="a"/></testsuite>'
JEST = b'{"testResults": [{"name": "/r/a.js", "assertionResults": [{"fullName": "t"}]}]}'


@pytest.mark.parametrize(
    ("command", "ended", "form", "tests"),
    [
        ("make", result(), "exit code", [(COMMAND, "passed")]),
        ("make", result(2), "exit code", [(COMMAND, "failed")]),
        ("make", result(limit="timeout"), "exit code", [(COMMAND, "timeout")]),
        ("make", result(stdout="1..1\nok 1 - a"), "tap", [("a", "passed")]),
        ("make", result(1, stdout="1..1\nok 1 - a"), "tap", [("a", "passed"), (COMMAND, "failed")]),
        ("make", result(1, stdout="1..1\nnot ok 1 - a"), "tap", [("a", "failed")]),
        ("mvn test", result(collected={"x": JUNIT}), "junit", [("a", "passed")]),
        ("mvn test", result(), "exit code", [(COMMAND, "passed")]),
        ("jest", result(collected={"x": JEST}), "jest", [("a.js > t", "not_run")]),
        ("jest", result(), "exit code", [(COMMAND, "passed")]),
        ("cargo test", result(stdout="test a ... ok"), "cargo", [("a", "passed")]),
        ("cargo test", result(1, stderr="error: x"), "cargo", [("build", "error")]),
        ("go test", result(stdout='{"Action": "pass", "Package": "p", "Test": "A"}'), "go",
         [("p.A", "passed")]),
    ],
)  # fmt: skip
async def test_a_run_is_parsed_in_the_available_format(
    command: str, ended: CommandResult, form: str, tests: list[tuple[str, str]], tmp_path: Path
) -> None:
    tree: Any = ScriptedTree(ended)
    run = await TestSuite(Sandbox(), tmp_path, command).run_in(tree, collect=["more"])
    assert (run.format, [(outcome.id, outcome.status) for outcome in run.outcomes]) == (form, tests)
    assert run.strength == ("exit code" if form == "exit code" else "reported")
    assert run.collected == len(tests)
    assert tree.collected[-1] == "more"


async def test_the_outcome_of_a_command_says_what_it_printed(tmp_path: Path) -> None:
    tree: Any = ScriptedTree(result(3, stdout="out", stderr="err", seconds=2.5))
    (outcome,) = (await TestSuite(Sandbox(), tmp_path, "make").run_in(tree)).outcomes
    assert (outcome.error, outcome.traceback, outcome.seconds) == ("exit code 3", "out\nerr", 2.5)
    quiet: Any = ScriptedTree(result(3))
    (silent,) = (await TestSuite(Sandbox(), tmp_path, "make").run_in(quiet)).outcomes
    assert silent.traceback is None
    fine: Any = ScriptedTree(result(stdout="out"))
    (passed,) = (await TestSuite(Sandbox(), tmp_path, "make").run_in(fine)).outcomes
    assert (passed.error, passed.traceback) == (None, None)


# what differs between a tree and its checkout


def test_an_entry_has_a_mode_as_git_writes_it(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    (tmp_path / "plain").chmod(0o644)
    (tmp_path / "script").write_text("")
    (tmp_path / "script").chmod(0o744)
    (tmp_path / "odd").write_text("")
    (tmp_path / "odd").chmod(0o655)
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "folder").mkdir()
    entries = {name: entry_at(tmp_path, name) for name in ("plain", "script", "odd", "link")}
    assert {name: found and found.mode for name, found in entries.items()} == {
        "plain": "100644", "script": "100755", "odd": "100644", "link": "120000",
    }  # fmt: skip
    assert entries["link"] and entries["link"].target == "plain"
    for none in ("folder", "gone", "plain/inside"):
        assert entry_at(tmp_path, none) is None


async def test_changes_are_added_modified_or_deleted_and_caches_left_out(tmp_path: Path) -> None:
    for name in ("kept.py", "gone/a.py", "gone/b/c.py", "__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    layout = Layout(
        root=tmp_path, folder="", owner=0, home="/tmp", frozen=("venv",), hidden=(".env",),
        readable=(),
    )  # fmt: skip
    told: list[dict[str, Any]] = [
        {"path": "kept.py", "kind": "file", "mode": 0o755},
        {"path": "new.py", "kind": "file", "mode": 0o644},
        {"path": "way", "kind": "link", "target": "kept.py"},
        {"path": "gone", "kind": "gone"},
        {"path": "never", "kind": "gone"},
        {"path": "a/__pycache__/y", "kind": "file", "mode": 0o644},
        {"path": "z.pyc", "kind": "file", "mode": 0o644},
        {"path": "venv/x", "kind": "file", "mode": 0o644},
        {"path": ".env", "kind": "file", "mode": 0o644},
        {"path": ".git/x", "kind": "file", "mode": 0o644},
    ]
    found = await Changes.read(layout, told)
    assert [(change.path, change.kind) for change in found.listed()] == [
        ("gone/a.py", "deleted"), ("gone/b/c.py", "deleted"), ("kept.py", "modified"),
        ("new.py", "added"), ("way", "added"),
    ]  # fmt: skip
    modes = {change.path: change.after.mode for change in found.differences if change.after}
    assert modes == {"kept.py": "100755", "new.py": "100644", "way": "120000"}
    everything = await Changes.read(layout, told, ignored=True)
    assert {".env", "venv/x", "z.pyc"} <= {change.path for change in everything.listed()}
