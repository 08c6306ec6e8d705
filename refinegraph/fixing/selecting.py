"""Select among patches that pass the same tests."""

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from refinegraph.fixing.drift import Drift
from refinegraph.schema import Candidate, Problem, Selection, SuspectLine
from refinegraph.tools.mutation.naturalness import Naturalness, tokens_of
from refinegraph.tools.patches import changed_lines


class Evidence(NamedTuple):
    """Additional evidence for a patch; a higher value is better in every field."""

    votes: int
    """The number of candidates with the same resulting syntax trees."""
    suspicion: float
    """The score of the most suspicious line that the patch changes."""
    naturalness: float
    """How much more typical of the project the new lines are than the old ones, in nats per
    token."""
    brevity: int
    """Minus the number of tokens that the patch changes."""
    drift: Drift = Drift(0.0, 0.0)
    """How far the patch moves the execution of tests, if it was measured."""

    @property
    def worth(self) -> float:
        """The log-odds that the patch is correct, up to a constant."""
        votes = _VOTE * math.log(self.votes)
        suspicion = math.log(max(self.suspicion, 0.01))
        text = _NATURAL * self.naturalness + _TOKEN * self.brevity
        return (
            votes + suspicion + text - _PASSING * self.drift.passing + _FAILING * self.drift.failing
        )


# Set by hand, not fitted: a second vote counts as much as twice the suspicion, and twenty changed
# tokens as much as almost a third of the suspicion.
_VOTE, _NATURAL, _TOKEN = 1.0, 0.5, 0.05
# Also set by hand: a tenth of what passing tests execute counts as much as e times the suspicion.
_PASSING, _FAILING = 10.0, 2.0
_MAX_MEASURED = 8
"""Patches whose drift is measured, the best by their other evidence: each costs a run of tests."""

DriftOf = Callable[[str], Awaitable[Drift]]
"""Measures the drift of a patch."""


class best_patch:
    """Select the patch with the best evidence.

    Patches are ranked by whether all visible tests pass, then by how many pass. Among equal
    patches, it prefers those that several candidates agree on, that change suspicious lines, that
    read like the rest of the project, that are small, and, if `drift` can measure it, that change
    what failing tests execute and leave passing tests on their paths. If patches differ, `drift`
    costs one recorded run of some tests for each of at most eight patches.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        suspects: Sequence[SuspectLine],
        *,
        drift: DriftOf | None = None,
    ) -> None:
        self.sources = sources
        self.drift = drift
        self.suspects = {(suspect.path, suspect.line): suspect.score for suspect in suspects}
        self._naturalness: Naturalness | None = None

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the selected patch and the reason."""
        usable = [candidate for candidate in candidates if candidate.program]
        if not usable:
            return Selection(candidate_id=None, reason="no candidate gave a usable patch")
        top_rank = max(map(_rank, usable))
        best = [candidate for candidate in usable if _rank(candidate) == top_rank]
        votes = Counter(candidate.equivalence_class for candidate in usable)
        classes = len({candidate.equivalence_class for candidate in best})
        if classes == 1:
            return Selection(candidate_id=best[0].id, reason=_reason(best[0], len(best), 1))
        evidence = {
            candidate.id: self.evidence(candidate, votes[candidate.equivalence_class])
            for candidate in best
        }
        if self.drift:
            evidence = await self._with_drift(best, evidence, self.drift)
        rest = [candidate for candidate in best if candidate.id in evidence]
        winner = min(
            rest, key=lambda candidate: (-evidence[candidate.id].worth, candidate.sort_key)
        )
        return Selection(
            candidate_id=winner.id, reason=_reason(winner, votes[winner.equivalence_class], classes)
        )

    def evidence(self, candidate: Candidate, votes: int) -> Evidence:
        """Return the additional evidence for a patch."""
        patch = candidate.program or ""
        changed = [(path, line) for path, lines in changed_lines(patch).items() for line in lines]
        removed, added = _changed(patch)
        before, after = self._surprise(removed), self._surprise(added)
        return Evidence(
            votes=votes,
            suspicion=max((self.suspects.get(line, 0.0) for line in changed), default=0.0),
            naturalness=before - after,
            brevity=-_changed_tokens(removed, added),
        )

    async def _with_drift(
        self, best: Sequence[Candidate], evidence: Mapping[str, Evidence], drift: DriftOf
    ) -> dict[str, Evidence]:
        """Add the drift of the best patches; patches that are not measured are left out."""
        ranked = sorted(best, key=lambda candidate: -evidence[candidate.id].worth)
        by_class = {candidate.equivalence_class: candidate for candidate in reversed(ranked)}
        measured = [candidate for candidate in ranked if candidate in by_class.values()]
        found = [
            (candidate, await drift(candidate.program or ""))
            for candidate in measured[:_MAX_MEASURED]
        ]
        return {
            candidate.id: evidence[candidate.id]._replace(drift=one) for candidate, one in found
        }

    def _surprise(self, lines: Sequence[str]) -> float:
        if self._naturalness is None:
            self._naturalness = Naturalness(self.sources.values())
        return self._naturalness.surprise("\n".join(line.strip() for line in lines))

    def __repr__(self) -> str:
        """Return the class name; the files are left out."""
        return "best_patch()"


def _rank(candidate: Candidate) -> tuple[bool, int]:
    verdict = candidate.verdict
    return bool(verdict and verdict.passed), len(verdict.passed_ids) if verdict else 0


def _reason(candidate: Candidate, votes: int, classes: int) -> str:
    verdict = candidate.verdict
    passed, count = (len(verdict.passed_ids), len(verdict.tests)) if verdict else (0, 0)
    tests = f"it passes {passed} of {count} visible tests"
    if classes == 1:
        return tests
    agreement = f", {votes} candidates agree on it" if votes > 1 else ""
    return f"{tests}; of {classes} such patches it has the best evidence{agreement}"


def _changed(patch: str) -> tuple[list[str], list[str]]:
    lines = [line for line in patch.splitlines() if line[:3] not in ("+++", "---")]
    removed = [line[1:] for line in lines if line.startswith("-")]
    return removed, [line[1:] for line in lines if line.startswith("+")]


def _changed_tokens(removed: Sequence[str], added: Sequence[str]) -> int:
    before, after = Counter(_tokens(removed)), Counter(_tokens(added))
    return sum(((before - after) + (after - before)).values())


def _tokens(lines: Sequence[str]) -> list[str]:
    return [token for line in lines for token in tokens_of(line.strip())]
