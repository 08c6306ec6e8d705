"""Metrics of scorers and Reviewers as verifiers: how far their word can be trusted."""

import difflib
from collections.abc import Iterator, Sequence
from itertools import combinations

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import (
    SURE,
    ScoredCandidate,
    level,
    passes,
    reviewed,
    right_and_wrong,
    sample_accuracy,
    scored,
    scorers,
    whole,
)
from refinegraph.metrics.correlations import cohen_kappa
from refinegraph.metrics.metric import Figure, mean, metric, number, share


@metric(
    "generation-verification-gap",
    "verifiers",
    "difference",
    "Mind the Gap (arXiv 2412.02674)",
    needs=("scores", "samples"),
)
def generation_verification_gap(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Accuracy of the sample that a scorer ranks first, less the mean accuracy of the samples.

    For each scorer, over the problems of which it scored two samples at least.
    """
    for scorer in scorers(runs):
        gaps: list[float] = []
        for run in runs:
            cases = _first_samples(run, scorer)
            if len(cases) > 1:
                average = sum(case.right for case in cases) / len(cases)
                gaps.append(float(_best(cases).right) - average)
        yield from mean(gaps, scorer)


def _first_samples(run: RunLine, scorer: str) -> list[ScoredCandidate]:
    return [case for case in scored(run, scorer) if not case.candidate.parents]


def _best(cases: Sequence[ScoredCandidate]) -> ScoredCandidate:
    return max(cases, key=lambda case: case.value)


@metric(
    "scorer-roles", "verifiers", "share", "MPBench (arXiv 2503.12505)", needs=("scores", "samples")
)
def scorer_roles(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """One scorer in its roles on the same data: choosing among answers, and guiding a search.

    `choice` is the share of problems with right and wrong samples for which the first-ranked sample
    is right. `guidance` is the share of pairs of unfinished siblings in which it prefers the one
    with more right finished descendants. The third role, step correctness, needs labelled steps.
    """
    for scorer in scorers(runs):
        mixed = [
            cases
            for run in runs
            if (cases := _first_samples(run, scorer))
            and 0 < sum(c.right for c in cases) < len(cases)
        ]
        yield from share((_best(cases).right for cases in mixed), f"{scorer} choice")
        yield from share(
            (pair for run in runs for pair in _guided(run, scorer)), f"{scorer} guidance"
        )


def _guided(run: RunLine, scorer: str) -> Iterator[bool]:
    """Yield whether the better of two unfinished siblings has the higher score."""
    values = {
        candidate.id: score.value
        for candidate in run.result.candidates
        if not candidate.complete
        for score in candidate.scores
        if score.scorer == scorer and score.value is not None
    }
    outcome = {id: _descendants_right(run, id) for id in values}
    parents = {candidate.id: candidate.parents for candidate in run.result.candidates}
    for first, second in combinations(values, 2):
        one, other = outcome[first], outcome[second]
        if one is None or other is None or one == other or parents[first] != parents[second]:
            continue
        yield (values[first] > values[second]) == (one > other)


def _descendants_right(run: RunLine, id: str) -> float | None:
    """Return the share of right ones among the complete descendants of a candidate."""
    children: dict[str, list[str]] = {}
    for candidate in run.result.candidates:
        for parent in candidate.parents:
            children.setdefault(parent, []).append(candidate.id)
    judged = {candidate.id: run.judged[candidate.id] for candidate in whole(run)}
    waiting, seen, ends = [id], {id}, list[bool]()
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
                ends += [judged[child]] if child in judged else []
    return sum(ends) / len(ends) if ends else None


@metric(
    "pairwise-accuracy",
    "verifiers",
    "share",
    "RewardBench (arXiv 2403.13787)",
    needs=("scores",),
)
def pairwise_accuracy(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the pairs of a right and a wrong candidate of one problem, the share scored in order.

    For each scorer and each kind of problem; a tie counts as out of order.
    """
    for scorer in scorers(runs):
        pairs = [
            (run.kind, right.value > wrong.value)
            for run in runs
            for right, wrong in right_and_wrong(scored(run, scorer))
        ]
        yield from share((ordered for _, ordered in pairs), scorer)
        kinds = dict.fromkeys(kind for kind, _ in pairs)
        for kind in kinds if len(kinds) > 1 else ():
            yield from share((ok for outcome, ok in pairs if outcome == kind), f"{scorer} {kind}")


@metric("style-control", "verifiers", "share", "RM-Bench (arXiv 2410.16184)", needs=("scores",))
def style_control(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Pairwise accuracy where length speaks for the right candidate, against it, or for neither.

    `easy`: the right text is over a fifth longer. `hard`: the wrong one is. `normal`: neither.
    `subtle`: pairs that differ in at most a tenth of their words. RM-Bench varies length and
    markdown on purpose; here texts are taken as they were written.
    """
    for scorer in scorers(runs):
        pairs = [
            (right, wrong, right.value > wrong.value)
            for run in runs
            for right, wrong in right_and_wrong(scored(run, scorer))
        ]
        for style in ("easy", "normal", "hard"):
            chosen = (ok for right, wrong, ok in pairs if _style(right, wrong) == style)
            yield from share(chosen, f"{scorer} {style}")
        subtle = (ok for right, wrong, ok in pairs if _differs_little(right, wrong))
        yield from share(subtle, f"{scorer} subtle")


# A fifth: shorter differences are within what two writings of one solution differ by.
_LONGER = 1.2
# One word in ten: a changed number or sign in a solution of a few lines.
_ALIKE = 0.9


def _differs_little(right: ScoredCandidate, wrong: ScoredCandidate) -> bool:
    one, other = right.candidate.text.split(), wrong.candidate.text.split()
    matcher = difflib.SequenceMatcher(None, one, other)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _style(right: ScoredCandidate, wrong: ScoredCandidate) -> str:
    one, other = len(right.candidate.text), len(wrong.candidate.text)
    if one > _LONGER * other:
        return "easy"
    return "hard" if other > _LONGER * one else "normal"


@metric(
    "verifier-precision",
    "verifiers",
    "share",
    "Is PRM Necessary? (arXiv 2505.11227)",
    needs=("scores",),
)
def verifier_precision(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the candidates that a scorer gives 0.5 or more, the share right, by difficulty.

    Easy are the problems at least half of whose first samples are right.
    """
    ease = sample_accuracy(runs)
    for scorer in scorers(runs):
        for part in ("easy", "hard"):
            yield from share(
                (
                    case.right
                    for run in runs
                    if run.problem_id in ease and level(ease[run.problem_id]) == part
                    for case in scored(run, scorer)
                    if case.value >= SURE
                ),
                f"{scorer} {part}",
            )


@metric(
    "false-positive-rate",
    "verifiers",
    "share",
    "Self-critiquing plans (arXiv 2310.08118)",
    needs=("reviews",),
)
def false_positive_rate(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the wrong candidates that were reviewed, the share approved.

    The label is the sound verifier. `scorer ...` is the same for a scorer that gives 0.5 or more.
    """
    yield from share(case.review.approves for case in reviewed(runs) if not case.right)
    for scorer in scorers(runs):
        yield from share(
            (case.value >= SURE for run in runs for case in scored(run, scorer) if not case.right),
            f"scorer {scorer}",
        )


@metric(
    "agreement-with-tests",
    "verifiers",
    "correlation",
    "RISE, self-verification (arXiv 2505.13445)",
    "Self Rewarding Self Improving (arXiv 2505.08827)",
    needs=("tests", "reviews"),
)
def agreement_with_tests(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Cohen's kappa between the Reviewer's or a scorer's verdict and the visible tests.

    The tests are the formal verifier; 1 is full agreement, 0 what chance alone would give.
    """
    reviews = [
        (case.review.approves, bool(passes(case.candidate)))
        for case in reviewed(runs)
        if passes(case.candidate) is not None
    ]
    yield from number(cohen_kappa(reviews), len(reviews), "reviews")
    for scorer in scorers(runs):
        pairs = [
            (case.value >= SURE, bool(passes(case.candidate)))
            for run in runs
            for case in scored(run, scorer)
            if passes(case.candidate) is not None
        ]
        yield from number(cohen_kappa(pairs), len(pairs), f"scorer {scorer}")


@metric("reviewer-agreement", "verifiers", "share", "TICK (arXiv 2410.03608)", needs=("reviews",))
def reviewer_agreement(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of pairs of reviews of one candidate with the same verdict.

    `person` counts pairs of a review that a person edited and one that nobody edited.
    """
    pairs: list[tuple[bool, bool]] = []
    for run in runs:
        for first, second in combinations(run.result.reviews, 2):
            if first.candidate_id == second.candidate_id:
                pairs.append((first.approves == second.approves, first.edited != second.edited))
    yield from share(same for same, _ in pairs)
    yield from share((same for same, mixed in pairs if mixed), "person")


@metric("checklist-pass-rate", "verifiers", "share", "TICK (arXiv 2410.03608)", needs=("scores",))
def checklist_pass_rate(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Mean share of a problem's checklist that candidates meet, for right and for wrong ones.

    It is computed from the scores of the scorer `checklist`.
    """
    cases = [case for run in runs for case in scored(run, "checklist")]
    yield from mean((case.value for case in cases if case.right), "right")
    yield from mean((case.value for case in cases if not case.right), "wrong")


@metric("gated-accuracy", "verifiers", "share", "DocPuzzle (arXiv 2502.17807)", needs=("scores",))
def gated_accuracy(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of runs whose answer is right and meets every item of its problem's checklist.

    Counts runs whose chosen candidate the scorer `checklist` judged. `plain` is their accuracy.
    """
    chosen = [
        case
        for run in runs
        for case in scored(run, "checklist")
        if case.candidate.id == run.result.selection.candidate_id
    ]
    yield from share((case.right and case.value >= 1 for case in chosen), "gated")
    yield from share((case.right for case in chosen), "plain")
