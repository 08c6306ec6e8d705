"""Run programs that nobody trusts, and compute the verdict where they cannot touch it."""

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
from refinegraph.tools.sandbox.conversation import Call, Conversation
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
    """Run programs in processes of their own, confined, limited, and killed on time.

    What a program sends is only ever decoded as plain data and compared here; neither its exit
    code nor what it prints is evidence. Below `min_tier` nothing is run. The first run of a
    process starts a warm worker (about a tenth of a second); all sandboxes of the process share
    the workers, from any thread and any event loop, and they end with it.

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
        """Enter; workers are started when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave; every run has ended its own processes, the workers stay warm for others."""

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
        *,
        ids: Sequence[str] | None = None,
    ) -> Verdict:
        """Call a function with each case's arguments and compare what it returns here.

        A case is `(arguments, expected)`, both plain data. The expected values never leave this
        process. Raises `SandboxUnavailable` where the isolation asked for cannot be had.
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
        """Run assert-style tests in a second process that sees the program as plain data only.

        A text is split into its assertions and test functions; of a sequence, each element is one
        test. `preamble` is trusted source that tests may use. Names of the program never stand in
        for a builtin or a name of the preamble, but for the `entry_point`. Raises `InputError` for
        tests that do not parse.
        """
        units = test_units(tests, entry_point=entry_point)
        names = _names(ids, len(units))
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
        """Run tests beside the program, for values that are no plain data.

        The program can forge this verdict, and its `strength` says so: `in process`. Use it only
        for programs that you trust not to. It is confined as every other.
        """
        units = test_units(tests, entry_point=entry_point)
        names = _names(ids, len(units))
        verdict = await self._verdict(
            names,
            lambda talk, workers: talk.test_in_process(workers[0], source, units, names, preamble),
        )
        return verdict.model_copy(update={"strength": "in process"})

    async def run(self, source: str, *, stdin: str = "") -> Verdict:
        """Run a script with that standard input; `stdout` and `stderr` are in the verdict.

        `passed` says that it ended by itself without an error and exit code 0; what it printed is
        for the caller to compare.
        """
        data = stdin.encode("utf-8", "surrogatepass")
        verdict = await self._verdict(
            ["script"], lambda talk, workers: talk.run(workers[0], source, data)
        )
        return verdict.model_copy(update={"tests": (), "strength": "host"})

    def tree(self, path: str | os.PathLike[str], *, policy: "TreePolicy | None" = None) -> "Tree":
        """Return a copy-on-write view of a checkout to run commands in; use it in `async with`.

        The policy is the tree's own, since commands need other limits than programs; the tier is
        this sandbox's.
        """
        from refinegraph.tools.workspace import Tree

        return Tree(path, policy=policy, min_tier=self.min_tier)

    async def trace(
        self, source: str, entry_point: str, arguments: tuple[object, ...]
    ) -> tuple[TraceLine, ...]:
        """Return what each executed line of one call changed; empty where it never came back.

        It is the program's own word, for a Reviewer to look at, and never part of a verdict.
        """
        calls = [Call("trace", arguments, None)]
        return await self._trace(
            lambda talk, workers: talk.check(workers[0], source, entry_point, calls)
        )

    async def trace_test(
        self, source: str, test: str, *, preamble: str = "", entry_point: str | None = None
    ) -> tuple[TraceLine, ...]:
        """Return what each executed line changed in the last call that a test made."""
        units = test_units([test], entry_point=entry_point)
        return await self._trace(
            lambda talk, workers: talk.test(
                workers, source, units, ["trace"], preamble, entry_point
            ),
            workers=2,
        )

    async def _trace(self, work: Talk, *, workers: int = 1) -> tuple[TraceLine, ...]:
        run: Run[tuple[TraceLine, ...]] = Run(self.policy, min_tier=self.min_tier, workers=workers)

        def talked(held: Sequence[Worker]) -> tuple[TraceLine, ...]:
            talk = Conversation(self.policy, trace=True)
            try:
                work(talk, held)
            finally:
                talk.finish()
            return talk.trace

        try:
            return await in_thread(run, talked)
        except Fault:
            return ()

    async def _verdict(self, names: Sequence[str], work: Talk, *, workers: int = 1) -> Verdict:
        run: Run[Verdict] = Run(self.policy, min_tier=self.min_tier, workers=workers)

        def talked(held: Sequence[Worker]) -> Verdict:
            talk = Conversation(self.policy)
            try:
                outcomes = work(talk, held)
            finally:
                talk.finish()
            return _verdict_of(talk, held[0], outcomes, names)

        with span("sandbox", "execute_tool sandbox", _SPAN) as note:
            try:
                verdict = await in_thread(run, talked)
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
    worst = next((each for each in outcomes if not each.passed), None)
    passed = not skipped and worst is None and talk.broken is None
    found = talk.broken.status if talk.broken else worst.status if worst else "failed"
    status: VerdictStatus = "passed" if passed else "failed" if found == "not_run" else found
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
