"""Figures of metrics as the rows of a table, on the terminal and on a page."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from refinegraph.html.page import page, table, text
from refinegraph.metrics import Figure, Measurement, find_metric
from refinegraph.metrics.needs import NEEDS

_PERCENTAGES = ("share", "difference")


def figure_row(measured: Measurement, figure: Figure) -> list[str]:
    """Return name, value, interval, number of cases, and the part that was measured."""
    percent = measured.unit in _PERCENTAGES
    value = _shown(figure.value, percent=percent, signed=measured.unit == "difference")
    interval = "-"
    if figure.low is not None and figure.high is not None:
        low, high = _shown(figure.low, percent=percent), _shown(figure.high, percent=percent)
        interval = f"{low} to {high}".replace("%", "")
    where = ", ".join(filter(None, (figure.strategy, figure.part)))
    return [measured.metric, value, interval, str(figure.n), where or "-"]


def _shown(value: float, *, percent: bool, signed: bool = False) -> str:
    sign = "+" if signed else ""
    if percent:
        return f"{value:{sign}.1%}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:{sign}.3g}"


def metric_page(measured: Sequence[Measurement], *, title: str) -> str:
    """Return a page with a table for each group, and the metrics that are not available."""
    return "".join(page(f"Metrics of {title}", _body(measured)))


def _body(measured: Sequence[Measurement]) -> Iterator[str]:
    heads = ("metric", "value", "95 % interval", "n", "strategy and part")
    for group, members in groupby(measured, key=lambda measurement: measurement.group):
        known = [measurement for measurement in members if measurement.figures]
        if known:
            yield f"<h2>{text(group)}</h2>\n"
            rows = [
                _cells(measurement, figure)
                for measurement in known
                for figure in measurement.figures
            ]
            yield from table(heads, rows, label=group)
    missing = [measurement for measurement in measured if measurement.missing]
    if missing:
        rows = [
            (_named(measurement), text(NEEDS[measurement.missing]))
            for measurement in missing
            if measurement.missing
        ]
        yield "<h2>Not available</h2>\n"
        yield from table(("metric", "needs"), rows, label="not available")


def _cells(measured: Measurement, figure: Figure) -> tuple[str, ...]:
    _, value, interval, n, where = figure_row(measured, figure)
    return _named(measured), value, interval, n, text(where)


def _named(measured: Measurement) -> str:
    """Return the name of a metric with its definition behind it, for a pointer that rests there."""
    definition = text(find_metric(measured.metric).definition)
    return f'<span title="{definition}">{text(measured.metric)}</span>'
