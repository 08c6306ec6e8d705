"""Choose among patches that pass the same tests."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from refinegraph.schema import Candidate, Problem, Selection, SuspectLine
from refinegraph.tools.mutation.naturalness import Naturalness, tokens_of
from refinegraph.tools.patches import changed_lines


class Evidence(NamedTuple):
    """What tells patches apart that pass the same tests; higher is better in each."""

    votes: int
    """How many candidates leave the same syntax trees behind."""
    suspicion: float
    """The score of the most suspicious line that it changes."""
    naturalness: float
    """By how much its lines are more usual for the project than those that they replace, in nats
    a token."""
    brevity: int
    """Minus the number of tokens that it changes."""

    @property
    def worth(self) -> float:
        """One number for all: the log-odds that a patch is the right one, up to a constant."""
        votes = _VOTE * math.log(self.votes)
        place = math.log(max(self.suspicion, 0.01))
        return votes + place + _NATURAL * self.naturalness + _TOKEN * self.brevity


# Set by hand, not fitted: a second vote weighs as much as a line twice as suspicious, and twenty
# changed tokens as much as a line almost three times less suspicious.
_VOTE, _NATURAL, _TOKEN = 1.0, 0.5, 0.05


class best_patch:
    """Take the patch with the best evidence.

    Execution outranks everything: first comes whether all visible tests pass, then how many do.
    Among equals, patches count that several candidates agree on, that change suspicious lines, that
    read like the rest of the project, and that are small.
    """

    def __init__(self, sources: Mapping[str, str], suspects: Sequence[SuspectLine]) -> None:
        self.sources = sources
        self.suspects = {(each.path, each.line): each.score for each in suspects}
        self._naturalness: Naturalness | None = None

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the winner and what it won by."""
        usable = [candidate for candidate in candidates if candidate.program]
        if not usable:
            return Selection(candidate_id=None, reason="no candidate gave a usable patch")
        most = max(map(_standing, usable))
        best = [candidate for candidate in usable if _standing(candidate) == most]
        votes = Counter(candidate.answer_class for candidate in usable)
        if len({candidate.answer_class for candidate in best}) == 1:
            return Selection(candidate_id=best[0].id, reason=_reason(best[0], len(best), 1))
        worth = {each.id: self.evidence(each, votes[each.answer_class]).worth for each in best}
        winner = min(best, key=lambda each: (-worth[each.id], each.order))
        classes = len({candidate.answer_class for candidate in best})
        return Selection(
            candidate_id=winner.id, reason=_reason(winner, votes[winner.answer_class], classes)
        )

    def evidence(self, candidate: Candidate, votes: int) -> Evidence:
        """Return what speaks for a patch beside its tests."""
        patch = candidate.program or ""
        places = [(path, line) for path, lines in changed_lines(patch).items() for line in lines]
        removed, added = _changed(patch)
        before, after = self._surprise(removed), self._surprise(added)
        return Evidence(
            votes=votes,
            suspicion=max((self.suspects.get(place, 0.0) for place in places), default=0.0),
            naturalness=before - after,
            brevity=-_changed_tokens(removed, added),
        )

    def _surprise(self, lines: Sequence[str]) -> float:
        if self._naturalness is None:
            self._naturalness = Naturalness(self.sources.values())
        return self._naturalness.surprise("\n".join(line.strip() for line in lines))

    def __repr__(self) -> str:
        """The call that makes it, without the files."""
        return "best_patch()"


def _standing(candidate: Candidate) -> tuple[bool, int]:
    verdict = candidate.verdict
    return bool(verdict and verdict.passed), len(verdict.passed_ids) if verdict else 0


def _reason(candidate: Candidate, votes: int, classes: int) -> str:
    verdict = candidate.verdict
    passed, count = (len(verdict.passed_ids), len(verdict.tests)) if verdict else (0, 0)
    tests = f"it passes {passed} of {count} visible tests"
    if classes == 1:
        return tests
    agreed = f", {votes} candidates agree on it" if votes > 1 else ""
    return f"{tests}; of {classes} such patches it has the best evidence{agreed}"


def _changed(patch: str) -> tuple[list[str], list[str]]:
    lines = [line for line in patch.splitlines() if line[:3] not in ("+++", "---")]
    removed = [line[1:] for line in lines if line.startswith("-")]
    return removed, [line[1:] for line in lines if line.startswith("+")]


def _changed_tokens(removed: Sequence[str], added: Sequence[str]) -> int:
    before, after = Counter(_tokens(removed)), Counter(_tokens(added))
    return sum(((before - after) + (after - before)).values())


def _tokens(lines: Sequence[str]) -> list[str]:
    return [token for line in lines for token in tokens_of(line.strip())]
