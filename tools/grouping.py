"""Group candidates that agree: equal answers, or programs that behave alike."""

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.schema import EXECUTED_KINDS, Candidate, Problem, Verdict, VisibleTest
from refinegraph.tools.answers import answer_key
from refinegraph.tools.programs import program_fingerprint


class AgreeingGroup(NamedTuple):
    """Programs that behave alike on all generated tests."""

    members: tuple[Candidate, ...]
    tests: frozenset[str]

    @property
    def value(self) -> float:
        """The number of distinct programs times the weight of the tests that they pass.

        This is the score of CodeT (arXiv 2207.10397), which counts every distinct test once.
        """
        distinct = {program_fingerprint(member.program or "") for member in self.members}
        return len(distinct) * max(self.members[0].generated_weight, len(self.tests))


def _weight(test: VisibleTest) -> float:
    """Return the weight of a generated test: 1, plus 1 for every doubling of its repetitions.

    A linear count lets the few tests that a model always writes decide alone: on recorded
    programs it chose a worse program for one problem of 82 than equal weights did.
    """
    return math.log2(1 + test.weight)


def generated_results(verdict: Verdict, tests: Sequence[VisibleTest]) -> dict[str, object]:
    """Return the fields of a candidate that follow from its run on generated tests."""
    passed = verdict.passed_ids
    shown = repr([(outcome.id, outcome.status, outcome.got) for outcome in verdict.tests])
    return {
        "generated_passed": tuple(sorted(passed)),
        "generated_weight": sum(_weight(test) for test in tests if test.id in passed),
        "behaviour": hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    }


def agreeing_groups(candidates: Sequence[Candidate]) -> list[AgreeingGroup]:
    """Group programs by what they did on generated tests, best group first.

    These are the consensus sets of CodeT (arXiv 2207.10397), formed by what programs returned
    rather than by which tests they passed: programs that are wrong in different ways do not support
    each other. Programs that were never run on generated tests are left out. Ties keep the order in
    which candidates were requested.
    """
    groups: dict[object, list[Candidate]] = {}
    for candidate in sorted(candidates, key=_order):
        if candidate.generated_passed is not None:
            key = candidate.behaviour or frozenset(candidate.generated_passed)
            groups.setdefault(key, []).append(candidate)
    agreeing = [
        AgreeingGroup(tuple(members), frozenset(members[0].generated_passed or ()))
        for members in groups.values()
    ]
    return sorted(agreeing, key=lambda group: -group.value)


def answer_groups(problem: Problem, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Group candidates by their answer, largest group first, leaving out those without an answer.

    Answers agree when they are equal, however they are written. Programs agree when every visible
    and generated test ended alike on them, or, if no test was run, when they differ only in
    comments and layout.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=_order):
        key = _key(problem, candidate)
        if key is not None:
            groups.setdefault(key, []).append(candidate)
    return sorted(groups.values(), key=len, reverse=True)


def _order(candidate: Candidate) -> tuple[int, ...]:
    return candidate.sort_key


def _key(problem: Problem, candidate: Candidate) -> str | None:
    if problem.kind not in EXECUTED_KINDS:
        answer = candidate.answer
        if answer is None:
            return None
        return candidate.equivalence_class or answer_key(
            answer, kind=problem.kind, prompt=problem.prompt
        )
    if candidate.program is None:
        return None
    outcomes = candidate.verdict.tests if candidate.verdict else ()
    if not outcomes and candidate.generated_passed is None:
        return candidate.equivalence_class or program_fingerprint(candidate.program)
    results = [f"{outcome.id}:{outcome.status}:{outcome.got}" for outcome in outcomes]
    return repr((results, candidate.generated_passed))
