"""How sure to be that the best answer so far is right: signals, and a calibrated map of them."""

import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Feature, Frozen
from refinegraph.tools.grouping import answer_groups

_STEPS = 400
_RATE = 0.3
_LEAST, _MOST = 0.01, 0.99


class SignalWeight(Frozen):
    """What one signal weighs, in units of its own spread."""

    name: str
    mean: float
    deviation: float
    weight: float


class BeliefMap(Frozen):
    """A logistic map from signals to the probability that the best answer is right.

    A signal that is missing weighs nothing. The sign of each weight is learned, never assumed: a
    signal that speaks for one model may speak against another (arXiv 2605.06908).
    """

    bias: float
    weights: tuple[SignalWeight, ...] = ()

    def probability(self, signals: Sequence[Feature]) -> float:
        """Return the probability, between 0.01 and 0.99."""
        known = {signal.name: signal.value for signal in signals}
        total = self.bias + sum(
            each.weight * (known[each.name] - each.mean) / each.deviation
            for each in self.weights
            if each.name in known
        )
        return min(_MOST, max(_LEAST, _sigmoid(total)))

    def save(self, path: Path) -> None:
        """Write the map as JSON."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "BeliefMap":
        """Read a map that `save` wrote; raises `InputError`."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise InputError(f"{path} is no belief map: {str(error).splitlines()[0]}.") from None


SHIPPED = BeliefMap(
    bias=0.9,
    weights=(
        SignalWeight(name="share", mean=0.6, deviation=0.22, weight=0.7),
        SignalWeight(name="margin", mean=0.4, deviation=0.35, weight=0.5),
        SignalWeight(name="score_gap", mean=0.15, deviation=0.2, weight=0.5),
        SignalWeight(name="proved", mean=0.5, deviation=0.4, weight=1.5),
    ),
)
"""Where nothing was fitted: the signals' usual directions, with the confidence that they earn."""


def signals_of(state: RefinementState) -> tuple[Feature, ...]:
    """Return the signals that a pool gives; those that it does not are left out.

    `share` and `margin` of the votes for the leading answer, smoothed by one vote each;
    `score_gap`, how much better the leading answer's candidates score than the others';
    `proved`, the share of the visible tests that the best candidate passes.
    """
    groups = answer_groups(state.problem, state.heads)
    votes = [len(group) for group in groups]
    found: list[Feature] = []
    if votes:
        count, second = sum(votes), votes[1] if len(votes) > 1 else 0
        found.append(Feature(name="share", value=(votes[0] + 1) / (count + 2)))
        found.append(Feature(name="margin", value=(votes[0] - second) / (count + 1)))
        gap = _score_gap(groups)
        if gap is not None:
            found.append(Feature(name="score_gap", value=gap))
    verdicts = [each.verdict for each in state.candidates if each.verdict and each.verdict.tests]
    if state.proof_ids and verdicts:
        best = max(len(each.passed_ids) / len(each.tests) for each in verdicts)
        found.append(Feature(name="proved", value=best))
    return tuple(found)


def fit_belief(
    rows: Sequence[tuple[Sequence[Feature], bool]], *, penalty: float = 0.01
) -> BeliefMap:
    """Learn a map from runs whose answers are known to be right or wrong.

    Logistic regression by gradient steps with an L2 penalty on standardised signals; a signal
    that a row lacks counts as its mean. Raises `InputError` where all rows have one label.
    """
    labels = [right for _, right in rows]
    if len(set(labels)) < 2:
        raise InputError(f"{len(labels)} runs with one label only cannot be learned from.")
    names = sorted({signal.name for signals, _ in rows for signal in signals})
    known = [{signal.name: signal.value for signal in signals} for signals, _ in rows]
    scales = {name: _scale([row[name] for row in known if name in row]) for name in names}
    inputs = [
        [(row[name] - scales[name][0]) / scales[name][1] if name in row else 0.0 for name in names]
        for row in known
    ]
    bias, weights = _descend(inputs, labels, penalty)
    return BeliefMap(
        bias=bias,
        weights=tuple(
            SignalWeight(name=name, mean=scales[name][0], deviation=scales[name][1], weight=weight)
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
    leading = [each.score for each in groups[0] if each.score is not None]
    others = [each.score for group in groups[1:] for each in group if each.score is not None]
    if not leading or not others:
        return None
    return math.fsum(leading) / len(leading) - math.fsum(others) / len(others)


def _sigmoid(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(left * right for left, right in zip(one, other, strict=True))
