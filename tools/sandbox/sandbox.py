"""Run programs that nobody trusts, and compute the verdict where they cannot touch it."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import CaseOutcome, Isolation, Tier, Verdict
from refinegraph.tools.sandbox.conversation import Conversation
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.process import Ended
from refinegraph.tools.sandbox.tiers import tier_of
from refinegraph.tools.sandbox.units import test_units

_AT_ONCE = 8


class Sandbox:
    """Run programs in processes of their own, confined, limited, and killed on time.

    What a program sends is only ever decoded as plain data and compared here; neither its exit
    code nor what it prints is evidence. Below `min_tier` nothing is run. One sandbox may serve
    any number of runs at once and several event loops.

    >>> import asyncio
    >>> async def example() -> bool:
    ...     async with Sandbox() as sandbox:
    ...         source = "def add(a, b): return a + b"
    ...         verdict = await sandbox.check(source, "add", [((1, 2), 3)])
    ...         return verdict.passed
    >>> asyncio.run(example())
    True
    """

    def __init__(self, *, policy: SandboxPolicy | None = None, min_tier: Tier = "medium") -> None:
        self.policy = policy or SandboxPolicy()
        self.min_tier: Tier = min_tier
        self._places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}

    async def __aenter__(self) -> Self:
        """Enter; processes are started when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave; every run has ended its own processes."""

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
        names = list(ids or map(str, range(1, len(cases) + 1)))
        async with self._place():
            talk = Conversation(self.policy, min_tier=self.min_tier)
            outcomes = await self._guarded(talk, talk.check(source, entry_point, cases, names))
        return self._verdict(talk, outcomes, names)

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
        test. `preamble` is trusted source that tests may use. Raises `InputError` for tests that
        do not parse.
        """
        units = test_units(tests, entry_point=entry_point)
        names = list(ids or map(str, range(1, len(units) + 1)))
        async with self._place():
            talk = Conversation(self.policy, min_tier=self.min_tier)
            outcomes = await self._guarded(talk, talk.test(source, units, names, preamble))
        return self._verdict(talk, outcomes, names)

    async def run(self, source: str, *, stdin: str = "") -> Verdict:
        """Run a script with that standard input; `stdout` and `stderr` are in the verdict.

        `passed` says that it ended by itself without an error and exit code 0; what it printed is
        for the caller to compare.
        """
        async with self._place():
            talk = Conversation(self.policy, min_tier=self.min_tier)
            outcomes = await self._guarded(talk, talk.run(source, stdin))
        return self._verdict(talk, outcomes, ["script"]).model_copy(update={"tests": ()})

    def _place(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        for other in [each for each in self._places if each.is_closed()]:
            del self._places[other]
        return self._places.setdefault(loop, asyncio.Semaphore(_AT_ONCE))

    async def _guarded(self, talk: Conversation, work: Any) -> list[CaseOutcome]:
        try:
            outcomes: list[CaseOutcome] = await work
        except Ended as error:
            raise SandboxUnavailable(
                f"the sandbox could not start a program: {error}; run `refinegraph doctor`."
            ) from None
        finally:
            await talk.finish()
        return outcomes

    def _verdict(
        self, talk: Conversation, outcomes: list[CaseOutcome], names: Sequence[str]
    ) -> Verdict:
        isolation = Isolation(tier=tier_of(talk.layers), layers=talk.layers, degraded=talk.missing)
        done = {outcome.id for outcome in outcomes}
        skipped = [CaseOutcome(id=name, status="not_run") for name in names if name not in done]
        worst = next((each for each in outcomes if not each.passed), None)
        passed = not skipped and worst is None
        return Verdict(
            passed=passed,
            status="passed" if passed else talk.status(worst),
            tests=(*outcomes, *skipped),
            stdout=talk.stdout,
            stderr=talk.stderr,
            isolation=isolation,
            detail=talk.detail or (worst.error or "" if worst else ""),
            seconds=talk.seconds,
        )
