"""Hostile programs that a sandbox must contain, and functions to try them on any backend."""

from refinegraph.tools.sandbox.conformance import (
    answering,
    ending,
    exhausting,
    forging,
    kernel,
    odd,
    processes,
    reaching,
    testing,
)
from refinegraph.tools.sandbox.conformance.cases import HostileCase
from refinegraph.tools.sandbox.conformance.suite import (
    Backend,
    ConformanceReport,
    ConformanceResult,
    run_conformance,
    run_control,
    run_controls,
)

CASES: tuple[HostileCase, ...] = (
    *forging.CASES,
    *testing.CASES,
    *answering.CASES,
    *ending.CASES,
    *exhausting.CASES,
    *reaching.CASES,
    *processes.CASES,
    *kernel.CASES,
    *odd.CASES,
)

__all__ = [
    "CASES",
    "Backend",
    "ConformanceReport",
    "ConformanceResult",
    "HostileCase",
    "run_conformance",
    "run_control",
    "run_controls",
]
