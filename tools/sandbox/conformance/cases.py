"""The cases of the conformance suite, and functions that build them."""

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
"""Limits processor time: on a busy machine, a second of it may take half a minute."""
IDLE = QUICK.model_copy(update={"wall_seconds": 1.5})
"""For programs that only wait."""
ON_TIME = 15.0
"""Seconds within which a run with the policy `IDLE` ends on any machine; its program sleeps for a
minute."""

_SLOW: set[VerdictStatus] = {"cpu_exceeded", "timeout", "memory_exceeded", "output_exceeded"}


class HostileCase(Frozen):
    """A program, how it is run, and the statuses with which it may end.

    Its function `f` is called without arguments. An attack returns True if it succeeded, so the
    same program shows that a layer stops it and that it succeeds without the layer. The source
    refers to the host's files and servers by placeholders such as `@secret_file@`.
    """

    name: str
    source: str
    expected: tuple[VerdictStatus, ...]
    how: How = "check"
    value: object = "right"
    """The value that `f` has to return to pass."""
    calls: tuple[tuple[tuple[object, ...], object], ...] = ()
    """Arguments and expected values for a `check`; if empty, one call without arguments."""
    tests: str = ""
    """Assert-style tests, for `test`."""
    preamble: str = ""
    """Trusted source that the tests may use."""
    entry_point: str | None = None
    """The function under test, if the tests are told about it."""
    before: str = ""
    """A program that is run first and leaves something behind."""
    beside: str = ""
    """A correct program that is run at the same time and must not be disturbed."""
    abandoned: str = ""
    """A script that is started and cancelled first, after several delays."""
    later: float = 0.0
    """Seconds to wait after the run before looking for harm."""
    policy: SandboxPolicy = QUICK
    control: tuple[Layer, ...] = ()
    """Layers without which the attack succeeds; empty if no layer decides."""
    needs: tuple[Layer, ...] = ()
    """Layers without which the program may end differently or learn a secret."""
    only_as_root: bool = False
    """Whether the control is meaningful only if the host runs as root."""
    seconds: float | None = None
    """Longest duration of the run, if the case tests it."""

    @property
    def quick(self) -> bool:
        """Whether the program ends quickly by itself."""
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
    """Return a case whose function tries an attack and returns whether it succeeded."""
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
    """Return a case whose program is wrong and tries to obtain a passing verdict."""
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
    """Return a case whose program fails in a particular way."""
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
    """Return a case whose program is unusual but correct and has to pass."""
    return HostileCase(
        name=name,
        source=textwrap.dedent(source).strip(),
        expected=("passed",),
        value=value,
        needs=needs,
    )
