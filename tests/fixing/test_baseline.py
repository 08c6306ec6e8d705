"""Fault localisation from failing tests, and the command of a checkout."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from refinegraph.fixing.baseline import localise
from refinegraph.fixing.events import BaselineBegun, BaselineTaken
from refinegraph.fixing.sources import is_protected, read_sources, scripts_of
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.graphs.events import NodeStarted
from refinegraph.schema import CaseOutcome, CaseStatus, Isolation
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.screen import Screen
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline
from refinegraph.tools.workspace import CommandResult


class Scripted(Suite):
    """A suite whose runs have scripted outcomes."""

    def __init__(
        self,
        alone: dict[str, CaseStatus],
        records: str = "",
        recorded: dict[str, CaseStatus] | None = None,
    ) -> None:
        super().__init__(Sandbox(), Path(), "pytest")
        self.alone = alone
        self.records = records
        self.recorded = recorded or {}

    async def run(self, changes: Any = None, **keywords: Any) -> SuiteRun:
        """Return the outcomes of the named tests, or the records."""
        isolation = Isolation(tier="strong")
        result = CommandResult(command=("pytest",), exit_code=1, isolation=isolation)
        record = bool(keywords.get("record"))
        statuses = self.recorded if record else self.alone
        tests = {id: CaseOutcome(id=id, status=status) for id, status in statuses.items()}
        return SuiteRun(tests, result, self.records if record else "")


def baseline(*failing: str) -> Baseline:
    outcomes = tuple(
        CaseOutcome(id=id, status="failed", traceback="a.py:2: in f") for id in failing
    )
    return Baseline(
        failing=outcomes,
        passing=("good",),
        flaky=(),
        skipped=(),
        collected=2,
        strength="reported",
        seconds=1.0,
    )


RECORDS = """{"test": "bad", "failed": true, "lines": {"a.py": "6"}}
{"test": "good", "failed": false, "lines": {"a.py": "2"}}
"""


async def test_executed_lines_and_tracebacks_point_at_the_fault(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    suite = Scripted({"bad": "failed"}, RECORDS)
    localised = await localise(suite, read_sources(tmp_path), baseline("bad"))
    assert [suspect.line for suspect in localised.suspects] == [2, 1]
    assert localised.remark == ""
    assert suite.selects


@pytest.mark.parametrize("alone", [{}, {"bad": "passed"}, {"bad": "not_run"}])
async def test_tests_that_do_not_fail_alone_are_not_chosen(
    tmp_path: Path, alone: dict[str, CaseStatus]
) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    suite = Scripted(alone)
    localised = await localise(suite, read_sources(tmp_path), baseline("bad"))
    assert not suite.selects
    assert "no executed line" in localised.remark
    assert [suspect.line for suspect in localised.suspects] == [2]


async def test_failing_tests_that_pass_when_they_are_recorded_are_flaky(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    outcomes: dict[str, CaseStatus] = {"bad": "failed", "odd": "passed"}
    suite = Scripted(outcomes, RECORDS, outcomes)
    before = baseline("bad", "odd")
    localised = await localise(suite, read_sources(tmp_path), before)
    assert localised.flaky == ("odd",)
    assert suite.selects
    after = before.ignoring(localised.flaky)
    assert (after.failing_ids, after.flaky) == (("bad",), ("odd",))


def test_a_command_that_sets_pythonpath_still_gets_the_plugin() -> None:
    words = Suite(Sandbox(), Path(), "env PYTHONPATH=src python -m pytest").tests.recipe.words
    assert words[1].startswith("PYTHONPATH=src:")
    assert words[1].count(":") == 2


@pytest.mark.parametrize(
    ("path", "protected"),
    [
        ("tests/test_a.py", True),
        ("pkg/a_test.go", True),
        ("src/conftest.py", True),
        ("pyproject.toml", True),
        ("src/testimony.py", False),
        ("docs/a.md", True),
        ("src/a.py", False),
    ],
)
def test_tests_and_settings_are_protected(path: str, protected: bool) -> None:
    assert is_protected(path, ["docs/"]) is protected


@pytest.mark.parametrize("folder", [".venv/lib", "node_modules/a"])
def test_an_environment_that_git_does_not_ignore_is_no_source(tmp_path: Path, folder: str) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for path in ("a.py", f"{folder}/b.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    assert set(read_sources(tmp_path).files) == {"a.py"}


def test_what_git_ignores_is_no_source(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/a.py").write_text("x = 1\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.bin").write_bytes(b"\0\1")
    sources = read_sources(tmp_path)
    assert set(sources.files) == {".gitignore", "a.py"}
    before = sources.digest
    (tmp_path / "a.py").write_text("x = 2\n")
    assert read_sources(tmp_path).digest != before


@pytest.mark.parametrize(
    ("command", "patterns"),
    [
        ("python check.py", ["check.py"]),
        ("env A=1 sh -c 'python [odd].py'", []),
        ("python '[odd].py' nothing.py", ["[[]odd].py"]),
        ("pytest -q check.py::test_a", ["check.py"]),
        ("pytest --doctest-modules check.py", []),
        (f"sh -c '{'x' * 9000}'", []),
    ],
)
def test_files_that_a_command_names_are_protected(
    tmp_path: Path, command: str, patterns: list[str]
) -> None:
    for name in ("check.py", "[odd].py"):
        (tmp_path / name).write_text("")
    assert scripts_of(command, tmp_path, tmp_path) == patterns


def test_the_screen_says_what_is_run_before_the_first_patch() -> None:
    state = RunState()
    shown = [Screen(state).lines(80, 24)[1].plain]
    for event in (
        BaselineBegun(command="pytest -q"),
        BaselineTaken(failing=("t",), passing=1, flaky=0, seconds=1.0),
        NodeStarted(node="score", round=0),
    ):
        state = state.after(event)
        shown.append(Screen(state).lines(80, 24)[1].plain)
    words = ("getting ready", "twice, to see", "which lines they execute", "in the sandbox")
    for line, expected in zip(shown, words, strict=True):
        assert expected in line
