"""Metrics of several judges: how they agree, change, and favour their own."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import (
    author_of,
    is_flawed,
    reviewed,
    reviewer_of,
    right_and_wrong,
    scored,
    scorers,
    step_scores,
    value_by,
    whole,
)
from refinegraph.metrics.correlations import kendall, pearson
from refinegraph.metrics.metric import (
    Figure,
    Results,
    mean,
    metric,
    metric_across,
    number,
    share,
)

_LESSONS = "Lessons of Developing PRMs (arXiv 2501.07301)"


def _value_pairs(run: RunLine, first: str, second: str) -> list[tuple[float, float]]:
    """Return the values that two scorers gave the candidates that both judged."""
    pairs = ((value_by(candidate, first), value_by(candidate, second)) for candidate in whole(run))
    return [(a, b) for a, b in pairs if a is not None and b is not None]


@metric("scorer-distance", "verifiers", "distance", "STARC (arXiv 2309.15257)", needs=("scorers",))
def scorer_distance(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Distance of two scorers over the candidates of a problem; 0 if equal up to shift and scale.

    The distance is the root of (1 - r) / 2 with Pearson's r, averaged over problems with at least
    three candidates that both scorers rated. STARC compares rewards of all transitions; here, only
    candidates can be compared.
    """
    for first, second in combinations(scorers(runs), 2):
        found = (pearson(_value_pairs(run, first, second)) for run in runs)
        distances = [((1 - value) / 2) ** 0.5 for value in found if value is not None]
        yield from mean(distances, f"{first} and {second}")


@metric(
    "scorer-rank-agreement",
    "verifiers",
    "correlation",
    "SCIR (arXiv 2502.08922)",
    needs=("scorers",),
)
def scorer_rank_agreement(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Kendall's tau between the rankings of two scorers, averaged over problems."""
    for first, second in combinations(scorers(runs), 2):
        found = (kendall(_value_pairs(run, first, second)) for run in runs)
        yield from mean((tau for tau in found if tau is not None), f"{first} and {second}")


@metric_across(
    "judge-drift",
    "verifiers",
    "difference",
    "Self-Rewarding LMs (arXiv 2401.10020)",
    needs=("folders", "scores"),
)
def judge_drift(results: Results) -> Iterator[Figure]:
    """Change of each scorer's pairwise accuracy from one evaluation to the next.

    Give the folders of the rounds of self-training in order.
    """
    accuracies: list[tuple[str, dict[str, tuple[float, int]]]] = []
    for folder, runs in results.folders.items():
        judged = [run for run in runs if run.correct is not None]
        accuracies.append(
            (folder, {scorer: _pairwise(judged, scorer) for scorer in scorers(judged)})
        )
    for (_, before), (folder, after) in pairwise(accuracies):
        for scorer in before.keys() & after.keys():
            (old, count), (new, pairs) = before[scorer], after[scorer]
            if count and pairs:
                yield from number(new - old, pairs, scorer, strategy=folder)


def _pairwise(runs: Sequence[RunLine], scorer: str) -> tuple[float, int]:
    ordered = [
        right.value > wrong.value
        for run in runs
        for right, wrong in right_and_wrong(scored(run, scorer))
    ]
    return (sum(ordered) / len(ordered) if ordered else 0.0), len(ordered)


@metric_across(
    "self-preference",
    "verifiers",
    "difference",
    "LLM Evaluators Recognize and Favor Their Own Generations (arXiv 2404.13076)",
    needs=("reviews", "authors"),
)
def self_preference(results: Results) -> Iterator[Figure]:
    """How much more often a model approves its own answers than others' of equal correctness.

    The figure is the difference of the approved shares, separately for right and for wrong answers,
    for each model that reviewed both kinds.
    """
    votes: dict[tuple[str, bool, bool], list[bool]] = {}
    for case in reviewed(results.runs):
        author, judge = author_of(case.run, case.candidate), reviewer_of(case.run)
        if author and judge:
            key = judge, case.right, author == judge
            votes.setdefault(key, []).append(case.review.approves)
    for judge in dict.fromkeys(judge for judge, _, _ in votes):
        for right in (True, False):
            own, others = votes.get((judge, right, True)), votes.get((judge, right, False))
            if own and others:
                gap = sum(own) / len(own) - sum(others) / len(others)
                part = f"{judge}, {'right' if right else 'wrong'} answers"
                yield from number(gap, len(own) + len(others), part)


@metric("flawed-process", "verifiers", "share", _LESSONS, needs=("steps",))
def flawed_process(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the right answers whose steps were scored, the share with a step under 0.6."""
    yield from share(
        is_flawed(step_scores(candidate))
        for run in runs
        for candidate in whole(run)
        if run.judged[candidate.id] and step_scores(candidate)
    )


@metric("minimum-on-last-step", "verifiers", "share", _LESSONS, needs=("steps",))
def minimum_on_last_step(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of solutions with at least two steps whose last step alone has the lowest score.

    A high share indicates that a process reward model judges the outcome.
    """
    scores = [step_scores(candidate) for run in runs for candidate in whole(run)]
    yield from share(min(steps[:-1]) > steps[-1] for steps in scores if len(steps) > 1)


@metric("response-and-steps", "verifiers", "correlation", _LESSONS, needs=("steps",))
def response_and_steps(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Correlation of being right with the mean and with the minimum of an answer's step scores."""
    cases = [
        (step_scores(candidate), float(run.judged[candidate.id]))
        for run in runs
        for candidate in whole(run)
        if step_scores(candidate)
    ]
    means = [(sum(steps) / len(steps), right) for steps, right in cases]
    yield from number(pearson(means), len(cases), "mean")
    yield from number(
        pearson([(min(steps), right) for steps, right in cases]), len(cases), "minimum"
    )


@metric_across(
    "scorer-rank-consistency",
    "verifiers",
    "correlation",
    "CREAM (arXiv 2410.12735)",
    needs=("folders", "scores"),
)
def scorer_rank_consistency(results: Results) -> Iterator[Figure]:
    """Kendall's tau between the rankings of the same texts by a scorer in two evaluations.

    Each folder is compared with the next, averaged over problems with at least two texts that both
    evaluations scored, for example if a judge was trained further and the answers came from a
    cache.
    """
    for (_, before), (folder, after) in pairwise(results.folders.items()):
        for scorer in scorers(before):
            old, new = _values_by_text(before, scorer), _values_by_text(after, scorer)
            taus = [
                kendall([(old[problem][text], new[problem][text]) for text in sorted(texts)])
                for problem in old.keys() & new.keys()
                if len(texts := old[problem].keys() & new[problem].keys()) > 1
            ]
            yield from mean((tau for tau in taus if tau is not None), scorer, strategy=folder)


def _values_by_text(runs: Sequence[RunLine], scorer: str) -> dict[str, dict[str, float]]:
    """Return the values of a scorer by problem and text."""
    found: dict[str, dict[str, float]] = {}
    for run in runs:
        for case in scored(run, scorer) if run.correct is not None else ():
            found.setdefault(run.problem_id, {})[case.candidate.text] = case.value
    return found


@metric_across(
    "scorer-accuracy-and-gain",
    "verifiers",
    "correlation",
    "RM-Bench (arXiv 2410.16184)",
    needs=("strategies", "scores"),
)
def scorer_accuracy_and_gain(results: Results) -> Iterator[Figure]:
    """Correlation of a scorer's pairwise accuracy with what choosing by it gains.

    Over scorers and strategies: the gain is the accuracy of the best-scored sample less the mean
    accuracy of the samples. The paper's gain is that of a policy trained on the scorer.
    """
    points: list[tuple[float, float]] = []
    for runs in results.strategies.values():
        for scorer in scorers(runs):
            accuracy, pairs = _pairwise(runs, scorer)
            gain = _gain_of_choosing(runs, scorer)
            if pairs and gain is not None:
                points.append((accuracy, gain))
    yield from number(pearson(points), len(points))


def _gain_of_choosing(runs: Sequence[RunLine], scorer: str) -> float | None:
    gains: list[float] = []
    for run in runs:
        cases = [case for case in scored(run, scorer) if not case.candidate.parents]
        if len(cases) > 1:
            best = max(cases, key=lambda case: case.value)
            gains.append(best.right - sum(case.right for case in cases) / len(cases))
    return sum(gains) / len(gains) if gains else None
