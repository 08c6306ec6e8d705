"""What is known about a candidate that failed, gathered before a model is asked about it."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, get_args

from refinegraph.agents.operators.task import Task
from refinegraph.errors import InputError
from refinegraph.schema import CallCase, Candidate, CaseOutcome, VisibleTest
from refinegraph.tools.localisation import program_suspects
from refinegraph.tools.sandbox import Sandbox, TraceLine
from refinegraph.tools.shrinking import shrink_failure
from refinegraph.tools.traces import trace_failure
from refinegraph.tools.value_slices import value_slice

EvidenceKind = Literal["verdict", "slice", "suspects", "smallest", "contrast"]
"""Verdict: the failing tests with what came instead. Slice: the lines that the wrong result came
from. Suspects: the lines that failing tests execute more often than passing ones. Smallest: a
smaller input that fails too. Contrast: what a program that passes does differently."""

EVIDENCE_KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

_SHORT_PROGRAM = 5
"""Lines up to which a slice leaves out too little to be worth a sandbox run."""
_SHORT_INPUT = 40
"""Characters of arguments that a reader takes in at once, so that nothing has to be shrunk."""
_REMEMBERED = 64
"""Candidates whose evidence is kept, since Reviewer and Refiner ask for it one after the other."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known about one candidate. `feedback.format_evidence` puts it into words."""

    candidate: Candidate
    kinds: frozenset[EvidenceKind] = frozenset(EVIDENCE_KINDS)
    """What of it is shown."""
    slice: tuple[TraceLine, ...] = ()
    """The visits of lines that the wrong result of the first failing test came from."""
    suspects: str = ""
    """The lines that failing tests execute and passing ones do not, in words."""
    smallest: CaseOutcome | None = None
    """A smaller input that fails too; `expected` is what another candidate returns, if any."""
    passing: Candidate | None = None
    """The most similar candidate that passes the first failing test."""


class gather_evidence:
    """Gather evidence about failing programs: no model call, a few sandbox runs a program.

    A slice costs one run, suspects one for each of up to twelve tests, and only where some pass, a
    smaller input up to sixteen, and only where the failing one is long.
    `kinds` are what is gathered and shown, so that a study can withhold any of them; `()` withholds
    everything that execution found out.

    >>> gather_evidence(kinds=("verdict", "slice"))
    gather_evidence(kinds=('verdict', 'slice'))
    """

    def __init__(
        self, sandbox: Sandbox | None = None, *, kinds: Collection[str] = EVIDENCE_KINDS
    ) -> None:
        unknown = [kind for kind in kinds if kind not in EVIDENCE_KINDS]
        if unknown:
            known = ", ".join(EVIDENCE_KINDS)
            raise InputError(f"unknown kind of evidence {unknown[0]!r}; expected {known}.")
        self._sandbox = sandbox or Sandbox()
        self._kinds: frozenset[EvidenceKind] = frozenset(
            kind for kind in EVIDENCE_KINDS if kind in kinds
        )
        self._known: OrderedDict[tuple[str, str | None], Evidence] = OrderedDict()

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"gather_evidence(kinds={tuple(k for k in EVIDENCE_KINDS if k in self._kinds)!r})"

    async def __call__(self, task: Task, candidate: Candidate) -> Evidence:
        """Return the evidence about one candidate of a task."""
        passing = passing_candidate(candidate, task.pool) if "contrast" in self._kinds else None
        key = (candidate.model_dump_json(), passing.id if passing else None)
        if key not in self._known:
            self._known[key] = await self._gather(task, candidate, passing)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]

    async def _gather(
        self, task: Task, candidate: Candidate, passing: Candidate | None
    ) -> Evidence:
        test = failing_test(candidate, task.tests)
        return Evidence(
            candidate=candidate,
            kinds=self._kinds,
            slice=await self._slice(task, candidate, test),
            suspects=await self._suspects(task, candidate),
            smallest=await self._smallest(task, candidate, test),
            passing=passing,
        )

    async def _slice(
        self, task: Task, candidate: Candidate, test: VisibleTest | None
    ) -> tuple[TraceLine, ...]:
        program = candidate.program
        if "slice" not in self._kinds or test is None or program is None:
            return ()
        if _is_short(program):
            return ()
        trace = await trace_failure(self._sandbox, program, test, task.problem)
        return value_slice(trace, program)

    async def _suspects(self, task: Task, candidate: Candidate) -> str:
        """Compare what failing and passing tests execute, where there are both."""
        verdict = candidate.verdict
        if "suspects" not in self._kinds or verdict is None or not verdict.passed_ids:
            return ""
        if _is_short(candidate.program):
            return ""
        return await program_suspects(self._sandbox)(task.problem, candidate, task.tests)

    async def _smallest(
        self, task: Task, candidate: Candidate, test: VisibleTest | None
    ) -> CaseOutcome | None:
        if "smallest" not in self._kinds or not isinstance(test, CallCase):
            return None
        if candidate.program is None or len(test.arguments) <= _SHORT_INPUT:
            return None
        passing = passing_candidate(candidate, task.pool)
        return await shrink_failure(
            self._sandbox,
            task.problem,
            candidate.program,
            test,
            passing=passing.program if passing else None,
        )


def _is_short(program: str | None) -> bool:
    return program is None or program.strip().count("\n") < _SHORT_PROGRAM


def failing_test(candidate: Candidate, tests: Sequence[VisibleTest]) -> VisibleTest | None:
    """Return the first visible test that a candidate fails."""
    failure = candidate.verdict.first_failure if candidate.verdict else None
    return next((test for test in tests if failure and test.id == failure.id), None)


def passing_candidate(candidate: Candidate, pool: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate most similar to one among those that pass its first failing test."""
    failure = candidate.verdict.first_failure if candidate.verdict else None
    program = candidate.program
    if failure is None or program is None:
        return None
    able = [
        other
        for other in pool
        if other.program and other.verdict and failure.id in other.verdict.passed_ids
    ]
    return max(able, key=lambda other: _likeness(program, other.program or ""), default=None)


def _likeness(left: str, right: str) -> float:
    return SequenceMatcher(None, left.split("\n"), right.split("\n"), autojunk=False).ratio()
