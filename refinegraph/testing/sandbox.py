"""A fake sandbox, whose verdicts come from a function or a table."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

from refinegraph.charging import charge
from refinegraph.schema import CaseStatus, Usage, Verdict
from refinegraph.testing.verdicts import verdict
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.sandbox.tracing import TraceLine
from refinegraph.tools.sandbox.units import test_units


class SandboxRun(NamedTuple):
    """A run that the sandbox was asked to execute."""

    source: str
    """The whole program."""
    ids: tuple[str, ...]
    """The ids of the tests."""
    entry_point: str | None = None
    stdin: str = ""


Finding = bool | Set[str] | Verdict
"""The result of a run: whether all tests pass, the ids of those that pass, or a whole verdict."""
Judge = Callable[[SandboxRun], Finding]


class FakeSandbox(Sandbox):
    """A sandbox that executes nothing and returns prepared verdicts.

    `verdicts` is a function of the run, or a table from a fragment of source to the result of the
    programs that contain it. The first fragment that a program contains decides; a program without
    any of them fails every test. Every run is charged as one sandbox run and recorded in `runs`;
    the isolation is `none`.

    Exceptions of the function propagate: raise `SandboxUnavailable` to test the behaviour on a
    machine that cannot isolate programs.

    >>> import asyncio
    >>> sandbox = FakeSandbox({"a + b": True, "a - b": {"t1"}})
    >>> asyncio.run(sandbox.check("def add(a, b): return a + b", "add", [((1, 2), 3)])).passed
    True
    >>> sandbox.runs[0].entry_point
    'add'
    """

    def __init__(self, verdicts: Judge | Mapping[str, Finding]) -> None:
        super().__init__(min_tier="none")
        self.runs: list[SandboxRun] = []
        self._judge = verdicts if callable(verdicts) else _judge_of(verdicts)

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
        *,
        ids: Sequence[str] | None = None,
    ) -> Verdict:
        """Return the verdict on calls of a function."""
        result = self._verdict_on(SandboxRun(source, _names(ids, len(cases)), entry_point))
        return result.model_copy(update={"strength": "host"})

    async def test(
        self,
        source: str,
        tests: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        preamble: str = "",
        entry_point: str | None = None,
    ) -> Verdict:
        """Return the verdict on assert-style tests."""
        count = len(test_units(tests, entry_point=entry_point))
        return self._verdict_on(SandboxRun(source, _names(ids, count), entry_point))

    async def test_in_process(
        self,
        source: str,
        tests: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        preamble: str = "",
        entry_point: str | None = None,
    ) -> Verdict:
        """Return the verdict on tests in the program's process, marked as forgeable."""
        result = await self.test(source, tests, ids=ids, preamble=preamble, entry_point=entry_point)
        return result.model_copy(update={"strength": "in process"})

    async def run(self, source: str, *, stdin: str = "") -> Verdict:
        """Return the verdict on a script; prepare a `Verdict` with `stdout` if a test reads it."""
        result = self._verdict_on(SandboxRun(source, ("script",), stdin=stdin))
        return result.model_copy(update={"tests": (), "strength": "host"})

    async def trace(
        self, source: str, entry_point: str, arguments: tuple[object, ...]
    ) -> tuple[TraceLine, ...]:
        """Return no lines, since nothing is executed."""
        return ()

    async def trace_test(
        self, source: str, test: str, *, preamble: str = "", entry_point: str | None = None
    ) -> tuple[TraceLine, ...]:
        """Return no lines, since nothing is executed."""
        return ()

    def _verdict_on(self, run: SandboxRun) -> Verdict:
        self.runs.append(run)
        charge(Usage(sandbox_runs=1))
        finding = self._judge(run)
        if isinstance(finding, Verdict):
            return finding
        passed = set(run.ids) if finding is True else finding or set[str]()
        statuses: list[CaseStatus] = ["passed" if id in passed else "failed" for id in run.ids]
        return verdict(*statuses, ids=run.ids)


def _judge_of(findings: Mapping[str, Finding]) -> Judge:
    def judge(run: SandboxRun) -> Finding:
        matching = (finding for piece, finding in findings.items() if piece in run.source)
        return next(matching, False)

    return judge


def _names(ids: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the ids of tests; a sandbox numbers tests without ids from 1."""
    return tuple(ids or map(str, range(1, count + 1)))
