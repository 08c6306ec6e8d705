"""Check reference solutions against hidden tests before the tests judge any model."""

import ast
import asyncio
import sys
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.schema import LabelledProblem, Verdict
from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import HiddenTests

_MAX_CHECKS = 4
"""Concurrent checks. The sandbox has about one worker per processor; a few more checks keep the
workers busy while verdicts are computed. The number is a choice."""


class FaultyReference(NamedTuple):
    """A problem whose hidden tests cannot be used to judge programs."""

    problem_id: str
    reason: str
    """What failed, as one sentence."""


class ReferenceReport(NamedTuple):
    """Which problems can be used to judge programs."""

    sound: tuple[LabelledProblem, ...]
    """Problems to evaluate, including the unchecked ones, in their original order."""
    faulty: tuple[FaultyReference, ...]
    """Problems to leave out, in their original order."""
    unchecked: int
    """The number of sound problems without a reference solution to check."""


async def sound_problems(problems: Sequence[LabelledProblem], sandbox: Sandbox) -> ReferenceReport:
    """Separate the problems whose reference solution fails the hidden tests from the others.

    A problem is faulty if its tests cannot be parsed, import a module that the sandbox does not
    have, or fail on the reference solution. Problems without a reference, and those that are not
    code, are sound and counted as unchecked. Costs one or two sandbox runs per problem.

    Raises:
        SandboxUnavailable: The requested isolation is not available, or the sandbox failed twice
            on one reference.

    >>> from refinegraph.schema import Gold, Problem
    >>> gold = Gold(tests="assert f(1) == 2", reference="def f(x): return x")
    >>> problem = LabelledProblem(Problem(id="p", prompt="Add 1.", entry_point="f"), gold)
    >>> report = asyncio.run(sound_problems([problem], Sandbox()))
    >>> report.faulty[0].reason
    'Its reference solution fails its hidden tests: f(1) returns 1 instead of 2.'
    """
    slots = asyncio.Semaphore(_MAX_CHECKS)
    modules = _Modules(sandbox)

    async def check(labelled: LabelledProblem) -> str | None:
        async with slots:
            return await _fault_of(labelled, sandbox, modules)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(check(labelled)) for labelled in problems]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    faults = [task.result() for task in tasks]
    sound = [labelled for labelled, fault in zip(problems, faults, strict=True) if fault is None]
    return ReferenceReport(
        sound=tuple(sound),
        faulty=tuple(
            FaultyReference(labelled.problem.id, fault)
            for labelled, fault in zip(problems, faults, strict=True)
            if fault is not None
        ),
        unchecked=sum(not _has_reference(labelled) for labelled in sound),
    )


def _has_reference(labelled: LabelledProblem) -> bool:
    return _is_tested(labelled) and bool(labelled.gold.reference.strip())


def _is_tested(labelled: LabelledProblem) -> bool:
    return labelled.problem.kind == "code" and bool(labelled.gold.tests.strip())


async def _fault_of(labelled: LabelledProblem, sandbox: Sandbox, modules: "_Modules") -> str | None:
    """Return one sentence that says why a problem cannot be used, or None if it can."""
    if not _is_tested(labelled):
        return None
    try:
        tests = HiddenTests(labelled)
    except InputError as error:
        return f"Its hidden tests cannot be read: {error}"
    missing = await modules.missing_from(labelled.gold.tests)
    if missing:
        return (
            f"Its hidden tests import {missing}, which the sandbox does not have; install it and "
            f"name it in SandboxPolicy(preload=({missing!r},))."
        )
    if not _has_reference(labelled):
        return None
    verdict = await _verdict(tests, sandbox, labelled)
    return None if verdict.passed else f"Its reference solution {_failure(verdict)}"


async def _verdict(tests: HiddenTests, sandbox: Sandbox, labelled: LabelledProblem) -> Verdict:
    verdict = await tests.check(sandbox, labelled.gold.reference)
    if verdict.status == "sandbox_error":
        verdict = await tests.check(sandbox, labelled.gold.reference)
    if verdict.status == "sandbox_error":
        raise SandboxUnavailable(
            f"The reference solution of {labelled.problem.id!r} could not be run: {verdict.detail}."
        )
    return verdict


def _failure(verdict: Verdict) -> str:
    outcome = verdict.first_failure
    if outcome is None:
        return f"was not tested: {verdict.detail or verdict.status}."
    if outcome.error:
        return f"fails its hidden tests with {verdict.status}: {outcome.error.rstrip('.')}."
    comparison = f"{outcome.call} returns {outcome.got} instead of {outcome.expected}"
    return f"fails its hidden tests: {comparison}."


class _Modules:
    """Finds out which modules the sandbox can import, asking it once per module."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._available: dict[str, bool] = {}

    async def missing_from(self, tests: str) -> str | None:
        """Return the first module that the tests import but the sandbox cannot, or None."""
        for name in sorted(_imported(tests) - sys.stdlib_module_names):
            if name not in self._available:
                verdict = await self._sandbox.run(f"import {name}")
                self._available[name] = verdict.passed
            if not self._available[name]:
                return name
        return None


def _imported(tests: str) -> frozenset[str]:
    module = parse_module(tests)
    names: set[str] = set()
    for node in ast.walk(module) if module is not None else ():
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return frozenset(names)
