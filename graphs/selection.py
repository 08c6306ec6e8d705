"""Choose the answer: selectors from candidates to a winner and why.

A selector is any function from a problem and its candidates to a `Selection`, async or not.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Selection
from refinegraph.support.awaiting import MaybeAwaitable
from refinegraph.support.signatures import check_part
from refinegraph.tools.grouping import agreeing_groups, answer_groups
from refinegraph.wording import passed_words

Selector = Callable[[Problem, Sequence[Candidate]], MaybeAwaitable[Selection]]

_OTHER_ANSWERS = 4
"""Wrong answers that are taken for equally likely: from 2 to 9 the votes of four recorded models on
grade-school mathematics come out the same within 0.4 points, 0.2 above the best single model."""
_SUREST = 0.99
"""No voter is believed more, or less, than a hundred answers can show."""
_NOTHING = Selection(candidate_id=None, reason="no candidate gave a usable answer")


class best_of:
    """Take the candidate with the best evidence.

    Execution outranks every opinion: first comes whether all visible tests pass, then how many
    do, then the score, then the earliest asked for.
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the winner and what it won by."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        if not usable:
            return _NOTHING
        best = min(usable, key=_evidence)
        return Selection(candidate_id=best.id, reason=_why_best(best))

    def __repr__(self) -> str:
        """The call that makes it."""
        return "best_of()"


class majority_vote:
    """Take the answer that most candidates give (self-consistency, arXiv 2203.11171)."""

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best member of the largest group."""
        groups = answer_groups(problem, candidates)
        if not groups:
            return _NOTHING
        winner = min(groups[0], key=_evidence)
        count = sum(map(len, groups))
        return Selection(
            candidate_id=winner.id, reason=f"{len(groups[0])} of {count} candidates agree on it"
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return "majority_vote()"


class weighted_vote:
    """Take the answer with the largest sum of scores, as MAgICoRe does (arXiv 2409.12147).

    With `top`, only that many candidates vote, those with the best scores: the paper pools the
    samples with what was refined from them and keeps as many as were sampled.
    """

    def __init__(self, *, top: int | None = None) -> None:
        self.top = top

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best member of the group with most score; without scores, the majority's."""
        groups = answer_groups(problem, sorted(candidates, key=_evidence)[: self.top])
        if not groups:
            return _NOTHING
        winner = max(groups, key=_mass)
        best = min(winner, key=_evidence)
        reason = f"{len(winner)} candidates agree on it, with scores of {_mass(winner)[0]:.3g}"
        return Selection(candidate_id=best.id, reason=reason)

    def __repr__(self) -> str:
        """The call that makes it."""
        return "weighted_vote()" if self.top is None else f"weighted_vote(top={self.top})"


class prior_vote:
    """Take the answer that is likeliest, given how often each voter is right.

    A vote of a voter with accuracy p counts the logarithm of p / ((1 - p) / 4): five answers are
    taken for equally likely beforehand, so that a voter who is right one time in five counts
    nothing and one who is right less often counts against. The voter of a candidate is the name of
    its operator, so models of unequal strength are given operators of their own. A voter that is
    not named counts as the mean of those that are.

    >>> prior_vote({"small": 0.2, "large": 0.6})
    prior_vote({'small': 0.2, 'large': 0.6})
    """

    def __init__(self, accuracies: Mapping[str, float]) -> None:
        outside = {name: value for name, value in accuracies.items() if not 0 <= value <= 1}
        if outside or not accuracies:
            raise InputError(
                f"prior_vote needs the accuracy of at least one operator, in 0 to 1; got "
                f"{dict(accuracies)!r}."
            )
        self.accuracies = dict(accuracies)

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best member of the group with the most weight."""
        groups = answer_groups(problem, candidates)
        if not groups:
            return _NOTHING
        winner = max(groups, key=self._weight)
        best = min(winner, key=_evidence)
        voters = ", ".join(dict.fromkeys(member.operator for member in winner))
        reason = f"{len(winner)} candidates agree on it, by {voters}"
        return Selection(candidate_id=best.id, reason=reason)

    def _weight(self, group: Sequence[Candidate]) -> float:
        return sum(self._vote(member.operator) for member in group)

    def _vote(self, operator: str) -> float:
        mean = sum(self.accuracies.values()) / len(self.accuracies)
        right = min(_SUREST, max(1 - _SUREST, self.accuracies.get(operator, mean)))
        return math.log(right * _OTHER_ANSWERS / (1 - right))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"prior_vote({self.accuracies!r})"


class agreement:
    """Take a program from the group that agrees most on generated tests (arXiv 2207.10397).

    Programs that fail a visible test give way to those that pass more of them. A group returns the
    same on every generated test; its value is its number of distinct programs times the tests that
    it passes, where those that were written often count more. Without generated tests,
    fall back to `otherwise`, a majority vote unless given.
    """

    def __init__(self, *, otherwise: Selector | None = None) -> None:
        self.otherwise: Selector = otherwise or majority_vote()

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the first member of the best group and what the group agreed on."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        most = max((_passed(candidate) for candidate in usable), default=0)
        best_tested = [candidate for candidate in usable if _passed(candidate) == most]
        groups = agreeing_groups(best_tested)
        if not groups:
            return self.otherwise(problem, best_tested)
        best = groups[0]
        reason = f"{len(best.members)} programs agree on {len(best.tests)} generated tests"
        return Selection(candidate_id=best.members[0].id, reason=reason)

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"agreement(otherwise={self.otherwise!r})"


class latest:
    """Take the newest candidate among those that pass the most visible tests.

    Self-Refine (arXiv 2303.17651) returns the last refinement. Refinements that were rejected are
    not in the pool, and execution outranks age.
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the newest of the candidates with the most passed tests."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        if not usable:
            return _NOTHING
        newest = max(usable, key=lambda candidate: (_passed(candidate), candidate.order))
        if newest.verdict:
            return Selection(candidate_id=newest.id, reason=_why_best(newest))
        reason = "it is the last refinement" if newest.parents else "it is the only solution"
        return Selection(candidate_id=newest.id, reason=reason)

    def __repr__(self) -> str:
        """The call that makes it."""
        return "latest()"


class leaves:
    """Choose among the candidates that no other one was made from, as another selector does.

    In a tree of repairs these are the last versions, and each line of repair counts once.
    """

    def __init__(self, selector: Selector) -> None:
        check_part(selector, "a selector", "problem", "candidates")
        self.selector = selector

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return what the other selector chooses among the leaves."""
        inner = {parent for candidate in candidates for parent in candidate.parents}
        return self.selector(problem, [leaf for leaf in candidates if leaf.id not in inner])

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"leaves({self.selector!r})"


def _passed(candidate: Candidate) -> int:
    return len(candidate.verdict.passed_ids) if candidate.verdict else 0


def _evidence(candidate: Candidate) -> tuple[object, ...]:
    """Sort key: the strongest evidence first."""
    proved = bool(candidate.verdict and candidate.verdict.passed)
    score = candidate.score if candidate.score is not None else float("-inf")
    return (not proved, -_passed(candidate), -score, candidate.order)


def _why_best(candidate: Candidate) -> str:
    if candidate.verdict:
        return f"it {passed_words(_passed(candidate), len(candidate.verdict.tests))}"
    if candidate.score is not None:
        return f"its score of {candidate.score:.3g} is the best"
    return "it came first, and nothing could be checked"


def _mass(group: Sequence[Candidate]) -> tuple[float, int]:
    return sum(candidate.score or 0.0 for candidate in group), len(group)
