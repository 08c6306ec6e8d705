"""Calibrated probability that the best answer of a pool is right, from features of the pool."""

import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Feature, Frozen
from refinegraph.tools.grouping import answer_groups

_STEPS = 400
"""Number of gradient steps; with four features and hundreds of runs, the weights have converged."""
_RATE = 0.3
"""Learning rate; features have unit variance, for which rates below 1 converge."""
_LOWEST, _HIGHEST = 0.01, 0.99
"""Limits of the probability, so that no pool is certain and no expected gain is exactly 0."""


class FeatureWeight(Frozen):
    """The weight of one feature, per standard deviation."""

    name: str
    mean: float
    deviation: float
    weight: float


class ConfidenceCalibrator(Frozen):
    """A logistic model of the probability that the best answer of a pool is right.

    A missing feature contributes nothing. The sign of each weight is learned, because a feature
    that indicates right answers for one model may indicate wrong ones for another (arXiv
    2605.06908).
    """

    bias: float
    weights: tuple[FeatureWeight, ...] = ()

    def probability(self, features: Sequence[Feature]) -> float:
        """Return the probability, between 0.01 and 0.99."""
        values = {feature.name: feature.value for feature in features}
        total = self.bias + sum(
            term.weight * (values[term.name] - term.mean) / term.deviation
            for term in self.weights
            if term.name in values
        )
        return min(_HIGHEST, max(_LOWEST, _sigmoid(total)))

    def save(self, path: Path) -> None:
        """Write the calibration as JSON."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "ConfidenceCalibrator":
        """Read a calibration written by `save`; raise `InputError` if that fails."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise InputError(
                f"{path} is not a calibration file: {str(error).splitlines()[0]}."
            ) from None


DEFAULT_CALIBRATOR = ConfidenceCalibrator(
    bias=0.9,
    weights=(
        FeatureWeight(name="share", mean=0.6, deviation=0.22, weight=0.7),
        FeatureWeight(name="margin", mean=0.4, deviation=0.35, weight=0.5),
        FeatureWeight(name="score_gap", mean=0.15, deviation=0.2, weight=0.5),
        FeatureWeight(name="proved", mean=0.5, deviation=0.4, weight=1.5),
    ),
)
"""The calibration used before any fit: every feature has its usual sign and a modest weight."""


def pool_features(state: RefinementState) -> tuple[Feature, ...]:
    """Return the features of a pool, omitting those that are unavailable.

    - `share` and `margin`: the votes for the leading answer, each smoothed by one vote;
    - `score_gap`: by how much candidates with the leading answer outscore the others;
    - `proved`: the share of visible tests that the best candidate passes.
    """
    groups = answer_groups(state.problem, state.active_candidates)
    features = _vote_features(groups) if groups else []
    verdicts = [
        candidate.verdict
        for candidate in state.candidates
        if candidate.verdict and candidate.verdict.tests
    ]
    if state.proof_ids and verdicts:
        best = max(len(verdict.passed_ids) / len(verdict.tests) for verdict in verdicts)
        features.append(Feature(name="proved", value=best))
    return tuple(features)


def _vote_features(groups: Sequence[Sequence[Candidate]]) -> list[Feature]:
    votes = [len(group) for group in groups]
    count, second = sum(votes), votes[1] if len(votes) > 1 else 0
    features = [
        Feature(name="share", value=(votes[0] + 1) / (count + 2)),
        Feature(name="margin", value=(votes[0] - second) / (count + 1)),
    ]
    gap = _score_gap(groups)
    if gap is not None:
        features.append(Feature(name="score_gap", value=gap))
    return features


def fit_calibrator(
    rows: Sequence[tuple[Sequence[Feature], bool]], *, penalty: float = 0.01
) -> ConfidenceCalibrator:
    """Fit a calibration to runs whose answers are known to be right or wrong.

    Uses logistic regression by gradient descent, with an L2 penalty on standardised features. A
    missing feature is replaced by its mean. Raises `InputError` if all rows have the same label.
    """
    labels = [right for _, right in rows]
    if len(set(labels)) < 2:
        raise InputError(
            f"cannot fit a calibration to {len(labels)} runs that are all right or all wrong."
        )
    names = sorted({feature.name for features, _ in rows for feature in features})
    values = [{feature.name: feature.value for feature in features} for features, _ in rows]
    scales = {name: _scale([row[name] for row in values if name in row]) for name in names}
    inputs = [
        [(row[name] - scales[name][0]) / scales[name][1] if name in row else 0.0 for name in names]
        for row in values
    ]
    bias, weights = _descend(inputs, labels, penalty)
    return ConfidenceCalibrator(
        bias=bias,
        weights=tuple(
            FeatureWeight(name=name, mean=scales[name][0], deviation=scales[name][1], weight=weight)
            for name, weight in zip(names, weights, strict=True)
        ),
    )


def _descend(
    inputs: Sequence[Sequence[float]], labels: Sequence[bool], penalty: float
) -> tuple[float, list[float]]:
    bias, weights = 0.0, [0.0] * len(inputs[0])
    for _ in range(_STEPS):
        errors = [
            _sigmoid(bias + _dot(weights, row)) - label
            for row, label in zip(inputs, labels, strict=True)
        ]
        bias -= _RATE * sum(errors) / len(errors)
        slopes = [_dot(errors, column) / len(errors) for column in zip(*inputs, strict=True)]
        weights = [
            weight - _RATE * (slope + penalty * weight)
            for weight, slope in zip(weights, slopes, strict=True)
        ]
    return bias, weights


def _scale(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
    return mean, max(math.sqrt(variance), 1e-3)


def _score_gap(groups: Sequence[Sequence[Candidate]]) -> float | None:
    leading = [candidate.score for candidate in groups[0] if candidate.score is not None]
    others = [
        candidate.score
        for group in groups[1:]
        for candidate in group
        if candidate.score is not None
    ]
    if not leading or not others:
        return None
    return math.fsum(leading) / len(leading) - math.fsum(others) / len(others)


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return math.fsum(one * other for one, other in zip(left, right, strict=True))
