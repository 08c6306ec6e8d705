"""Run untrusted programs and compute their verdicts where they cannot tamper with them."""

import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from refinegraph.charging import charge
from refinegraph.schema import (
    CaseOutcome,
    Isolation,
    Tier,
    Usage,
    Verdict,
    VerdictStatus,
)
from refinegraph.telemetry.tracing import span
from refinegraph.tools.sandbox.conversation import Call, Conversation, NeedsTester
from refinegraph.tools.sandbox.direct import direct_tests
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.running import Fault, Run, in_thread
from refinegraph.tools.sandbox.tiers import tier_of
from refinegraph.tools.sandbox.tracing import TraceLine
from refinegraph.tools.sandbox.units import test_units
from refinegraph.tools.sandbox.workers import Worker

if TYPE_CHECKING:
    from refinegraph.tools.workspace import Tree, TreePolicy

Talk = Callable[[Conversation, Sequence[Worker]], list[CaseOutcome]]


class Sandbox:
    """Run programs in separate processes with isolation, resource limits and time limits.

    Results of a program are decoded as plain data and compared in this process; neither its exit
    code nor its output counts as evidence. If isolation of at least `min_tier` is not available,
    nothing is run. The first run starts a warm worker, which takes about a tenth of a second. All
    sandboxes of a process share their workers, in any thread and any event loop; the workers end
    with the process.

    >>> import asyncio
    >>> async def example() -> bool:
    ...     sandbox = Sandbox()
    ...     source = "def add(a, b): return a + b"
    ...     verdict = await sandbox.check(source, "add", [((1, 2), 3)])
    ...     return verdict.passed
    >>> asyncio.run(example())
    True
    """

    def __init__(self, *, policy: SandboxPolicy | None = None, min_tier: Tier = "medium") -> None:
        self.policy = policy or SandboxPolicy()
        self.min_tier: Tier = min_tier

    async def __aenter__(self) -> Self:
        """Return the sandbox; workers are started on demand."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: every run ends its own processes, and workers stay warm for other runs."""

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
        *,
        ids: Sequence[str] | None = None,
    ) -> Verdict:
        """Call a function with the arguments of every case and compare the results.

        A case is `(arguments, expected)`, both plain data. The expected values never leave this
        process. Raises `SandboxUnavailable` if the requested isolation is not available.
        """
        names = _names(ids, len(cases))
        calls = [Call(name, *case) for name, case in zip(names, cases, strict=True)]
        verdict = await self._verdict(
            names, lambda talk, workers: talk.check(workers[0], source, entry_point, calls)
        )
        return verdict.model_copy(update={"strength": "host"})

    async def test(
        self,
        source: str,
        tests: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        preamble: str = "",
        entry_point: str | None = None,
    ) -> Verdict:
        """Run assert-style tests outside the program's process, which gets only plain data.

        Tests that only compare the results of calls with literals are compared on the host. All
        others run in a second process. Both give the same verdict.

        A string is split into its assertions and test functions; every element of a sequence is
        one test. `preamble` is trusted source that tests may use. A name of the program never
        replaces a builtin or a name of the preamble, except for the `entry_point`. Raises
        `InputError` for tests that do not parse, and `SandboxUnavailable`.
        """
        units = test_units(tests, entry_point=entry_point)
        names = _names(ids, len(units))
        direct = direct_tests(units, preamble=preamble, entry_point=entry_point)
        if direct is not None:
            try:
                return await self._verdict(
                    names,
                    lambda talk, workers: talk.test_directly(
                        workers[0], source, units, names, direct
                    ),
                )
            except NeedsTester:
                pass  # the run below starts from the beginning, in new processes
        return await self._verdict(
            names,
            lambda talk, workers: talk.test(workers, source, units, names, preamble, entry_point),
            workers=2,
        )

    async def test_in_process(
        self,
        source: str,
        tests: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        preamble: str = "",
        entry_point: str | None = None,
    ) -> Verdict:
        """Run tests in the program's process, for values that are not plain data.

        The program can forge this verdict, so its `strength` is `in process`; use it only for
        programs that you trust not to. The process is confined like any other.
        """
        units = test_units(tests, entry_point=entry_point)
        names = _names(ids, len(units))
        verdict = await self._verdict(
            names,
            lambda talk, workers: talk.test_in_process(workers[0], source, units, names, preamble),
        )
        return verdict.model_copy(update={"strength": "in process"})

    async def run(self, source: str, *, stdin: str = "") -> Verdict:
        """Run a script with the given standard input and return its output in the verdict.

        `passed` means that the script ended by itself with exit code 0; comparing its `stdout` is
        up to the caller.
        """
        data = stdin.encode("utf-8", "surrogatepass")
        verdict = await self._verdict(
            ["script"], lambda talk, workers: talk.run(workers[0], source, data)
        )
        return verdict.model_copy(update={"tests": (), "strength": "host"})

    def tree(self, path: str | os.PathLike[str], *, policy: "TreePolicy | None" = None) -> "Tree":
        """Return a copy-on-write view of a checkout for running commands; use it in `async with`.

        The tree has its own policy, since commands need other limits than programs, and the
        `min_tier` of this sandbox.
        """
        from refinegraph.tools.workspace import Tree

        return Tree(path, policy=policy, min_tier=self.min_tier)

    async def trace(
        self, source: str, entry_point: str, arguments: tuple[object, ...]
    ) -> tuple[TraceLine, ...]:
        """Return what every executed line of one call changed; empty if the call did not return.

        A program can forge its trace, so a trace is evidence for a Reviewer and never part of a
        verdict.
        """
        calls = [Call("trace", arguments, None)]
        return await self._trace(
            lambda talk, workers: talk.check(workers[0], source, entry_point, calls)
        )

    async def trace_test(
        self, source: str, test: str, *, preamble: str = "", entry_point: str | None = None
    ) -> tuple[TraceLine, ...]:
        """Return what every executed line changed during the last call of a test."""
        units = test_units([test], entry_point=entry_point)
        return await self._trace(
            lambda talk, workers: talk.test(
                workers, source, units, ["trace"], preamble, entry_point
            ),
            workers=2,
        )

    async def _trace(self, work: Talk, *, workers: int = 1) -> tuple[TraceLine, ...]:
        run: Run[tuple[TraceLine, ...]] = Run(self.policy, min_tier=self.min_tier, workers=workers)

        def trace(held: Sequence[Worker]) -> tuple[TraceLine, ...]:
            talk = Conversation(self.policy, trace=True)
            try:
                work(talk, held)
            finally:
                talk.finish()
            return talk.trace

        try:
            return await in_thread(run, trace)
        except Fault:
            return ()

    async def _verdict(self, names: Sequence[str], work: Talk, *, workers: int = 1) -> Verdict:
        run: Run[Verdict] = Run(self.policy, min_tier=self.min_tier, workers=workers)

        def judge(held: Sequence[Worker]) -> Verdict:
            talk = Conversation(self.policy)
            try:
                outcomes = work(talk, held)
            finally:
                talk.finish()
            return _verdict_of(talk, held[0], outcomes, names)

        with span("sandbox", "execute_tool sandbox", _SPAN) as note:
            try:
                verdict = await in_thread(run, judge)
            except Fault as error:
                verdict = _faulty(str(error), names)
            charge(Usage(sandbox_runs=1))
            note({"refinegraph.sandbox.status": verdict.status})
        return verdict


_SPAN = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "sandbox"}


def _names(ids: Sequence[str] | None, count: int) -> list[str]:
    return list(ids or map(str, range(1, count + 1)))


def _verdict_of(
    talk: Conversation, worker: Worker, outcomes: list[CaseOutcome], names: Sequence[str]
) -> Verdict:
    done = {outcome.id for outcome in outcomes}
    skipped = [CaseOutcome(id=name, status="not_run") for name in names if name not in done]
    worst = next((outcome for outcome in outcomes if not outcome.passed), None)
    passed = not skipped and worst is None and talk.broken is None
    cause = talk.broken.status if talk.broken else worst.status if worst else "failed"
    status: VerdictStatus = "passed" if passed else "failed" if cause == "not_run" else cause
    return Verdict(
        passed=passed,
        status=status,
        tests=(*outcomes, *skipped),
        stdout=talk.program.stdout.text if talk.program else "",
        stderr=talk.program.stderr.text if talk.program else "",
        isolation=_isolation(worker),
        detail=talk.broken.detail if talk.broken else (worst.error or "" if worst else ""),
        seconds=talk.seconds,
    )


def _isolation(worker: Worker) -> Isolation:
    return Isolation(tier=tier_of(worker.layers), layers=worker.layers, degraded=worker.missing)


def _faulty(reason: str, names: Sequence[str]) -> Verdict:
    return Verdict(
        passed=False,
        status="sandbox_error",
        tests=tuple(CaseOutcome(id=name, status="not_run") for name in names),
        isolation=Isolation(tier="none"),
        detail=f"the sandbox itself failed: {reason}",
    )
