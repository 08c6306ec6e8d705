"""Every metric by its name."""

import difflib
from types import ModuleType

from refinegraph.errors import InputError
from refinegraph.metrics import (
    code,
    confidence,
    correction,
    diversity,
    efficiency,
    feedback,
    judges,
    reward_hacking,
    traces,
    turns,
    verifiers,
)
from refinegraph.metrics.metric import Metric, ResultsMetric, StrategyMetric

_MODULES: tuple[ModuleType, ...] = (
    correction,
    turns,
    feedback,
    verifiers,
    judges,
    confidence,
    reward_hacking,
    diversity,
    efficiency,
    traces,
    code,
)


def all_metrics() -> list[Metric]:
    """Return every metric, group by group."""
    return [
        value
        for module in _MODULES
        for value in vars(module).values()
        if isinstance(value, StrategyMetric | ResultsMetric)
    ]


def find_metric(name: str) -> Metric:
    """Return a metric by its name; raises `InputError` with the nearest one for another name."""
    known = {metric.name: metric for metric in all_metrics()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`refinegraph metrics` lists all."
        raise InputError(f"metric {name!r} is unknown; {hint}")
    return known[name]
