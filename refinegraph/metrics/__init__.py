"""Figures that papers on correction, verification and search report, from recorded runs.

>>> from refinegraph.metrics import Results, find_metric
>>> measured = find_metric("pass-at-k").compute(Results({}))
>>> measured.figures, measured.missing
((), 'labels')
"""

from refinegraph.metrics.metric import Figure, Measurement, Metric, Results
from refinegraph.metrics.registry import all_metrics, find_metric

__all__ = ["Figure", "Measurement", "Metric", "Results", "all_metrics", "find_metric"]
