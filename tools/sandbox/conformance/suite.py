"""Try hostile programs on a backend and report the results."""

import asyncio
import os
import time
from collections.abc import Coroutine, Sequence
from typing import Protocol

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.schema import Frozen, Verdict
from refinegraph.tools.sandbox.conformance.cases import ON_TIME, HostileCase
from refinegraph.tools.sandbox.conformance.surroundings import SECRET, Surroundings
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.sandbox import Sandbox

_ESCAPE_LENGTH = 4
"""Characters of the escape for an output byte that is not valid UTF-8."""
_DELAYS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2)
"""Seconds after which a run is cancelled, around the hundredth of a second in which it is armed."""
_PATIENCE = 10.0
"""Seconds to wait for the harm that a control has to do: a choice for busy machines."""


class Runner(Protocol):
    """An object that runs programs like `Sandbox`."""

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
    ) -> Verdict:
        """Call a function and compare its results."""
        ...

    async def test(
        self, source: str, tests: str, *, preamble: str = "", entry_point: str | None = None
    ) -> Verdict:
        """Run assert-style tests."""
        ...

    async def run(self, source: str) -> Verdict:
        """Run a script."""
        ...


class Backend(Protocol):
    """A callable that returns a runner for a policy; the class `Sandbox` itself is one."""

    def __call__(self, *, policy: SandboxPolicy) -> Runner:
        """Return the runner."""
        ...


class ConformanceResult(Frozen):
    """The result of one case."""

    name: str
    ok: bool
    status: str
    expected: tuple[str, ...]
    harm: tuple[str, ...] = ()
    """The harm that the program did; empty if it was contained."""
    detail: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return the result as one line."""
        mark = "ok " if self.ok else "BAD"
        harm = f"; {', '.join(self.harm)}" if self.harm else ""
        expected = "" if self.ok else f", expected {' or '.join(self.expected)}"
        return f"{mark} {self.name}: {self.status}{expected}{harm} ({self.seconds:.2f} s)"


class ConformanceReport(Frozen):
    """The results of all cases."""

    results: tuple[ConformanceResult, ...]

    @property
    def ok(self) -> bool:
        """Whether every program ended as expected and did no harm."""
        return all(result.ok for result in self.results)

    def __str__(self) -> str:
        """Return the failed cases, one per line, and the number of passed ones."""
        failed = [str(result) for result in self.results if not result.ok]
        passed = len(self.results) - len(failed)
        return "\n".join([*failed, f"{passed} of {len(self.results)} cases passed"])


async def run_conformance(
    backend: Backend, cases: Sequence[HostileCase], *, concurrency: int = 2
) -> ConformanceReport:
    """Try every case, `concurrency` of them concurrently; raises `SandboxUnavailable`.

    >>> import asyncio
    >>> from refinegraph.tools import Sandbox, run_conformance
    >>> from refinegraph.tools.sandbox.conformance import CASES
    >>> print(asyncio.run(run_conformance(Sandbox, CASES[:3])))
    3 of 3 cases passed
    """
    slots = asyncio.Semaphore(concurrency)

    async def guarded(case: HostileCase) -> ConformanceResult:
        async with slots:
            return await try_case(backend, case)

    results = await asyncio.gather(*map(guarded, cases))
    return ConformanceReport(results=tuple(results))


async def try_case(backend: Backend, case: HostileCase) -> ConformanceResult:
    """Try one case with fresh surroundings."""
    with Surroundings() as around:
        began = time.monotonic()
        try:
            verdict = await _run(backend(policy=case.policy), case, around)
        except (SandboxUnavailable, InputError):
            raise
        except Exception as error:
            return _raised(case, error, time.monotonic() - began)
        seconds = time.monotonic() - began
        await asyncio.sleep(case.later)
        applicable = set(case.needs) <= set(verdict.isolation.layers)
        leaked = _harm_in(verdict, case) if applicable else []
        harm = [*around.harm(), *leaked, *_flaws_in(verdict, case)]
    slow = case.seconds is not None and seconds > case.seconds
    as_expected = verdict.status in case.expected
    as_expected = as_expected and verdict.passed == (case.expected == ("passed",))
    return ConformanceResult(
        name=case.name,
        ok=(as_expected or not applicable) and not harm and not slow,
        status=verdict.status,
        expected=case.expected,
        harm=tuple(harm),
        detail=verdict.detail,
        seconds=round(seconds, 3),
    )


async def run_controls(cases: Sequence[HostileCase], *, concurrency: int = 2) -> dict[str, bool]:
    """Return, by name, whether each attack succeeds without the layers that stop it.

    Cases that no layer decides are skipped, and so are those that are meaningful only as root
    unless the host runs as root.
    """
    slots = asyncio.Semaphore(concurrency)

    async def guarded(case: HostileCase) -> bool:
        async with slots:
            return await run_control(case)

    decided = [
        case for case in cases if case.control and (os.geteuid() == 0 or not case.only_as_root)
    ]
    decided.sort(key=lambda case: case.control)
    return dict(
        zip(
            [case.name for case in decided],
            await asyncio.gather(*map(guarded, decided)),
            strict=True,
        )
    )


async def run_control(case: HostileCase) -> bool:
    """Try an attack without the layers that stop it and return whether it succeeds.

    This shows that the attack is effective. Raises `ValueError` for a case that no layer decides,
    and `SandboxUnavailable` if not even an honest program runs without these layers.
    """
    if not case.control:
        raise ValueError(f"no layer decides the case {case.name!r}")
    policy = case.policy.model_copy(update={"disabled_layers": case.control})
    runner = Sandbox(policy=policy, min_tier="none")
    honest = await runner.check("def f(): return 1", "f", [((), 1)])
    if not honest.passed:
        raise SandboxUnavailable(
            f"nothing runs without the layers {', '.join(case.control)}: {honest.detail}"
        )
    with Surroundings() as around:
        verdict = await _run(runner, case, around)
        if verdict.status == "sandbox_error" or _harm_in(verdict, case):
            return True
        return await _harm_within(around, _PATIENCE if case.later else 0.0)


async def _harm_within(around: Surroundings, seconds: float) -> bool:
    """Wait for harm that occurs after the run, which may take long on a busy machine."""
    until = time.monotonic() + seconds
    while not around.harm():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(0.1)
    return True


async def _run(runner: Runner, case: HostileCase, around: Surroundings) -> Verdict:
    if case.before:
        await runner.check(around.placed(case.before), "f", [((), "right")])
    for delay in _DELAYS if case.abandoned else ():
        await _abandon(runner.run(around.placed(case.abandoned)), delay, around)
    if not case.beside:
        return await _run_alone(runner, case, around)
    beside = runner.check(around.placed(case.beside), "f", [((), "right")])
    other, verdict = await asyncio.gather(beside, _run_alone(runner, case, around))
    if not other.passed:
        around.note(f"a neighbour was disturbed: {other.status}")
    return verdict


async def _abandon(run: Coroutine[None, None, Verdict], delay: float, around: Surroundings) -> None:
    """Cancel a run after a delay and report it as harm if it continues."""
    task = asyncio.ensure_future(run)
    await asyncio.sleep(delay)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=ON_TIME)
    if not done or not task.cancelled():
        around.note(f"a run that was cancelled after {delay} seconds continued")


async def _run_alone(runner: Runner, case: HostileCase, around: Surroundings) -> Verdict:
    source = around.placed(case.source)
    if case.how == "run":
        return await runner.run(source)
    if case.how == "test":
        return await runner.test(
            source, case.tests, preamble=case.preamble, entry_point=case.entry_point
        )
    return await runner.check(source, "f", case.calls or [((), case.value)])


def _raised(case: HostileCase, error: Exception, seconds: float) -> ConformanceResult:
    return ConformanceResult(
        name=case.name,
        ok=False,
        status="raised",
        expected=case.expected,
        harm=("the host raised",),
        detail=f"{type(error).__name__}: {error}"[:300],
        seconds=round(seconds, 3),
    )


def _harm_in(verdict: Verdict, case: HostileCase) -> list[str]:
    if case.expected == ("passed",):
        return []
    harm: list[str] = []
    if any(outcome.got == "True" for outcome in verdict.tests):
        harm.append("the attack succeeded")
    if SECRET in repr(verdict):
        harm.append("a secret leaked")
    return harm


def _flaws_in(verdict: Verdict, case: HostileCase) -> list[str]:
    """Return the flaws of a verdict that no program may cause."""
    flaws: list[str] = []
    try:
        verdict.model_dump_json()
    except ValueError as error:
        flaws.append(f"the verdict cannot be serialised: {error}"[:120])
    if len(verdict.stdout) > _ESCAPE_LENGTH * case.policy.stdout_bytes:
        flaws.append("more output was kept than allowed")
    if case.how == "check" and len(verdict.tests) != len(case.calls or [()]):
        flaws.append("the number of outcomes differs from that of the calls")
    return flaws
