"""The verdicts of executed programs."""

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
"""How a whole run ended; `sandbox_error` is a fault of the sandbox, never of the program."""

Tier = Literal["strong", "medium", "docker", "weak", "none"]
"""The strength of a run's isolation, strongest first."""

Strength = Literal[
    "host",
    "separate process",
    "in process with guards",
    "reported",
    "exit code",
    "in process",
]
"""Where a verdict was computed, hardest to forge first.

`host`: values were compared on the host. `separate process`: tests ran in another process than the
program. `in process with guards`: a test runner reported from the program's own process, guarded by
a plugin and by tests that have to fail. `reported`: the same without guards. `exit code`: only the
command's exit code. `in process`: tests ran in the program's process without guards.
"""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
"""Strongest first."""


class CaseOutcome(Frozen):
    """The outcome of one test."""

    id: str
    """The id of the test, or its position if it has none."""
    status: CaseStatus
    call: str = ""
    """The tested source: `f(1, 2)` or `assert f(1, 2) == 3`."""
    expected: str | None = None
    """The repr of the expected value, shortened to a few hundred characters."""
    got: str | None = None
    """The repr of the actual value, shortened likewise."""
    error: str | None = None
    """Type and message of the exception, if one was raised."""
    traceback: str | None = None
    """The traceback, reduced to the candidate's own lines."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether this test passed."""
        return self.status == "passed"


class Isolation(Frozen):
    """The isolation layers in force while a program ran."""

    tier: Tier
    layers: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    """Layers that were requested but not available, with the reasons."""


class Verdict(Frozen):
    """The result of an execution; `strength` tells where it was computed."""

    passed: bool
    status: VerdictStatus
    tests: tuple[CaseOutcome, ...] = ()
    stdout: str = ""
    stderr: str = ""
    isolation: Isolation
    detail: str = ""
    """One sentence that explains a status other than passed or failed."""
    strength: Strength = "separate process"
    """How hard the verdict is to forge."""
    seconds: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _read_integrity(cls, data: object) -> object:
        """Read a record of version 0.1, which stored one of two strengths as `integrity`."""
        fields = fields_with(data, "integrity")
        if fields is None:
            return data
        inside = fields.pop("integrity") == "inprocess"
        strength: Strength = "in process" if inside else "separate process"
        return {"strength": strength, **fields}

    @property
    def is_forgeable(self) -> bool:
        """Whether the program could have influenced the verdict."""
        return self.strength not in ("host", "separate process")

    @property
    def passed_ids(self) -> frozenset[str]:
        """The ids of the tests that passed."""
        return frozenset(outcome.id for outcome in self.tests if outcome.passed)

    @property
    def first_failure(self) -> CaseOutcome | None:
        """The first test that did not pass."""
        return next((outcome for outcome in self.tests if not outcome.passed), None)
