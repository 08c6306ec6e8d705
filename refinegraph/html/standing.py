"""How a candidate stands: what its node, its badge and its summary say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from refinegraph.schema import Candidate, RefinementResult, Review
from refinegraph.wording import was_executed

State = Literal["passed", "failed", "unverified", "unchecked"]
"""Passed or failed its tests; `unverified` if the tests could not run or no answer could be read;
`unchecked` if there was nothing to check it with."""

MARKS: dict[State, str] = {"passed": "✓", "failed": "✗", "unverified": "!", "unchecked": "·"}
"""One sign for each state, so that colour is not the only thing that tells them apart."""


@dataclass(frozen=True, eq=False)
class RunIndex:
    """A run with what the parts of its page look up for each candidate."""

    result: RefinementResult
    by_id: Mapping[str, Candidate]
    reviews: Mapping[str, tuple[Review, ...]]
    rejections: Mapping[str, str]
    """The reason for each refinement that did not replace its parent."""
    judged: Mapping[str, bool]
    """Whether the hidden tests accept a candidate, where an evaluation knows it."""
    path: frozenset[str]
    """The chosen candidate and those it was made from."""
    key: str
    """Prefix of every id in the page."""
    has_script: bool
    """Whether the page has the script that reads what is deferred."""

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
        """Say how a candidate stands: by its visible tests, else by the hidden ones if known."""
        verdict = candidate.verdict
        if verdict is not None and was_executed(candidate):
            return "passed" if verdict.passed else "failed"
        if verdict is not None:
            return "unverified"
        if candidate.id in self.judged and candidate.content:
            return "passed" if self.judged[candidate.id] else "failed"
        return "unchecked" if candidate.content or not candidate.complete else "unverified"

    def figure(self, candidate: Candidate) -> str:
        """Return what stands beside a candidate's id: the tests it passes, or its score."""
        verdict = candidate.verdict
        if verdict is not None and was_executed(candidate) and verdict.tests:
            return f"{len(verdict.passed_ids)}/{len(verdict.tests)}"
        return "" if candidate.score is None else f"{candidate.score:.2f}"

    def words(self, candidate: Candidate) -> str:
        """Say in words how a candidate came about and how it stands."""
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
        """Say what its tests found, and what the hidden ones did where that is known."""
        return ", ".join(filter(None, (_visible(candidate), self.hidden(candidate))))

    def hidden(self, candidate: Candidate) -> str:
        """Say what the hidden tests find; nothing where that is not known."""
        if candidate.id not in self.judged or not candidate.content:
            return ""
        return "right" if self.judged[candidate.id] else "wrong"


def origin_words(candidate: Candidate) -> str:
    """Say which operator made a candidate, and from what.

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
        tests = "test" if len(verdict.tests) == 1 else "tests"
        return f"passes {len(verdict.passed_ids)} of {len(verdict.tests)} {tests}"
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
