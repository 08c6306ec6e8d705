"""What executing a program proved."""

from typing import Literal, get_args

from pydantic import model_validator

from refinegraph.schema.base import Frozen, fields_with

CaseStatus = Literal[
    "passed",
    "failed",
    "error",
    "timeout",
    "cpu_exceeded",
    "memory_exceeded",
    "output_exceeded",
    "crashed",
    "early_exit",
    "unserializable",
    "protocol_violation",
    "not_run",
]
"""How one test ended."""

VerdictStatus = Literal[
    "passed",
    "failed",
    "error",
    "timeout",
    "cpu_exceeded",
    "memory_exceeded",
    "output_exceeded",
    "crashed",
    "early_exit",
    "unserializable",
    "protocol_violation",
    "sandbox_error",
]
"""How a whole run ended; `sandbox_error` is the sandbox's fault and never the program's."""

Tier = Literal["strong", "medium", "docker", "weak", "none"]
"""How well a run was isolated, strongest first."""

Strength = Literal[
    "host",
    "separate process",
    "in process with guards",
    "reported",
    "exit code",
    "in process",
]
"""Where a verdict was computed, the hardest to forge first.

`host`: values were compared on the host. `separate process`: tests ran in another process than the
program. `in process with guards`: a test runner reported from the program's own process, watched by
a plug-in and with tests that have to fail beside. `reported`: likewise, unwatched. `exit code`:
nothing but the command's exit code. `in process`: tests ran beside the program, unwatched.
"""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
"""Strongest first."""


class CaseOutcome(Frozen):
    """What happened on one test."""

    id: str
    """The test's id, or its position where it has none."""
    status: CaseStatus
    call: str = ""
    """What was tested, as source: `f(1, 2)` or `assert f(1, 2) == 3`."""
    expected: str | None = None
    """The expected value as a readable literal, cut to a few hundred characters."""
    got: str | None = None
    """What came instead, likewise."""
    error: str | None = None
    """Exception type and message, where one was raised."""
    traceback: str | None = None
    """Traceback cut to the candidate's own lines."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether this test passed."""
        return self.status == "passed"


class Isolation(Frozen):
    """What stood between a program and this machine when it ran."""

    tier: Tier
    layers: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    """Layers that were asked for and could not be had, with the reason."""


class Verdict(Frozen):
    """What execution proved, computed outside the program's process unless `strength` tells."""

    passed: bool
    status: VerdictStatus
    tests: tuple[CaseOutcome, ...] = ()
    stdout: str = ""
    stderr: str = ""
    isolation: Isolation
    detail: str = ""
    """One sentence that explains a status other than passed or failed."""
    strength: Strength = "separate process"
    """What a program would have to get at to forge it."""
    seconds: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _read_integrity(cls, data: object) -> object:
        """Read records of version 0.1, which knew two strengths under another name."""
        fields = fields_with(data, "integrity")
        if fields is None:
            return data
        inside = fields.pop("integrity") == "inprocess"
        strength: Strength = "in process" if inside else "separate process"
        return {"strength": strength, **fields}

    @property
    def is_forgeable(self) -> bool:
        """Whether the program ran in the process that judged it."""
        return self.strength not in ("host", "separate process")

    @property
    def passed_ids(self) -> frozenset[str]:
        """The ids of the tests that passed."""
        return frozenset(outcome.id for outcome in self.tests if outcome.passed)

    @property
    def first_failure(self) -> CaseOutcome | None:
        """The first test that did not pass."""
        return next((outcome for outcome in self.tests if not outcome.passed), None)
