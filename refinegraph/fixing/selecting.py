"""Select among patches that pass the same tests."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Selection
from refinegraph.tools.mutation.naturalness import Naturalness, tokens_of


class Evidence(NamedTuple):
    """Additional evidence for a patch; a higher value is better in every field."""

    votes: int
    """The number of candidates with the same resulting syntax trees."""
    naturalness: float
    """How much more typical of the project the new lines are than the old ones, in nats per
    token; 0 if a patch only adds or only removes lines."""
    brevity: int
    """Minus the number of tokens that the patch changes."""

    @property
    def worth(self) -> tuple[int, float]:
        """The order of patches: more votes, then fewer tokens, each worth a nat of naturalness."""
        return self.votes, self.naturalness + self.brevity


class best_patch:
    """Select the patch with the best evidence.

    Patches are ranked by whether all visible tests pass, then by how many pass. Among equal
    patches, it prefers those that several candidates agree on, and then those that change few
    tokens and read like the rest of the project.

    Args:
        sources: The Python files of the checkout by path.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources
        self._naturalness: Naturalness | None = None

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
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
        most = max(one.worth for one in evidence.values())
        winner = min(
            (candidate for candidate in best if evidence[candidate.id].worth == most),
            key=lambda candidate: candidate.sort_key,
        )
        return Selection(
            candidate_id=winner.id, reason=_reason(winner, votes[winner.equivalence_class], classes)
        )

    def evidence(self, candidate: Candidate, votes: int) -> Evidence:
        """Return the additional evidence for a patch."""
        removed, added = _changed(candidate.program or "")
        natural = self._surprise(removed) - self._surprise(added) if removed and added else 0.0
        return Evidence(votes, natural, -_changed_tokens(removed, added))

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
