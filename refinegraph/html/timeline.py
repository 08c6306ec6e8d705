"""A timeline of a run: nodes of the graph, model calls and sandbox runs as bars."""

from collections.abc import Sequence

from refinegraph.html.page import text
from refinegraph.schema import TimedSpan
from refinegraph.wording import plural

MOST_BARS = 120
"""Bars that are drawn, the longest ones. More would be a picture several screens high."""

_WIDTH, _LEFT, _RIGHT, _ROW = 900, 190, 70, 18
_NAMES = {"node": "node of the graph", "call": "model call", "sandbox": "sandbox run"}


def timeline_plot(spans: Sequence[TimedSpan]) -> str:
    """Return a sentence, a picture with one bar for each span, and a legend."""
    timed = [span for span in spans if span.kind in _NAMES]
    shown = sorted(sorted(timed, key=_duration, reverse=True)[:MOST_BARS], key=_start)
    if not shown:
        return ""
    end = max(span.ended for span in timed) or 1e-9
    scale = (_WIDTH - _LEFT - _RIGHT) / end
    bars = "".join(_bar(row, span, scale) for row, span in enumerate(shown))
    height = _ROW * len(shown) + 26
    summary = _summary(timed, end, drawn=len(shown))
    return (
        f'<p class="dim">{summary}</p>\n<div class="wide" tabindex="0" role="region" '
        f'aria-label="timeline"><svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
        f'aria-label="{summary}">{bars}{_axis(height, end, scale)}</svg></div>\n{_legend()}'
    )


def _summary(spans: Sequence[TimedSpan], end: float, *, drawn: int) -> str:
    calls = [span for span in spans if span.kind == "call"]
    runs = sum(span.kind == "sandbox" for span in spans)
    concurrent = _max_concurrent(calls)
    together = f", at most {concurrent} at the same time" if concurrent > 1 else ""
    sentence = (
        f"{plural(len(calls), 'model call')}{together} and {plural(runs, 'sandbox run')} in "
        f"{end:.2f} seconds."
    )
    return sentence if drawn == len(spans) else f"{sentence} The longest {drawn} spans are drawn."


def _bar(row: int, span: TimedSpan, scale: float) -> str:
    top, left = row * _ROW, _LEFT + span.began * scale
    width = max(1.5, _duration(span) * scale)
    name = "sandbox" if span.kind == "sandbox" else span.name
    name = name if len(name) <= 26 else f"{name[:25]}…"
    seconds = f"{_duration(span):.3f} s"
    detail = f", {span.detail}" if span.detail else ""
    return (
        f"<g><title>{text(f'{span.name}: {seconds}{detail}')}</title>"
        f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{text(name)}</text>'
        f'<rect class="{span.kind}" x="{left:.1f}" y="{top + 3}" width="{width:.1f}" '
        f'height="{_ROW - 6}" rx="2"/><text class="soft" x="{left + width + 4:.1f}" '
        f'y="{top + 13}">{seconds}</text></g>'
    )


def _axis(height: int, end: float, scale: float) -> str:
    right = _LEFT + end * scale
    return (
        f'<path class="axis" d="M{_LEFT} {height - 22}H{right:.1f}"/>'
        f'<text x="{_LEFT}" y="{height - 6}">0 s</text>'
        f'<text x="{right:.1f}" y="{height - 6}" text-anchor="end">{end:.2f} s</text>'
    )


def _legend() -> str:
    items = "".join(
        f'<li><svg width="20" height="14" aria-hidden="true"><rect class="{kind}" x="1" y="2" '
        f'width="18" height="10" rx="2"/></svg>{name}</li>'
        for kind, name in _NAMES.items()
    )
    return f'<ul class="legend">{items}</ul>\n'


def _duration(span: TimedSpan) -> float:
    return span.ended - span.began


def _start(span: TimedSpan) -> tuple[float, float]:
    return span.began, -span.ended


def _max_concurrent(spans: Sequence[TimedSpan]) -> int:
    """Return how many spans overlapped at most."""
    changes = sorted(
        [(span.began, 1) for span in spans] + [(span.ended, -1) for span in spans],
    )
    most = running = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most
