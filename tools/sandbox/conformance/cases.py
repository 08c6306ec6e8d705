"""What a case of the conformance suite is."""

import textwrap
from typing import Literal

from refinegraph.schema import Frozen, VerdictStatus
from refinegraph.tools.sandbox.policy import Layer, SandboxPolicy

How = Literal["check", "test", "run"]
ANYTHING_BUT_PASSED: tuple[VerdictStatus, ...] = (
    *("failed", "error", "timeout", "cpu_exceeded", "memory_exceeded", "output_exceeded"),
    *("crashed", "early_exit", "unserializable", "protocol_violation"),
)
HARMLESS: tuple[VerdictStatus, ...] = ("error", "failed", "crashed")
QUICK = SandboxPolicy(wall_seconds=40, cpu_seconds=1, memory_mb=256)
"""Bounded by processor time: on a loaded machine a second of it may take half a minute."""
IDLE = QUICK.model_copy(update={"wall_seconds": 1.5})
"""For programs that do nothing but wait."""
ON_TIME = 15.0
"""Seconds in which a run with the policy `IDLE` has ended on any machine; its program sleeps for
a minute."""

_SLOW: set[VerdictStatus] = {"cpu_exceeded", "timeout", "memory_exceeded", "output_exceeded"}


class HostileCase(Frozen):
    """A program, how it is run, and how that may end.

    Its function `f` is called with nothing. An attack returns True where it got through, so that
    one program shows both that a layer stops it and that without the layer it succeeds. A source
    names what stands around the sandbox on the host, as `@secret_file@`.
    """

    name: str
    source: str
    expected: tuple[VerdictStatus, ...]
    how: How = "check"
    value: object = "right"
    """What `f` has to return to pass."""
    calls: tuple[tuple[tuple[object, ...], object], ...] = ()
    """Arguments and expected values, for a `check` with other calls than one of nothing."""
    tests: str = ""
    """Assert-style tests, for `test`."""
    preamble: str = ""
    """Trusted source that the tests may use."""
    entry_point: str | None = None
    """The function under test, where the tests are told."""
    before: str = ""
    """A program that is run first, to leave something behind."""
    beside: str = ""
    """A right program that is run at the same time and must not notice."""
    abandoned: str = ""
    """A script that is begun and cancelled before, at several moments of its life."""
    later: float = 0.0
    """Seconds to wait after the run before looking for harm."""
    policy: SandboxPolicy = QUICK
    control: tuple[Layer, ...] = ()
    """Layers without which the attack gets through; empty where no layer decides it."""
    needs: tuple[Layer, ...] = ()
    """Layers without which it may end otherwise, or learn what it asks for."""
    only_as_root: bool = False
    """Whether the control says anything only where the host runs as root."""
    seconds: float | None = None
    """How long the run may take at most, where that is the point of it."""

    @property
    def quick(self) -> bool:
        """Whether it ends by itself within moments."""
        waits = self.beside or self.later or self.seconds or self.abandoned
        return not waits and ("failed" in self.expected or not _SLOW & {*self.expected})


def attack(
    name: str,
    body: str,
    *,
    control: tuple[Layer, ...] = (),
    needs: tuple[Layer, ...] = (),
    expected: tuple[VerdictStatus, ...] = HARMLESS,
    policy: SandboxPolicy = QUICK,
    only_as_root: bool = False,
    later: float = 0.0,
) -> HostileCase:
    """Return a case whose function tries something and returns whether it worked."""
    return HostileCase(
        name=name,
        source="def f():\n" + textwrap.indent(textwrap.dedent(body).strip(), "    "),
        expected=expected,
        control=control,
        needs=needs,
        policy=policy,
        only_as_root=only_as_root,
        later=later,
    )


def forgery(
    name: str,
    source: str,
    *expected: VerdictStatus,
    how: How = "check",
    tests: str = "",
    preamble: str = "",
    entry_point: str | None = None,
    value: object = "right",
    policy: SandboxPolicy = QUICK,
) -> HostileCase:
    """Return a case whose program is wrong and wants to be taken for right."""
    return HostileCase(
        name=name,
        source=textwrap.dedent(source).strip(),
        expected=expected or ANYTHING_BUT_PASSED,
        how=how,
        tests=tests,
        preamble=preamble,
        entry_point=entry_point,
        value=value,
        policy=IDLE if expected == ("timeout",) else policy,
    )


def fault(
    name: str, source: str, *expected: VerdictStatus, seconds: float | None = None
) -> HostileCase:
    """Return a case whose program ends in a way of its own."""
    return HostileCase(
        name=name,
        source=textwrap.dedent(source).strip(),
        expected=expected,
        seconds=seconds,
        policy=IDLE if "timeout" in expected and "cpu_exceeded" not in expected else QUICK,
    )


def honest(
    name: str, source: str, *, value: object = "right", needs: tuple[Layer, ...] = ()
) -> HostileCase:
    """Return a case whose program is right, however odd, and has to pass."""
    return HostileCase(
        name=name,
        source=textwrap.dedent(source).strip(),
        expected=("passed",),
        value=value,
        needs=needs,
    )
