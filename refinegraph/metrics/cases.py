"""The situations that metrics count: refinements, scored candidates, pairs, steps."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, Review
from refinegraph.tools.step_scores import THRESHOLD

SURE = 0.5
"""A score from here on counts as a verifier's yes: the middle of scores that are probabilities."""


class Refinement(NamedTuple):
    """A candidate that was made from an earlier one."""

    run: RunLine
    parent: Candidate
    child: Candidate
    was_right: bool
    is_right: bool
    review: Review | None
    """The last review of the parent that was written before the child."""
    attempt: int
    """1 for a refinement of a first answer, 2 for a refinement of that, and so on."""


class ScoredCandidate(NamedTuple):
    """A judged candidate with the value that one scorer gave it."""

    candidate: Candidate
    value: float
    right: bool


class Reviewed(NamedTuple):
    """A judged candidate with one review of it."""

    run: RunLine
    candidate: Candidate
    review: Review
    right: bool


def whole(run: RunLine) -> list[Candidate]:
    """Return the complete candidates that were judged."""
    judged = run.judged
    return [
        candidate
        for candidate in run.result.candidates
        if candidate.complete and candidate.id in judged
    ]


def samples(run: RunLine) -> list[Candidate]:
    """Return the judged candidates that were made from no other."""
    return [candidate for candidate in whole(run) if not candidate.parents]


def refines(run: RunLine) -> bool:
    """Return whether any judged candidate was made from another one."""
    return any(candidate.parents for candidate in whole(run))


def refinements(runs: Iterable[RunLine]) -> Iterator[Refinement]:
    """Yield every judged candidate whose first parent is a judged candidate."""
    for run in runs:
        judged, by_id = run.judged, {candidate.id: candidate for candidate in whole(run)}
        for child in by_id.values():
            parent = by_id.get(child.parent_id or "")
            if parent:
                yield Refinement(
                    run,
                    parent,
                    child,
                    judged[parent.id],
                    judged[child.id],
                    _review_before(run, parent, child),
                    _depth(child, by_id),
                )


def reviewed(runs: Iterable[RunLine]) -> Iterator[Reviewed]:
    """Yield every review of a judged candidate."""
    for run in runs:
        judged, by_id = run.judged, {candidate.id: candidate for candidate in whole(run)}
        for review in run.result.reviews:
            candidate = by_id.get(review.candidate_id)
            if candidate:
                yield Reviewed(run, candidate, review, judged[candidate.id])


def author_of(run: RunLine, candidate: Candidate) -> str | None:
    """Return the name of the model that wrote a candidate, or None if it is unknown."""
    models = run.result.models
    return (models.refiner or models.solver) if candidate.parents else models.solver


def reviewer_of(run: RunLine) -> str | None:
    """Return the name of the reviewing model, which is the Solver's by default."""
    return run.result.models.reviewer or run.result.models.solver


def scorers(runs: Iterable[RunLine]) -> list[str]:
    """Return the names of the scorers that gave a value, in alphabetical order."""
    names = {
        score.scorer
        for run in runs
        for candidate in run.result.candidates
        for score in candidate.scores
        if score.value is not None
    }
    return sorted(names)


def value_by(candidate: Candidate, scorer: str) -> float | None:
    """Return the value that a scorer gave a candidate, or None if it gave none."""
    return next((score.value for score in candidate.scores if score.scorer == scorer), None)


def scored(run: RunLine, scorer: str) -> list[ScoredCandidate]:
    """Return the judged candidates that a scorer gave a value."""
    judged = run.judged
    pairs = ((candidate, value_by(candidate, scorer)) for candidate in whole(run))
    return [
        ScoredCandidate(each, value, judged[each.id]) for each, value in pairs if value is not None
    ]


def right_and_wrong(
    cases: Sequence[ScoredCandidate],
) -> Iterator[tuple[ScoredCandidate, ScoredCandidate]]:
    """Yield every pair of a right and a wrong candidate."""
    right = [case for case in cases if case.right]
    wrong = [case for case in cases if not case.right]
    return itertools.product(right, wrong)


def step_scores(candidate: Candidate) -> tuple[float, ...]:
    """Return the values of the first scorer that judged steps; empty if there is none."""
    return next((score.steps for score in candidate.scores if score.steps), ())


def is_flawed(steps: Sequence[float]) -> bool:
    """Return whether any step scores under the threshold that counts as wrong."""
    return any(value < THRESHOLD for value in steps)


def group_of(candidate: Candidate) -> str | None:
    """Return what candidates with the same answer share."""
    return candidate.equivalence_class or candidate.content


def vote(candidates: Sequence[Candidate]) -> tuple[Candidate, float] | None:
    """Return the first candidate of the largest group of answers, and the group's share."""
    answered = [candidate for candidate in candidates if candidate.content is not None]
    if not answered:
        return None
    sizes = Counter(map(group_of, answered))
    winner = max(answered, key=lambda candidate: sizes[group_of(candidate)])
    return winner, sizes[group_of(winner)] / len(answered)


def sample_accuracy(runs: Iterable[RunLine]) -> Mapping[str, float]:
    """Return the share of right samples of each problem: how easy it is for the model."""
    rights: dict[str, list[bool]] = {}
    for run in runs:
        judged = run.judged
        rights.setdefault(run.problem_id, []).extend(judged[sample.id] for sample in samples(run))
    return {problem: sum(values) / len(values) for problem, values in rights.items() if values}


def level(ease: float) -> str:
    """Return `easy` where at least half of the samples are right, else `hard`."""
    return "easy" if ease >= 0.5 else "hard"


def passes(candidate: Candidate) -> bool | None:
    """Return whether a candidate passes the visible tests, or None if none was run."""
    return candidate.verdict.passed if candidate.verdict and candidate.verdict.tests else None


def rounds_of(runs: Iterable[RunLine]) -> list[int]:
    """Return the rounds in which any judged candidate was made, in order."""
    return sorted({candidate.round for run in runs for candidate in whole(run)})


def before_and_after(runs: Sequence[RunLine]) -> list[tuple[bool, bool]]:
    """Return whether each run that refines was right before it refined, and at its end."""
    return [(right_until(run, 0), bool(run.correct)) for run in runs if refines(run)]


def right_until(run: RunLine, last: int) -> bool:
    """Return whether a run would have been right had it stopped after a round."""
    best = run.best_until(last)
    return bool(best and run.judged.get(best.id))


def _review_before(run: RunLine, parent: Candidate, child: Candidate) -> Review | None:
    earlier = [
        review
        for review in run.result.reviews
        if review.candidate_id == parent.id and review.round <= child.round
    ]
    return earlier[-1] if earlier else None


def _depth(candidate: Candidate, by_id: Mapping[str, Candidate]) -> int:
    depth, parent = 0, by_id.get(candidate.parent_id or "")
    while parent is not None and depth < len(by_id):
        depth, parent = depth + 1, by_id.get(parent.parent_id or "")
    return depth
