"""Accuracy against tokens, computed for smaller sample counts from one run of many samples."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, Frozen

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


class CurvePoint(Frozen):
    """A sample count with its mean tokens per problem and the accuracy of the selected sample."""

    samples: int
    tokens: float
    accuracy: float


class CurveTally:
    """Builds the curve of a strategy that only samples. `points` is empty for other strategies."""

    def __init__(self) -> None:
        self._tokens: Counter[int] = Counter()
        self._right: Counter[int] = Counter()
        self._runs: Counter[int] = Counter()
        self._problems = 0
        self._refines = False

    def add(self, run: RunLine) -> None:
        """Replay a run with its first k samples, for every size up to its own.

        A run that stopped early would have stopped at the same point with a larger limit.
        """
        samples = [candidate for candidate in run.result.candidates if candidate.parent_id is None]
        self._problems += 1
        self._refines |= len(samples) < len(run.result.candidates)
        early = run.strategy == "sample-until"
        settled = early and run.result.stop_reason.rule in ("accepted", "agreed")
        by_votes = run.strategy == "self-consistency" or (early and run.kind != "code")
        for size in (size for size in SIZES if settled or size <= len(samples)):
            first = samples[:size]
            winner = _winner(first, by_votes=by_votes)
            self._runs[size] += 1
            self._right[size] += run.judged.get(winner.id, False) if winner else False
            share = len(first) / len(samples) if early and samples else 1
            prompt = round(share * run.result.usage.prompt_tokens)
            self._tokens[size] += prompt + sum(candidate.tokens for candidate in first)

    def points(self) -> tuple[CurvePoint, ...]:
        """Return the sizes that every problem reaches; of two with equal cost, the smaller one."""
        if self._refines or not self._problems:
            return ()
        whole = [size for size in SIZES if self._runs[size] == self._problems]
        sizes = {self._tokens[size]: size for size in reversed(whole)}
        whole = sorted(sizes.values())
        return tuple(
            CurvePoint(
                samples=size,
                tokens=self._tokens[size] / self._problems,
                accuracy=self._right[size] / self._problems,
            )
            for size in whole
        )


def accuracy_at(points: Sequence[CurvePoint], tokens: float) -> float | None:
    """Return the accuracy of a curve at a number of tokens per problem.

    Interpolates linearly in the logarithm of tokens. Returns None outside the curve's range:
    nothing is extrapolated.
    """
    for left, right in pairwise(points):
        if left.tokens <= tokens <= right.tokens and left.tokens < right.tokens:
            part = math.log(tokens / left.tokens) / math.log(right.tokens / left.tokens)
            return left.accuracy + part * (right.accuracy - left.accuracy)
    return next((point.accuracy for point in points if point.tokens == tokens), None)


def tokens_for(points: Sequence[CurvePoint], accuracy: float) -> float | None:
    """Return the fewest tokens per problem at which a curve reaches an accuracy, or None.

    >>> curve = [CurvePoint(samples=1, tokens=10, accuracy=0.5)]
    >>> tokens_for(curve, 0.5), tokens_for(curve, 0.6)
    (10.0, None)
    """
    last: CurvePoint | None = None
    for point in points:
        if point.accuracy >= accuracy:
            if last is None or point.accuracy == last.accuracy:
                return point.tokens
            part = (accuracy - last.accuracy) / (point.accuracy - last.accuracy)
            return float(last.tokens * (point.tokens / last.tokens) ** part)
        last = point
    return None


def _winner(samples: Sequence[Candidate], *, by_votes: bool) -> Candidate | None:
    """Return the sample with the best evidence; ties go to the largest group, then the first."""
    usable = [sample for sample in samples if sample.content is not None]
    groups = Counter(_group(sample) for sample in usable)

    def rank(candidate: Candidate) -> tuple[int, int, tuple[int, ...]]:
        evidence = 0 if by_votes else _passed(candidate)
        return -evidence, -groups[_group(candidate)], candidate.sort_key

    return min(usable, key=rank, default=None)


def _group(candidate: Candidate) -> str | None:
    return candidate.equivalence_class or candidate.content


def _passed(candidate: Candidate) -> int:
    visible = len(candidate.verdict.passed_ids) if candidate.verdict else 0
    return visible * 1_000 + len(candidate.generated_passed or ())
