"""Group candidates that say the same thing."""

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.schema import EXECUTED_KINDS, Candidate, Problem, Verdict, VisibleTest
from refinegraph.tools.answers import answer_key
from refinegraph.tools.programs import program_fingerprint


class AgreeingGroup(NamedTuple):
    """Programs that do the same on all generated tests."""

    members: tuple[Candidate, ...]
    tests: frozenset[str]

    @property
    def value(self) -> float:
        """Number of distinct programs times the weight of the tests that they pass.

        CodeT (arXiv 2207.10397) scores a group like this, with every distinct test counted once.
        """
        distinct = {program_fingerprint(member.program or "") for member in self.members}
        return len(distinct) * max(self.members[0].generated_weight, len(self.tests))


def _weight(test: VisibleTest) -> float:
    """Return what a generated test counts: 1, and 1 more whenever it was written twice as often.

    A plain count would let the few tests that a model always writes decide alone: on recorded
    programs it chose one problem of 82 worse than no weight at all.
    """
    return math.log2(1 + test.weight)


def generated_results(verdict: Verdict, tests: Sequence[VisibleTest]) -> dict[str, object]:
    """Return the fields of a candidate that a run on generated tests decides."""
    passed = verdict.passed_ids
    shown = repr([(outcome.id, outcome.status, outcome.got) for outcome in verdict.tests])
    return {
        "generated_passed": tuple(sorted(passed)),
        "generated_weight": sum(_weight(test) for test in tests if test.id in passed),
        "behaviour": hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    }


def agreeing_groups(candidates: Sequence[Candidate]) -> list[AgreeingGroup]:
    """Group programs by what they did on generated tests, best group first.

    This is the consensus set of CodeT (arXiv 2207.10397), by what the programs returned rather than
    by which tests they passed: programs that are wrong in different ways do not support each other.
    Programs that were never run on generated tests are left out. Ties keep the order in which
    candidates were asked for.
    """
    groups: dict[object, list[Candidate]] = {}
    for candidate in sorted(candidates, key=_asked):
        if candidate.generated_passed is not None:
            key = candidate.behaviour or frozenset(candidate.generated_passed)
            groups.setdefault(key, []).append(candidate)
    found = [
        AgreeingGroup(tuple(members), frozenset(members[0].generated_passed or ()))
        for members in groups.values()
    ]
    return sorted(found, key=lambda group: -group.value)


def answer_groups(problem: Problem, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group candidates by their answer, largest group first; those without one are left out.

    Answers are the same when they are equal, however they are written. Programs are the same when
    every test, visible or generated, ended alike on them; where none was run, when they differ in
    nothing but comments and layout.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=_asked):
        key = _key(problem, candidate)
        if key is not None:
            groups.setdefault(key, []).append(candidate)
    return sorted(groups.values(), key=len, reverse=True)


def _asked(candidate: Candidate) -> tuple[int, ...]:
    return candidate.order


def _key(problem: Problem, candidate: Candidate) -> str | None:
    if problem.kind not in EXECUTED_KINDS:
        answer = candidate.answer
        if answer is None:
            return None
        return candidate.answer_class or answer_key(
            answer, kind=problem.kind, prompt=problem.prompt
        )
    if candidate.program is None:
        return None
    if candidate.verdict is None and candidate.generated_passed is None:
        return candidate.answer_class or program_fingerprint(candidate.program)
    proved = candidate.verdict.tests if candidate.verdict else ()
    ended = [f"{outcome.id}:{outcome.status}:{outcome.got}" for outcome in proved]
    return repr((ended, candidate.generated_passed))
