"""Metrics of diversity and of improvement over rounds and runs."""

import ast
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

from refinegraph.evaluation.export import Example, export
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import pass_at_k
from refinegraph.metrics.cases import (
    group_of,
    rounds_of,
    samples,
    scored,
    scorers,
    whole,
)
from refinegraph.metrics.metric import Figure, mean, metric, number, share

_B_STAR = "B-STaR (arXiv 2412.17256)"
SIZES = (1, 2, 4, 8, 16, 32, 64)
"""The k of pass@k."""


@metric("exploration", "diversity", "share", _B_STAR, needs=("samples",))
def exploration(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of samples of a problem that are right and unlike all earlier ones.

    Texts are alike if they have the same words. The mean over problems with at least two samples
    shows how much new training data a round of sampling gives.
    """
    values: list[float] = []
    for run in runs:
        drawn, judged = samples(run), run.judged
        if len(drawn) > 1:
            texts = {" ".join(sample.text.split()) for sample in drawn if judged[sample.id]}
            values.append(len(texts) / len(drawn))
    yield from mean(values)


@metric("exploitation", "diversity", "share", _B_STAR, needs=("scores", "samples"))
def exploitation(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Of the problems with a right and a wrong sample, the share whose best-scored sample is right.

    `kept` is the share of right samples among those that score at least 0.5, which a reward would
    keep for training.
    """
    for scorer in scorers(runs):
        pools = [
            [(case.value, case.right) for case in scored(run, scorer) if not case.candidate.parents]
            for run in runs
        ]
        mixed = [pool for pool in pools if len({right for _, right in pool}) > 1]
        yield from share((max(pool, key=itemgetter(0))[1] for pool in mixed), scorer)
        kept = [right for pool in pools for value, right in pool if value >= 0.5]
        yield from share(kept, f"{scorer} kept")


@metric(
    "exported-data",
    "diversity",
    "number",
    "Surveying Quality, Diversity, Complexity (arXiv 2412.02980)",
    "Self-Consuming Generative Models (arXiv 2307.01850)",
)
def exported_data(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Quality, diversity, complexity and origin of what `export --format sft` would write.

    `quality`: share of the judged candidates that are right. `diversity`: distinct pairs of
    neighbouring words over all of them. `complexity`: mean number of syntax nodes of a program,
    or of words. `synthetic`: share of the lines that no person wrote.
    """
    judged = [right for run in runs for right in run.judged.values()]
    yield from share(judged, "quality")
    lines = [line for line in export(runs, "sft") if isinstance(line, Example)]
    texts = [line.completion for line in lines]
    pairs = [pair for text in texts for pair in _bigrams(text)]
    yield from number(len(set(pairs)) / len(pairs) if pairs else None, len(pairs), "diversity")
    yield from mean(map(_complexity, texts), "complexity")
    people = {
        (run.problem_id, run.strategy, candidate.id)
        for run in runs
        for candidate in whole(run)
        if candidate.operator == "person"
    }
    keys = [
        (line.source.problem_id, line.source.strategy, line.source.candidate_id) for line in lines
    ]
    yield from share((key not in people for key in keys), "synthetic")


def _bigrams(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(pairwise(words))


def _complexity(text: str) -> float:
    try:
        return float(sum(1 for _ in ast.walk(ast.parse(text))))
    except (SyntaxError, ValueError, RecursionError):
        return float(len(text.split()))


@metric(
    "duplicate-rate",
    "diversity",
    "share",
    "Can LLMs Generate Novel Research Ideas? (arXiv 2409.04109)",
    "Multiagent Finetuning (arXiv 2501.05707)",
    needs=("samples",),
)
def duplicate_rate(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """The share of candidates that repeat an earlier answer of the same problem, by round.

    Answers are the same if they have the same equivalence class, or the same program or text.
    """
    repeats: dict[int, list[bool]] = {}
    for run in runs:
        seen: set[str | None] = set()
        for candidate in whole(run):
            if candidate.content is not None:
                group = group_of(candidate)
                repeats.setdefault(candidate.round, []).append(group in seen)
                seen.add(group)
    for turn, cases in sorted(repeats.items()):
        yield from share(cases, f"round {turn}")


@metric(
    "pass-at-k",
    "diversity",
    "share",
    "Sharpening (arXiv 2412.01951)",
    "Guide (arXiv 2506.13923)",
    "SRA-MCTS (arXiv 2411.11053)",
)
def pass_at(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """pass@k of first samples for growing k, and the gap of the largest k to pass@1.

    The unbiased estimate (arXiv 2107.03374), for the k that every problem has samples for.
    """
    counts = [
        (len(drawn), sum(run.judged[sample.id] for sample in drawn))
        for run in runs
        if (drawn := samples(run))
    ]
    least = min((drawn for drawn, _ in counts), default=0)
    means: list[float] = []
    for k in (size for size in SIZES if size <= least):
        chances = [pass_at_k(drawn, right, k) or 0.0 for drawn, right in counts]
        means.append(math.fsum(chances) / len(chances))
        yield from mean(chances, f"k={k}")
    if len(means) > 1:
        yield from number(means[-1] - means[0], len(counts), "gap")


@metric(
    "never-solved",
    "diversity",
    "share",
    "Easy-to-hard transformers (arXiv 2502.01612)",
)
def never_solved(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Share of problems of which no candidate is right, up to and including each round."""
    for turn in rounds_of(runs):
        yield from share(
            (
                not any(
                    run.judged[candidate.id] for candidate in whole(run) if candidate.round <= turn
                )
                for run in runs
            ),
            f"round {turn}",
        )


@metric(
    "accuracy-with-memory",
    "diversity",
    "share",
    "In-Memory Learning (arXiv 2403.02757)",
    needs=("notes",),
)
def accuracy_with_memory(runs: Sequence[RunLine]) -> Iterator[Figure]:
    """Accuracy of each quarter of the runs that used notes, in the order in which they ended.

    It rises if the memory helps. Run the problems one at a time (`--concurrency 1`), because
    concurrent runs do not learn from each other.
    """
    noted = [bool(run.correct) for run in runs if run.result.notes]
    for quarter in range(4 if len(noted) >= 4 else 0):
        first, last = quarter * len(noted) // 4, (quarter + 1) * len(noted) // 4
        yield from share(noted[first:last], f"quarter {quarter + 1}")
