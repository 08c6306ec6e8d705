"""Metrics of confidence: whether runs know when they are right."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from refinegraph.evaluation.records import RunKey, RunLine
from refinegraph.evaluation.statistics import calibration_error, reliability
from refinegraph.metrics.cases import (
    group_of,
    reviewed,
    samples,
    scored,
    scorers,
    vote,
)
from refinegraph.metrics.metric import (
    Figure,
    Results,
    metric,
    metric_across,
    number,
    share,
)
from refinegraph.schema import Candidate


@metric(
    "calibration-error",
    "confidence",
    "distance",
    "LMs (Mostly) Know (arXiv 2207.05221)",
    needs=("scores",),
)
def score_calibration(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """ECE: how far the scores of all candidates are from the share right in ten bins.

    For each scorer whose values lie in 0 to 1.
    """
    for scorer in scorers(runs):
        cases = [(case.value, case.right) for run in runs for case in scored(run, scorer)]
        if all(0 <= value <= 1 for value, _ in cases):
            bins = reliability([value for value, _ in cases], [right for _, right in cases])
            yield from number(calibration_error(bins), len(cases), scorer)


@metric("vote-calibration", "confidence", "distance", "RPC (arXiv 2502.00511)", needs=("samples",))
def vote_calibration(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """ECE of the share of samples with the winning answer, as its chance to be right.

    The winning answer is the most frequent one."""
    votes = [
        (found[1], run.judged[found[0].id])
        for run in runs
        if len(samples(run)) > 1 and (found := vote(samples(run)))
    ]
    bins = reliability([agreed for agreed, _ in votes], [right for _, right in votes])
    yield from number(calibration_error(bins), len(votes))


@metric("feasibility", "confidence", "share", "KnowRL (arXiv 2510.11407)", needs=("routing",))
def feasibility(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Accuracy and F1 of the router's `easy` as a forecast of a right answer.

    The first routing decision of each run is compared with its answer before refinement.
    """
    cases: list[tuple[bool, bool]] = []
    for run in runs:
        routed = next(
            (decision.difficulty for decision in run.result.decisions if decision.difficulty), None
        )
        if routed and run.first:
            cases.append((routed.level == "easy", run.judged.get(run.first.id, False)))
    yield from share((easy == right for easy, right in cases), "accuracy")
    both = sum(easy and right for easy, right in cases)
    claims = sum(easy for easy, _ in cases) + sum(right for _, right in cases)
    yield from number(2 * both / claims if claims else None, len(cases), "F1")


def confidence_of(run: RunLine) -> float | None:
    """Return the score of the chosen candidate; without one, its share of the votes."""
    chosen = run.result.chosen
    if chosen is None:
        return None
    if chosen.score is not None:
        return chosen.score
    drawn = [sample for sample in samples(run) if sample.content is not None]
    if len(drawn) < 2:
        return None
    return sum(group_of(sample) == group_of(chosen) for sample in drawn) / len(drawn)


class _Ranked(NamedTuple):
    """A run that has a confidence."""

    confidence: float
    problem: str
    correct: bool


def _by_confidence(runs: Sequence[RunLine]) -> list[_Ranked]:
    """Return the runs that have a confidence, the surest first; ties in the order of the runs."""
    known = [
        _Ranked(confidence, run.problem_id, bool(run.correct))
        for run in runs
        if (confidence := confidence_of(run)) is not None
    ]
    return sorted(known, key=lambda run: -run.confidence)


@metric("rejection-gain", "confidence", "difference", "Self-REF (arXiv 2410.13284)")
def rejection_gain(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Accuracy of the more confident half of the answers, minus that of all answers.

    Confidence is the score of the chosen candidate, or its share of the samples' votes.
    """
    ranked = _by_confidence(runs)
    kept = ranked[: (len(ranked) + 1) // 2]
    if len(ranked) > 1:
        whole_ = sum(run.correct for run in ranked) / len(ranked)
        yield from number(sum(run.correct for run in kept) / len(kept) - whole_, len(ranked))


@metric_across(
    "routing-gain",
    "confidence",
    "difference",
    "Self-REF (arXiv 2410.13284)",
    needs=("strategies",),
)
def routing_gain(results: Results) -> Iterator[Figure]:
    """Accuracy gained when the less sure half of the answers goes to another strategy.

    Less the gain of sending half of the problems there at random, so that 0 means that confidence
    says nothing about where help is needed.
    """
    for name, runs in results.strategies.items():
        for other, helping in results.strategies.items():
            helped = {run.problem_id: bool(run.correct) for run in helping}
            ranked = [run for run in _by_confidence(runs) if run.problem in helped]
            if name == other or len(ranked) < 2:
                continue
            gains = [int(helped[run.problem]) - int(run.correct) for run in ranked]
            sent = gains[(len(gains) + 1) // 2 :]
            gain = (sum(sent) - sum(gains) * len(sent) / len(gains)) / len(gains)
            yield from number(gain, len(gains), f"to {other}", strategy=name)


@metric(
    "self-contradiction",
    "confidence",
    "share",
    "Self-contradictory Hallucinations (arXiv 2305.15852)",
    needs=("samples",),
)
def self_contradiction(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the pairs of answered samples of one problem, the share that contradict each other.

    `precision` and `recall` are those of the Reviewer as a detector: of the samples it rejects,
    those that differ from the most frequent answer, and of those that differ, the ones it rejects.
    """
    yield from share(
        group_of(a) != group_of(b) for run in runs for a, b in combinations(_answered(run), 2)
    )
    cases = [
        (group_of(case.candidate) != group_of(found[0]), not case.review.approves)
        for run in runs
        if len(pool := _answered(run)) > 1 and (found := vote(pool))
        for case in reviewed([run])
        if case.candidate in pool
    ]
    yield from share((differs for differs, rejected in cases if rejected), "precision")
    yield from share((rejected for differs, rejected in cases if differs), "recall")


def _answered(run: RunLine) -> list[Candidate]:
    return [sample for sample in samples(run) if sample.content is not None]


# What is called overconfident: nine in ten is the last bin of a reliability curve.
_OVERCONFIDENT = 0.9


@metric(
    "overconfident-errors",
    "confidence",
    "share",
    "Alice in Wonderland (arXiv 2406.02061)",
    needs=("samples",),
)
def overconfident_errors(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the wrong answers, the share that the run was sure of: nine in ten by score or votes.

    `approved`: of the wrong candidates that were reviewed more than once, those that every review
    approves. These problems are a probe on which intrinsic review must not be trusted.
    """
    yield from share(
        confidence >= _OVERCONFIDENT
        for run in runs
        if not run.correct and (confidence := confidence_of(run)) is not None
    )
    verdicts: dict[tuple[RunKey, str], list[bool]] = {}
    for case in reviewed(runs):
        if not case.right:
            key = case.run.key, case.candidate.id
            verdicts.setdefault(key, []).append(case.review.approves)
    yield from share(
        (all(approvals) for approvals in verdicts.values() if len(approvals) > 1),
        "approved",
    )
