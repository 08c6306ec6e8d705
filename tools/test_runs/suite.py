"""Run the test command of a checkout in a tree and return the outcome of every test."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from refinegraph.schema import CaseOutcome, Strength
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs.channel import Channel
from refinegraph.tools.test_runs.commands import Recipe, recipe_for, split_variables
from refinegraph.tools.test_runs.readers.cargo import read_cargo
from refinegraph.tools.test_runs.readers.go import read_go
from refinegraph.tools.test_runs.readers.guard import GuardReport, read_records
from refinegraph.tools.test_runs.readers.jest import read_jest
from refinegraph.tools.test_runs.readers.junit import read_junit, tail
from refinegraph.tools.test_runs.readers.tap import looks_like_tap, read_tap
from refinegraph.tools.test_runs.results import COMMAND, Format, TestRun
from refinegraph.tools.workspace import CommandResult, Tree, TreePolicy

GUARD_FOLDER = Path(__file__).with_name("guard")
_GUARD = "refinegraph_guard"
_OPTIONS = (
    *("-p", _GUARD, "-p", "no:cacheprovider", "--maxfail=0", "--continue-on-collection-errors"),
    # The plugin behind `pytest --refine` is not needed here, and the sandbox hides its files if
    # refinegraph is an editable install.
    *("-p", "no:refinegraph"),
)
"""Options that make pytest run every test: a cache of earlier failures must not select tests."""

Changes = Mapping[str, str | bytes | None]
"""New contents by path relative to the root of the checkout; None for a deleted file."""


class TestSuite:
    """The test command of a checkout.

    The outcomes of individual tests are known if the runner is pytest (started in any way except
    through `tox`), `go test`, `cargo test`, jest, vitest, node, Maven or Gradle, or if it writes
    TAP. Otherwise the only outcome is that of the command, by its exit code.
    """

    __test__ = False

    def __init__(
        self,
        sandbox: Sandbox,
        path: str | os.PathLike[str],
        command: str | Sequence[str],
        *,
        policy: TreePolicy | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.path = path
        self.command = command
        policy = policy or TreePolicy()
        readable = (*policy.readable, str(GUARD_FOLDER))
        self.policy = policy.model_copy(update={"readable": readable})
        self.recipe: Recipe = recipe_for(command)

    @property
    def is_pytest(self) -> bool:
        """Whether the runner is pytest."""
        return self.recipe.format == "pytest"

    def tree(self) -> Tree:
        """Return a new tree of the checkout that can run this suite."""
        return self.sandbox.tree(self.path, policy=self.policy)

    async def run(
        self,
        changes: Changes | None = None,
        *,
        only: Sequence[str] = (),
        timeout: float | None = None,
        env: Sequence[tuple[str, str]] = (),
        collect: Sequence[str] = (),
    ) -> TestRun:
        """Run the command in a new tree with changed files.

        Args:
            changes: Files to write or to delete first.
            only: Names of the tests to run; only pytest supports a selection.
            timeout: Seconds until the command is killed.
            env: Additional environment variables.
            collect: Additional files of the tree to return in the run's `result`.
        """
        async with self.tree() as tree:
            await apply_changes(tree, changes or {})
            return await self.run_in(tree, only=only, timeout=timeout, env=env, collect=collect)

    async def run_in(
        self,
        tree: Tree,
        *,
        only: Sequence[str] = (),
        timeout: float | None = None,
        env: Sequence[tuple[str, str]] = (),
        collect: Sequence[str] = (),
    ) -> TestRun:
        """Run the command in an open tree, which keeps the files that the tests write."""
        if self.is_pytest:
            return await self._run_pytest(tree, only, timeout, env, collect)
        patterns = (*self.recipe.collect, *collect)
        result = await tree.run(self.recipe.words, timeout=timeout, env=env, collect=patterns)
        outcomes, form = _read(self.recipe, result, str(tree.root))
        strength: Strength = "exit code" if form == "exit code" else "reported"
        return TestRun(
            outcomes=outcomes,
            collected=len(outcomes),
            result=result,
            format=form,
            strength=strength,
        )

    async def _run_pytest(
        self,
        tree: Tree,
        only: Sequence[str],
        timeout: float | None,
        env: Sequence[tuple[str, str]],
        collect: Sequence[str],
    ) -> TestRun:
        key = secrets.token_bytes(32)
        variables, words = split_variables(self.recipe.words)
        with Channel() as channel:
            keys = _pipe_with(key)
            try:
                result = await tree.run(
                    (*words, *only),
                    timeout=timeout,
                    env=_guard_environment({**dict(env), **variables}),
                    collect=collect,
                    pass_fds=(channel.writer, keys),
                )
            finally:
                os.close(keys)
            report = read_records(await channel.body(), key)
        return _guarded_run(report, result)


async def apply_changes(tree: Tree, changes: Changes) -> None:
    """Write and delete files of a tree; deleting a missing file does nothing."""
    for path, content in changes.items():
        if content is not None:
            await tree.write(path, content)
        elif await tree.exists(path):
            await tree.delete(path)


def _pipe_with(key: bytes) -> int:
    """Return the reading end of a pipe that contains a key."""
    reader, writer = os.pipe()
    os.write(writer, key)
    os.close(writer)
    return reader


def _guard_environment(more: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the variables that load the plugin, which then restores their original values."""
    path = more.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    options = more.get("PYTEST_ADDOPTS", os.environ.get("PYTEST_ADDOPTS", ""))
    joined = os.pathsep.join(filter(None, (str(GUARD_FOLDER), path)))
    return [
        *more.items(),
        ("REFINEGRAPH_GUARD", "3,4"),
        ("REFINEGRAPH_PYTHONPATH", path),
        ("REFINEGRAPH_PYTEST_ADDOPTS", options),
        ("PYTHONPATH", joined),
        ("PYTEST_ADDOPTS", " ".join((options, *_OPTIONS)).strip()),
    ]


def _guarded_run(report: GuardReport, result: CommandResult) -> TestRun:
    tampering = list(report.tampering)
    if report.collected and not report.complete and not result.limit:
        tampering.append(f"the test session did not finish ({result.ending})")
    outcomes = report.outcomes
    if not outcomes and not report.collected:
        outcomes = (_of_command(result),)
    return TestRun(
        outcomes=outcomes,
        collected=len(report.collected) + len(report.deselected),
        deselected=report.deselected,
        result=result,
        format="pytest" if report.complete or report.collected else "exit code",
        strength="in process with guards",
        tampering=tuple(tampering),
        patched=report.patched,
        plugins=report.plugins,
        root=report.root,
    )


def _read(
    recipe: Recipe, result: CommandResult, root: str
) -> tuple[tuple[CaseOutcome, ...], Format]:
    """Return the outcomes in the reported format, or else that of the exit code."""
    form = recipe.format
    reports = [body for name, body in result.collected.items() if name]
    outcomes: tuple[CaseOutcome, ...] = ()
    if form == "junit":
        outcomes = read_junit(reports)
    elif form == "jest" and reports:
        outcomes = read_jest(reports[0], root)
    elif form == "go":
        outcomes = read_go(result.stdout)
    elif form == "cargo":
        outcomes = read_cargo(result.stdout, result.stderr)
    elif looks_like_tap(result.stdout):
        form, outcomes = "tap", read_tap(result.stdout)
    if outcomes:
        return _with_command(outcomes, result), form
    return (_of_command(result),), "exit code"


def _with_command(
    outcomes: tuple[CaseOutcome, ...], result: CommandResult
) -> tuple[CaseOutcome, ...]:
    """Add the command's own outcome if it failed although no test did, such as a late crash."""
    if result.ok or any(outcome.status not in ("passed", "not_run") for outcome in outcomes):
        return outcomes
    return (*outcomes, _of_command(result))


def _of_command(result: CommandResult) -> CaseOutcome:
    output = tail(f"{result.stdout}\n{result.stderr}".strip())
    return CaseOutcome(
        id=COMMAND,
        status="passed" if result.ok else "timeout" if result.limit == "timeout" else "failed",
        error=None if result.ok else result.ending,
        traceback=None if result.ok else output or None,
        seconds=result.seconds,
    )
