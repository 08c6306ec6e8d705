"""Tables of the metrics by group, and the meaning of their requirements."""

import re
from itertools import groupby

from refinegraph.metrics import Metric, all_metrics
from refinegraph.metrics.needs import NEEDS

_ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
_RULE = "|---|---|---|---|"


def metric_tables() -> str:
    """Return a table of metrics for every group, and one of their requirements."""
    metrics = all_metrics()
    groups = list(dict.fromkeys(metric.group for metric in metrics))
    metrics.sort(key=lambda metric: groups.index(metric.group))
    parts = [f"There are {len(metrics)} metrics."]
    for group, members in groupby(metrics, key=lambda metric: metric.group):
        rows = [_row(metric) for metric in members]
        heading = f"## {group.capitalize()}\n\n| name | definition | unit | needs |"
        parts.append("\n".join([heading, _RULE, *rows]))
    needs = [f"| {need} | {how} |" for need, how in NEEDS.items()]
    parts.append(
        "\n".join(["## Needs\n", "| word | what results have to hold |", "|---|---|", *needs])
    )
    return "\n\n".join(parts)


def _row(metric: Metric) -> str:
    papers = "; ".join(
        _ARXIV.sub(r"[\1](https://arxiv.org/abs/\1)", each) for each in metric.sources
    )
    definition = " ".join(metric.definition.split()).replace("|", "\\|")
    needs = ", ".join(need for need in metric.needs if need != "labels")
    return f"| `{metric.name}` | {definition} *{papers}* | {metric.unit} | {needs} |"
