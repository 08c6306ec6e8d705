"""Run the test command of a checkout: select tests, record executed lines, judge patches."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from refinegraph.schema import CaseOutcome, Strength, Verdict
from refinegraph.tools.localisation.recording import PLUGIN_FOLDER, recording_environment
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline, PatchJudge, TestSuite
from refinegraph.tools.test_runs.commands import split_command
from refinegraph.tools.test_runs.suite import GUARD_FOLDER
from refinegraph.tools.workspace import CommandResult, TreePolicy

Changes = Mapping[str, str | None]
"""New texts by path, relative to the root of the checkout; None for a deleted file."""

_RECORDS = ".refinegraph-lines.jsonl"


class SuiteRun(NamedTuple):
    """The outcome of a test command."""

    tests: Mapping[str, CaseOutcome]
    """The reported tests by name; empty if the program tampered with the test runner."""
    result: CommandResult
    records: str = ""
    """The records of executed lines, as JSON lines."""
    strength: Strength = "reported"


class Suite:
    """A test command of a checkout.

    Any command can be run. If it runs pytest, tests can be selected and executed lines recorded.
    """

    def __init__(self, sandbox: Sandbox, path: Path, command: str) -> None:
        self.sandbox = sandbox
        self.path = path
        self.command = command
        policy = TreePolicy(readable=(str(PLUGIN_FOLDER),))
        self.tests = TestSuite(sandbox, path, _with_plugins(command), policy=policy)
        self.is_pytest = self.tests.is_pytest
        self.selects = self.is_pytest
        """Whether single tests can be run by name."""

    async def run(
        self,
        changes: Changes | None = None,
        *,
        only: Sequence[str] = (),
        record: bool = False,
        timeout: float | None = None,
    ) -> SuiteRun:
        """Run the command in a new tree with the changes applied.

        Args:
            changes: Files to write or to delete before the run.
            only: The tests to run; if it is empty or the command does not run pytest, all tests.
            record: Whether to record executed lines, if the command runs pytest.
            timeout: The number of seconds after which the command is killed.
        """
        run = await self.tests.run(
            changes,
            only=only if self.is_pytest else (),
            timeout=timeout,
            env=self._recording() if record and self.is_pytest else (),
            collect=[_RECORDS],
        )
        records = run.result.collected.get(_RECORDS, b"").decode(errors="replace")
        return SuiteRun({} if run.tampering else run.tests, run.result, records, run.strength)

    async def judge(
        self, changes: Changes, baseline: Baseline, *, protect: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict of the whole suite on a patch, with the guards of `PatchJudge`.

        Its tests are those that failed before, followed by those that the patch breaks.
        """
        return await PatchJudge(self.tests, baseline, protect=protect).check(changes)

    async def lint(self, changes: Changes, command: str) -> CommandResult:
        """Run the lint command in a new tree with the changes applied."""
        async with self.tests.tree() as tree:
            for path, text in changes.items():
                await (tree.delete(path) if text is None else tree.write(path, text))
            return await tree.run(split_command(command))

    def _recording(self) -> list[tuple[str, str]]:
        root = self.tests.tree().find_root()
        others = os.environ.get("PYTHONPATH")
        plugins = os.pathsep.join(filter(None, (str(PLUGIN_FOLDER), others)))
        variables = recording_environment(str(root / _RECORDS), root=str(root), plugins=plugins)
        return list(variables.items())


def _with_plugins(command: str) -> tuple[str, ...]:
    """Split a command into words, and add our plugins to its PYTHONPATH if it sets one."""
    folders = os.pathsep.join((str(GUARD_FOLDER), str(PLUGIN_FOLDER)))
    start = "PYTHONPATH="
    return tuple(
        f"{word}{os.pathsep}{folders}" if word.startswith(start) else word
        for word in split_command(command)
    )
