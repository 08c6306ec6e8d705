"""Metrics of efficiency: the cost of answers, and possible savings."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from refinegraph.evaluation.budget_curves import CurvePoint, CurveTally, accuracy_at
from refinegraph.evaluation.records import RunLine
from refinegraph.metrics.cases import samples, whole
from refinegraph.metrics.metric import (
    Figure,
    Results,
    mean,
    metric,
    metric_across,
    number,
    share,
)


@metric_across(
    "accuracy-per-cost",
    "efficiency",
    "number",
    "MAgICoRe (arXiv 2409.12147)",
    needs=("strategies",),
)
def accuracy_per_cost(results: Results) -> Iterator[Figure]:
    """Accuracy of each strategy, and its samples, calls, tokens and USD per problem.

    With `--baselines`, self-consistency and best-of-n are included.
    """
    for name, runs in results.strategies.items():
        yield from share((bool(run.correct) for run in runs), "accuracy", strategy=name)
        usages = [run.result.usage for run in runs]
        yield from mean((len(samples(run)) for run in runs), "samples", strategy=name)
        yield from mean((usage.llm_calls for usage in usages), "calls", strategy=name)
        yield from mean((usage.total_tokens for usage in usages), "tokens", strategy=name)
        costs = [usage.cost_usd for usage in usages]
        if None not in costs:
            yield from mean((cost for cost in costs if cost is not None), "USD", strategy=name)


def _curves(results: Results) -> dict[str, tuple[CurvePoint, ...]]:
    """Return accuracy against tokens for every strategy that only samples."""
    found: dict[str, tuple[CurvePoint, ...]] = {}
    for name, runs in results.strategies.items():
        tally = CurveTally()
        for run in runs:
            tally.add(run)
        if len(tally.points()) > 1:
            found[name] = tally.points()
    return found


@metric_across(
    "gain-at-equal-budget",
    "efficiency",
    "difference",
    "ReST-MCTS* (arXiv 2406.03816)",
    "PAV (arXiv 2410.08146)",
    "ExIt (arXiv 2509.04575)",
    needs=("strategies", "sampling"),
)
def gain_at_equal_budget(results: Results) -> Iterator[Figure]:
    """Accuracy of a strategy minus that of a sampling strategy with equal tokens per problem.

    The accuracy of the sampling strategy is computed from fewer samples of its own runs; nothing is
    extrapolated.
    """
    for baseline, curve in _curves(results).items():
        for name, runs in results.strategies.items():
            if name == baseline:
                continue
            tokens = sum(run.result.usage.total_tokens for run in runs) / len(runs)
            sampled = accuracy_at(curve, tokens)
            if sampled is not None:
                accuracy = sum(bool(run.correct) for run in runs) / len(runs)
                yield from number(
                    accuracy - sampled, len(runs), f"against {baseline}", strategy=name
                )


@metric_across(
    "samples-at-equal-accuracy",
    "efficiency",
    "number",
    "Early-Stopping Self-Consistency (arXiv 2401.10480)",
    "Difficulty-Adaptive Self-Consistency (arXiv 2408.13457)",
    needs=("strategies", "sampling"),
)
def samples_at_equal_accuracy(results: Results) -> Iterator[Figure]:
    """Samples per problem, and the fewest with which plain sampling is as accurate.

    The second figure counts the samples of the named strategy. It is absent if that strategy is
    never as accurate with any number of samples in its runs.
    """
    curves = _curves(results)
    for name, runs in results.strategies.items():
        if not curves:
            return
        yield from mean((len(samples(run)) for run in runs), strategy=name)
        accuracy = sum(bool(run.correct) for run in runs) / len(runs)
        for baseline, curve in curves.items():
            enough = next((point.samples for point in curve if point.accuracy >= accuracy), None)
            if name != baseline:
                yield from number(enough, len(runs), f"by {baseline}", strategy=name)


@metric(
    "tokens-per-right-answer",
    "efficiency",
    "tokens",
    "FastMCTS (arXiv 2502.11476)",
    "Training LMs to Reason Efficiently (arXiv 2502.04463)",
)
def tokens_per_right_answer(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """All tokens of all runs over the number of right answers.

    `path`: completion tokens of candidates over the number of right candidates.
    """
    right = sum(bool(run.correct) for run in runs)
    tokens = sum(run.result.usage.total_tokens for run in runs)
    yield from number(tokens / right if right else None, len(runs))
    written = sum(candidate.tokens for run in runs for candidate in run.result.candidates)
    paths = sum(sum(run.judged.values()) for run in runs)
    yield from number(written / paths if paths else None, len(runs), "path")


@metric(
    "abandoned-prefixes",
    "efficiency",
    "share",
    "Goal-conditioned RMs (arXiv 2407.13887)",
    needs=("prefixes",),
)
def abandoned_prefixes(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of unfinished texts that were never continued, and the tokens that this saved.

    `saved` sums, over these texts, the steps missing to the mean number of steps of the finished
    solutions in the run, at the mean tokens per step, and divides by all written tokens plus this
    sum.
    """
    abandoned: list[bool] = []
    saved = spent = 0.0
    for run in runs:
        continued = {parent for candidate in run.result.candidates for parent in candidate.parents}
        prefixes = [candidate for candidate in run.result.candidates if not candidate.complete]
        left = [prefix for prefix in prefixes if prefix.id not in continued]
        abandoned += [prefix.id not in continued for prefix in prefixes]
        spent += sum(candidate.tokens for candidate in run.result.candidates)
        ends = [candidate for candidate in whole(run) if candidate.steps]
        steps = sum(len(end.steps) for end in ends) / len(ends) if ends else 0.0
        made = [prefix.tokens / max(1, len(prefix.steps)) for prefix in prefixes]
        rate = sum(made) / len(made) if made else 0.0
        saved += sum(max(0.0, steps - len(prefix.steps)) * rate for prefix in left)
    yield from share(abandoned)
    yield from number(saved / (saved + spent) if saved else None, len(abandoned), "saved")


@metric(
    "gating-speed-up",
    "efficiency",
    "ratio",
    "Repoformer (arXiv 2403.10059)",
    needs=("routing",),
)
def gating_speed_up(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Tokens if every problem took as many as hard ones on average, divided by the actual tokens.

    Hard problems are those that the router first rated hard. The figure is 1 if routing saves
    nothing.
    """
    levels = [
        (
            next(
                decision.difficulty.level
                for decision in run.result.decisions
                if decision.difficulty
            ),
            run.result.usage.total_tokens,
        )
        for run in runs
        if any(decision.difficulty for decision in run.result.decisions)
    ]
    hard = [tokens for level, tokens in levels if level == "hard"]
    every = sum(tokens for _, tokens in levels)
    if hard and every:
        yield from number(sum(hard) / len(hard) * len(levels) / every, len(levels))


@metric("overthinking", "efficiency", "share", "Self-Braking Tuning (arXiv 2505.14604)")
def overthinking(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of the written tokens that came after the first right candidate of the same run.

    `redundant steps`: share of the candidates after it. Over runs that had a right candidate;
    candidates of the same move as the first right one count as written before.
    """
    after_tokens = tokens = after = candidates = 0
    for run in runs:
        pool, judged = run.result.candidates, run.judged
        first = next((candidate for candidate in pool if judged.get(candidate.id)), None)
        if first is None:
            continue
        later = [candidate for candidate in pool if candidate.turn > first.turn]
        after_tokens += sum(candidate.tokens for candidate in later)
        tokens += sum(candidate.tokens for candidate in pool)
        after += len(later)
        candidates += len(pool)
    yield from number(after_tokens / tokens if tokens else None, candidates)
    yield from number(after / candidates if candidates else None, candidates, "redundant steps")


@metric("pass-at-tokens", "efficiency", "share", "Demystifying GPT Self-Repair (arXiv 2306.09896)")
def pass_at_tokens(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """pass@t: share of problems with a right candidate within t written tokens, for powers of two.

    Candidates count in the order in which they were asked for. Compare a strategy that repairs
    with one that samples at the same t.
    """
    reached: list[float] = []
    for run in runs:
        pool, judged = run.result.candidates, run.judged
        spent = list(accumulate(candidate.tokens for candidate in pool))
        right = (at for at, candidate in zip(spent, pool, strict=True) if judged.get(candidate.id))
        reached.append(next(right, float("inf")))
    most = max(
        (sum(candidate.tokens for candidate in run.result.candidates) for run in runs), default=0
    )
    limit = 16
    while most and limit < 2 * most:
        yield from share((at <= limit for at in reached), f"t={limit}")
        limit *= 2
