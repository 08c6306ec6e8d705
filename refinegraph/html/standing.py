"""The state of a candidate, as its node, its badge and its summary show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from refinegraph.schema import Candidate, RefinementResult, Review
from refinegraph.wording import was_executed

State = Literal["passed", "failed", "unverified", "unchecked"]
"""Passed or failed its tests; `unverified` if the tests could not run or no answer could be read;
`unchecked` if there was nothing to check it with."""

MARKS: dict[State, str] = {"passed": "✓", "failed": "✗", "unverified": "!", "unchecked": "·"}
"""One symbol for each state, so that states do not differ only in colour."""


@dataclass(frozen=True, eq=False)
class RunIndex:
    """A run with lookup tables for the parts of its page."""

    result: RefinementResult
    by_id: Mapping[str, Candidate]
    reviews: Mapping[str, tuple[Review, ...]]
    rejections: Mapping[str, str]
    """The reason for each refinement that did not replace its parent."""
    judged: Mapping[str, bool]
    """Whether the hidden tests accept a candidate, if an evaluation knows it."""
    path: frozenset[str]
    """The chosen candidate and its ancestors."""
    key: str
    """The prefix of all ids in the page."""
    has_script: bool
    """Whether the page has the script that reads deferred parts."""

    @classmethod
    def of(
        cls,
        result: RefinementResult,
        *,
        judged: Mapping[str, bool] | None = None,
        key: str = "",
        has_script: bool = True,
    ) -> "RunIndex":
        """Index a run."""
        reviews: dict[str, tuple[Review, ...]] = {}
        for review in result.reviews:
            reviews[review.candidate_id] = (*reviews.get(review.candidate_id, ()), review)
        by_id = {candidate.id: candidate for candidate in result.candidates}
        return cls(
            result=result,
            by_id=by_id,
            reviews=reviews,
            rejections={lost.candidate_id: lost.reason for lost in result.rejected},
            judged=judged or {},
            path=frozenset(_lineage(by_id, result.selection.candidate_id)),
            key=key,
            has_script=has_script,
        )

    def anchor(self, id: str) -> str:
        """Return the id that the candidate has in the page."""
        return f"{self.key}c-{id}"

    def parent(self, candidate: Candidate) -> Candidate | None:
        """Return the candidate that this one was made from, if the run still holds it."""
        return self.by_id.get(candidate.parent_id or "")

    def is_chosen(self, candidate: Candidate) -> bool:
        """Whether the answer of the run is this candidate's."""
        return candidate.id == self.result.selection.candidate_id

    def state(self, candidate: Candidate) -> State:
        """Return the state of a candidate by its visible tests, else by the known hidden ones."""
        verdict = candidate.verdict
        if verdict is not None and was_executed(candidate):
            return "passed" if verdict.passed else "failed"
        if verdict is not None:
            return "unverified"
        if candidate.id in self.judged and candidate.content:
            return "passed" if self.judged[candidate.id] else "failed"
        return "unchecked" if candidate.content or not candidate.complete else "unverified"

    def figure(self, candidate: Candidate) -> str:
        """Return the text next to a candidate's id: the tests that it passes, or its score."""
        verdict = candidate.verdict
        if verdict is not None and was_executed(candidate) and verdict.tests:
            return f"{len(verdict.passed_ids)}/{len(verdict.tests)}"
        return "" if candidate.score is None else f"{candidate.score:.2f}"

    def words(self, candidate: Candidate) -> str:
        """Describe the origin and the state of a candidate in words."""
        return " · ".join(
            filter(
                None,
                (
                    origin_words(candidate),
                    self.outcome(candidate),
                    "rejected" if candidate.id in self.rejections else "",
                    "chosen" if self.is_chosen(candidate) else "",
                ),
            )
        )

    def outcome(self, candidate: Candidate) -> str:
        """Describe the results of its tests, and those of the hidden ones if known."""
        return ", ".join(filter(None, (_visible(candidate), self.hidden(candidate))))

    def hidden(self, candidate: Candidate) -> str:
        """Describe the results of the hidden tests; empty if they are not known."""
        if candidate.id not in self.judged or not candidate.content:
            return ""
        return "right" if self.judged[candidate.id] else "wrong"


def origin_words(candidate: Candidate) -> str:
    """Name the operator that created a candidate, and its parents.

    >>> origin_words(Candidate(id="1.0", operator="repair", parents=("0.0",), text=""))
    'repair of 0.0'
    """
    if not candidate.parents:
        return candidate.operator
    return f"{candidate.operator} of {', '.join(candidate.parents)}"


def _visible(candidate: Candidate) -> str:
    verdict = candidate.verdict
    if verdict is not None and not was_executed(candidate):
        return "not run"
    if verdict is not None and verdict.tests:
        passed, count = len(verdict.passed_ids), len(verdict.tests)
        if count == 1:
            return "passes its test" if passed else "fails its test"
        return f"passes {passed} of {count} tests"
    if verdict is not None:
        return "passes" if verdict.passed else verdict.status.replace("_", " ")
    if not candidate.complete:
        return "unfinished"
    return "" if candidate.content else "no answer"


def _lineage(by_id: Mapping[str, Candidate], id: str | None) -> list[str]:
    path: list[str] = []
    while id is not None and id in by_id and id not in path:
        path.append(id)
        id = by_id[id].parent_id
    return path
