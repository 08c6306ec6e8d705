"""What ran when: nodes, model calls and sandbox runs as bars beside each other."""

from collections.abc import Sequence

from refinegraph.html.page import text
from refinegraph.schema import TimedSpan

MOST = 120
"""Bars that are drawn; of more, the longest."""
_WIDTH, _LEFT, _BAR = 900, 210, 16
_CLASSES = {"node": "node", "call": "call", "sandbox": "sandbox"}


def timeline_plot(spans: Sequence[TimedSpan]) -> str:
    """Return an SVG with a bar a span, in the order in which they began, and a legend."""
    shown = [each for each in spans if each.kind in _CLASSES]
    shown = sorted(sorted(shown, key=lambda each: each.began - each.ended)[:MOST], key=_began)
    if not shown:
        return ""
    last = max(each.ended for each in shown) or 1e-9
    scale = (_WIDTH - _LEFT - 70) / last
    bars = "".join(_bar(place, each, scale) for place, each in enumerate(shown))
    height = _BAR * len(shown) + 26
    calls = [each for each in shown if each.kind == "call"]
    told = (
        f"{last:.2f} seconds; model calls: {len(calls)}, at most {_together(calls)} at a time; "
        f"sandbox runs: {sum(each.kind == 'sandbox' for each in shown)}"
    )
    return (
        f'<p class="dim">{told}.</p>\n<div class="wide" tabindex="0" role="region" '
        f'aria-label="timeline"><svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
        f'aria-label="timeline: {told}">{bars}'
        f'<text x="{_LEFT}" y="{height - 6}">0 s</text>'
        f'<text x="{_LEFT + last * scale:.1f}" y="{height - 6}" text-anchor="end">{last:.2f} s'
        "</text></svg></div>\n"
    )


def _bar(place: int, span: TimedSpan, scale: float) -> str:
    top, left = place * _BAR, _LEFT + span.began * scale
    width = max(1.5, (span.ended - span.began) * scale)
    name = "sandbox run" if span.kind == "sandbox" else span.name
    name = name if len(name) <= 28 else name[:27] + "…"
    seconds = f"{span.ended - span.began:.3f} s"
    detail = f", {span.detail}" if span.detail else ""
    return (
        f"<g><title>{text(f'{span.name}: {seconds}{detail}')}</title>"
        f'<text x="{_LEFT - 8}" y="{top + 12}" text-anchor="end">{text(name)}</text>'
        f'<rect class="{_CLASSES[span.kind]}" x="{left:.1f}" y="{top + 3}" width="{width:.1f}" '
        f'height="{_BAR - 5}"/><text x="{left + width + 4:.1f}" y="{top + 12}">{seconds}</text></g>'
    )


def _began(span: TimedSpan) -> tuple[float, float]:
    return span.began, -span.ended


def _together(spans: Sequence[TimedSpan]) -> int:
    """Return how many spans went on at a time at most."""
    return max(
        (sum(other.began <= each.began < other.ended for other in spans) for each in spans),
        default=0,
    )
