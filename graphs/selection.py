"""Selectors: choose the answer among the candidates, with a reason.

A selector is any function from a problem and its candidates to a `Selection`, async or not.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Selection
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.support.signatures import check_part
from refinegraph.tools.grouping import agreeing_groups, answer_groups
from refinegraph.wording import plural, verdict_words

Selector = Callable[[Problem, Sequence[Candidate]], MaybeAwaitable[Selection]]

_OTHER_ANSWERS = 4
"""Number of wrong answers assumed equally likely. From 2 to 9, the votes of four recorded models on
grade-school mathematics vary by at most 0.4 points, and beat the best single model by 0.2."""
_SUREST = 0.99
"""Accuracies are limited to 1% and 99%, because a hundred answers cannot show more."""
_NOTHING = Selection(candidate_id=None, reason="no candidate gave a usable answer")


class best_of:
    """Take the candidate with the best evidence.

    Candidates are ordered by whether they pass all visible tests, then by the number of passed
    tests, then by score, then by the order of their requests: execution outranks every opinion.
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best candidate and the evidence for it."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        if not usable:
            return _NOTHING
        best = min(usable, key=_evidence)
        return Selection(candidate_id=best.id, reason=_why_best(best))

    def __repr__(self) -> str:
        """Return the constructor call."""
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
        """Return the constructor call."""
        return "majority_vote()"


class weighted_vote:
    """Take the answer with the largest sum of scores, as MAgICoRe does (arXiv 2409.12147).

    With `top`, only the candidates with the best scores vote: the paper pools the samples with
    their refinements and keeps as many candidates as were sampled.
    """

    def __init__(self, *, top: int | None = None) -> None:
        self.top = top

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best member of the group with the highest total score."""
        groups = answer_groups(problem, sorted(candidates, key=_evidence)[: self.top])
        if not groups:
            return _NOTHING
        winner = max(groups, key=_mass)
        best = min(winner, key=_evidence)
        reason = f"{_agreeing(winner)} on it, with a total score of {_mass(winner)[0]:.3g}"
        return Selection(candidate_id=best.id, reason=reason)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "weighted_vote()" if self.top is None else f"weighted_vote(top={self.top})"


class prior_vote:
    """Take the most likely answer, given how often each voter is right.

    The vote of a voter with accuracy p has the weight log(p / ((1 - p) / 4)). This assumes one
    right and four wrong answers that are equally likely, so that a voter with an accuracy of one
    fifth has no weight and a worse one a negative weight. A candidate's voter is its operator;
    give models of different strength separate operators. An operator that is not named has the
    mean accuracy of those that are.

    >>> prior_vote({"small": 0.2, "large": 0.6})
    prior_vote({'small': 0.2, 'large': 0.6})
    """

    def __init__(self, accuracies: Mapping[str, float]) -> None:
        outside = {name: value for name, value in accuracies.items() if not 0 <= value <= 1}
        if outside or not accuracies:
            raise InputError(
                "prior_vote needs the accuracy, from 0 to 1, of at least one operator; got "
                f"{dict(accuracies)!r}."
            )
        self.accuracies = dict(accuracies)

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the best member of the group with the highest weight."""
        groups = answer_groups(problem, candidates)
        if not groups:
            return _NOTHING
        winner = max(groups, key=self._weight)
        best = min(winner, key=_evidence)
        voters = ", ".join(dict.fromkeys(member.operator for member in winner))
        reason = f"{_agreeing(winner)} on it, by {voters}"
        return Selection(candidate_id=best.id, reason=reason)

    def _weight(self, group: Sequence[Candidate]) -> float:
        return sum(self._vote(member.operator) for member in group)

    def _vote(self, operator: str) -> float:
        mean = sum(self.accuracies.values()) / len(self.accuracies)
        accuracy = min(_SUREST, max(1 - _SUREST, self.accuracies.get(operator, mean)))
        return math.log(accuracy * _OTHER_ANSWERS / (1 - accuracy))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"prior_vote({self.accuracies!r})"


class agreement:
    """Take a program from the group that agrees most on generated tests (arXiv 2207.10397).

    Only programs that pass the most visible tests are considered. The members of a group give the
    same results on all generated tests. The value of a group is its number of distinct programs
    times the number of tests that it passes, where tests that were written repeatedly count more.
    Without generated tests, the selector `otherwise` is used, by default a majority vote.
    """

    def __init__(self, *, otherwise: Selector | None = None) -> None:
        self.otherwise: Selector = otherwise or majority_vote()

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the first member of the best group and the number of its tests."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        most_passed = max((_passed(candidate) for candidate in usable), default=0)
        best_tested = [candidate for candidate in usable if _passed(candidate) == most_passed]
        groups = agreeing_groups(best_tested)
        if not groups:
            return self.otherwise(problem, best_tested)
        best = groups[0]
        tests = plural(len(best.tests), "generated test")
        alone = len(best.members) == 1
        reason = f"it passes {tests}" if alone else f"{len(best.members)} programs agree on {tests}"
        return Selection(candidate_id=best.members[0].id, reason=reason)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"agreement(otherwise={self.otherwise!r})"


class best_scored:
    """Take the candidate with the highest score among those that pass the most visible tests.

    Execution outranks the score, and the score outranks votes and generated tests. If several
    candidates have the highest score, or none has a score, the selector `otherwise` chooses among
    them, by default a majority vote.
    """

    def __init__(self, *, otherwise: Selector | None = None) -> None:
        self.otherwise: Selector = otherwise or majority_vote()

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the candidate with the highest score, or the choice among those that share it."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        if not usable:
            return _NOTHING
        most_passed = max(map(_proof, usable))
        best_tested = [candidate for candidate in usable if _proof(candidate) == most_passed]
        scores = [candidate.score for candidate in best_tested if candidate.score is not None]
        score = max(scores, default=None)
        best = [candidate for candidate in best_tested if candidate.score == score]
        if len(best) == 1:
            return Selection(candidate_id=best[0].id, reason=_why_best_scored(best[0]))
        choice = await settle(self.otherwise(problem, best))
        if score is None:
            return choice
        reason = f"{len(best)} candidates share the highest score ({score:.3g}); of these, "
        return choice.model_copy(update={"reason": reason + choice.reason})

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"best_scored(otherwise={self.otherwise!r})"


class latest:
    """Take the newest candidate among those that pass the most visible tests.

    Self-Refine (arXiv 2303.17651) returns the last refinement. Rejected refinements are not in the
    pool, and execution outranks age.
    """

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Selection:
        """Return the newest of the candidates that pass the most visible tests."""
        usable = [candidate for candidate in candidates if candidate.content is not None]
        if not usable:
            return _NOTHING
        newest = max(usable, key=lambda candidate: (_passed(candidate), candidate.sort_key))
        if newest.verdict:
            return Selection(candidate_id=newest.id, reason=_why_best(newest))
        reason = "it is the last refinement" if newest.parents else "it is the only solution"
        return Selection(candidate_id=newest.id, reason=reason)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "latest()"


class leaves:
    """Apply another selector to the candidates that have no children.

    In a tree of repairs, these are the final versions, so each line of repair counts once.
    """

    def __init__(self, selector: Selector) -> None:
        check_part(selector, "a selector", "problem", "candidates")
        self.selector = selector

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the other selector's choice among the leaves."""
        inner = {parent for candidate in candidates for parent in candidate.parents}
        return self.selector(problem, [leaf for leaf in candidates if leaf.id not in inner])

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"leaves({self.selector!r})"


class passing:
    """Apply another selector to the candidates that pass all visible tests, if there are any.

    A vote or a judge must not prefer a program that its tests refute to one that passes them.
    """

    def __init__(self, selector: Selector) -> None:
        check_part(selector, "a selector", "problem", "candidates")
        self.selector = selector

    def __call__(
        self, problem: Problem, candidates: Sequence[Candidate]
    ) -> MaybeAwaitable[Selection]:
        """Return the other selector's choice among the candidates that pass, or among all."""
        proved = [each for each in candidates if each.verdict and each.verdict.passed]
        return self.selector(problem, proved or candidates)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"passing({self.selector!r})"


def _agreeing(group: Sequence[Candidate]) -> str:
    return "1 candidate agrees" if len(group) == 1 else f"{len(group)} candidates agree"


def _passed(candidate: Candidate) -> int:
    return len(candidate.verdict.passed_ids) if candidate.verdict else 0


def _proof(candidate: Candidate) -> tuple[bool, int]:
    """Return whether a candidate passes all visible tests, and how many it passes."""
    return bool(candidate.verdict and candidate.verdict.passed), _passed(candidate)


def _evidence(candidate: Candidate) -> tuple[object, ...]:
    """Sort key: the strongest evidence first."""
    proved, passed = _proof(candidate)
    score = candidate.score if candidate.score is not None else float("-inf")
    return (not proved, -passed, -score, candidate.sort_key)


def _why_best(candidate: Candidate) -> str:
    if candidate.verdict:
        return f"it {verdict_words(candidate.verdict)}"
    if candidate.score is not None:
        return f"it has the highest score ({candidate.score:.3g})"
    return "it is the first candidate; nothing could be checked"


def _why_best_scored(candidate: Candidate) -> str:
    if candidate.verdict is None or candidate.score is None:
        return _why_best(candidate)
    return (
        f"it {verdict_words(candidate.verdict)}, and has the highest score ({candidate.score:.3g})"
    )


def _mass(group: Sequence[Candidate]) -> tuple[float, int]:
    return sum(candidate.score or 0.0 for candidate in group), len(group)
