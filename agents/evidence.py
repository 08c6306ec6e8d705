"""Evidence about a failed candidate, gathered before a model reviews it."""

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
"""A kind of evidence.

- verdict: the failing tests with their actual results;
- slice: the lines that produced the wrong result;
- suspects: the lines that failing tests execute more often than passing ones;
- smallest: a smaller input that also fails;
- contrast: how a passing program differs."""

EVIDENCE_KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

_SHORT_PROGRAM = 5
"""Programs of fewer lines are not sliced: the slice would omit too little to be worth a sandbox
run."""
_SHORT_INPUT = 40
"""Arguments of at most this many characters are easy to read and therefore not shrunk."""
_REMEMBERED = 64
"""Cache size in candidates; the Reviewer and the Refiner ask for the same evidence in turn."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Evidence about one candidate, rendered as text by `feedback.format_evidence`."""

    candidate: Candidate
    kinds: frozenset[EvidenceKind] = frozenset(EVIDENCE_KINDS)
    """The kinds that are shown."""
    slice: tuple[TraceLine, ...] = ()
    """The visits of lines that produced the wrong result of the first failing test."""
    suspects: str = ""
    """The lines that failing tests execute and passing ones do not, as text."""
    smallest: CaseOutcome | None = None
    """A smaller input that also fails; `expected` is what another candidate returns, if any."""
    passing: Candidate | None = None
    """The most similar candidate that passes the first failing test."""


class gather_evidence:
    """Gather evidence about failing programs without model calls, in a few sandbox runs each.

    A slice costs one run. Suspects cost one run for each of up to twelve tests, and are computed
    only if some tests pass. A smaller input costs up to sixteen runs, and is sought only if the
    failing one is long. `kinds` selects what is gathered and shown, so that a study can withhold
    any of it; `()` withholds everything that execution revealed.

    >>> gather_evidence(kinds=("verdict", "slice"))
    gather_evidence(kinds=('verdict', 'slice'))
    """

    def __init__(
        self, sandbox: Sandbox | None = None, *, kinds: Collection[str] = EVIDENCE_KINDS
    ) -> None:
        unknown = [kind for kind in kinds if kind not in EVIDENCE_KINDS]
        if unknown:
            expected = ", ".join(EVIDENCE_KINDS)
            raise InputError(f"unknown kind of evidence {unknown[0]!r}; expected {expected}.")
        self._sandbox = sandbox or Sandbox()
        self._kinds: frozenset[EvidenceKind] = frozenset(
            kind for kind in EVIDENCE_KINDS if kind in kinds
        )
        self._cache: OrderedDict[tuple[str, str | None], Evidence] = OrderedDict()

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"gather_evidence(kinds={tuple(k for k in EVIDENCE_KINDS if k in self._kinds)!r})"

    async def __call__(self, task: Task, candidate: Candidate) -> Evidence:
        """Return the evidence about one candidate of a task."""
        passing = passing_candidate(candidate, task.pool) if "contrast" in self._kinds else None
        key = (candidate.model_dump_json(), passing.id if passing else None)
        if key not in self._cache:
            self._cache[key] = await self._gather(task, candidate, passing)
            while len(self._cache) > _REMEMBERED:
                self._cache.popitem(last=False)
        return self._cache[key]

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
        """Compare the lines that failing and passing tests execute, if there are both."""
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
    """Return the candidate most similar to `candidate` that passes its first failing test."""
    failure = candidate.verdict.first_failure if candidate.verdict else None
    program = candidate.program
    if failure is None or program is None:
        return None
    passing = [
        other
        for other in pool
        if other.program and other.verdict and failure.id in other.verdict.passed_ids
    ]
    return max(passing, key=lambda other: _similarity(program, other.program or ""), default=None)


def _similarity(left: str, right: str) -> float:
    return SequenceMatcher(None, left.split("\n"), right.split("\n"), autojunk=False).ratio()
