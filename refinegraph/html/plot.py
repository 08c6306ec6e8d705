"""A plot of accuracy against cost, for wide and for narrow screens."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from refinegraph.html.page import percent, text

_COLOURS = 8
"""The number of series colours in the style sheet. Further strategies repeat them with another
shape."""
_MOST_NAMES = 12
"""The maximum number of strategies whose names are drawn; more names would overlap."""


class Point(NamedTuple):
    """One strategy."""

    name: str
    tokens: float
    """The mean tokens per problem."""
    accuracy: float
    low: float
    high: float
    """The ends of the interval of the accuracy."""
    curve: tuple[tuple[float, float], ...] = ()
    """Tokens and accuracy with fewer samples, for a strategy that only samples."""


@dataclass(frozen=True)
class _Frame:
    """The area of a plot, and the conversion of figures to pixels."""

    width: float
    height: float
    right: float
    """Space for names to the right of the area."""
    low: float
    high: float
    x_min: float
    x_max: float
    """Ends of the axes: shares, and decimal logarithms of tokens."""
    left: float = 54
    top: float = 14
    bottom: float = 50

    def x(self, tokens: float) -> float:
        """Return the horizontal position of a number of tokens."""
        inner = self.width - self.left - self.right
        share = (math.log10(max(1.0, tokens)) - self.x_min) / (self.x_max - self.x_min)
        return self.left + inner * share

    def y(self, share: float) -> float:
        """Return the vertical position of an accuracy."""
        inner = self.height - self.top - self.bottom
        return self.top + inner * (self.high - share) / (self.high - self.low)


def accuracy_plot(points: Sequence[Point]) -> str:
    """Return a plot of accuracy, with its interval, against tokens on a logarithmic scale.

    It contains the plot in two sizes, of which the style sheet shows one, and a legend with the
    numbers. A dashed line connects the strategies that no other strategy beats in both directions.
    """
    if not points:
        return ""
    words = "; ".join(
        f"{point.name}: {percent(point.accuracy)} at {point.tokens:,.0f} tokens" for point in points
    )
    label = text(f"Accuracy against tokens per problem. {words}")
    has_names = len(points) <= _MOST_NAMES
    longest = max(len(point.name) for point in points) if has_names else 0
    broad = _frame(points, width=720, height=400, right=min(240.0, 24 + 6.6 * longest))
    narrow = _frame(points, width=350, height=320, right=14)
    return (
        '<figure class="plot">'
        f"{_picture(points, broad, label, style='broad', has_names=has_names)}"
        f"{_picture(points, narrow, label, style='narrow', has_names=False)}"
        f"{_legend(points)}</figure>\n"
    )


def _frame(points: Sequence[Point], *, width: float, height: float, right: float) -> _Frame:
    shares = [share for point in points for share in (point.low, point.high)]
    shares += [share for point in points for _, share in point.curve]
    tokens = [tokens for point in points for tokens, _ in ((point.tokens, 0), *point.curve)]
    low, high = math.floor(min(shares) * 10) / 10, math.ceil(max(shares) * 10) / 10
    if high <= low:
        low, high = max(0.0, low - 0.1), min(1.0, high + 0.1)
    x_min, x_max = math.log10(max(1.0, min(tokens))), math.log10(max(1.0, *tokens))
    # A tenth of the axis on both sides, and at least a third of a decade, keeps marks off the rim.
    margin = max(0.15, (x_max - x_min) / 10)
    return _Frame(width, height, right, low, high, x_min - margin, x_max + margin)


def _picture(
    points: Sequence[Point], frame: _Frame, label: str, *, style: str, has_names: bool
) -> str:
    names = _spread({point.name: frame.y(point.accuracy) for point in points}) if has_names else {}
    marks = "".join(_mark(place, point, frame) for place, point in enumerate(points))
    titles = "".join(_name(point, frame, names[point.name]) for point in points if names)
    return (
        f'<svg class="{style}" viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="img" '
        f'aria-label="{label}">{"".join(_axes(frame))}{_frontier(points, frame)}{titles}{marks}'
        "</svg>"
    )


def _axes(frame: _Frame) -> Iterator[str]:
    right, bottom = frame.width - frame.right, frame.height - frame.bottom
    step = 0.1 if frame.high - frame.low <= 0.6 else 0.2
    for number in range(round((frame.high - frame.low) / step) + 1):
        share = frame.low + number * step
        if share > frame.high + 1e-9:
            break
        at = frame.y(share)
        yield f'<path class="grid" d="M{frame.left:.0f} {at:.1f}H{right:.0f}"/>'
        yield (
            f'<text x="{frame.left - 8:.0f}" y="{at + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        )
    for tokens in _ticks(frame):
        at = frame.x(tokens)
        yield f'<path class="axis" d="M{at:.1f} {bottom:.0f}v5"/>'
        yield (
            f'<text x="{at:.1f}" y="{bottom + 19:.0f}" text-anchor="middle">{_short(tokens)}</text>'
        )
    yield f'<path class="axis" d="M{frame.left:.0f} {bottom:.0f}H{right:.0f}"/>'
    yield (
        f'<text class="soft" x="{(frame.left + right) / 2:.0f}" y="{frame.height - 10:.0f}" '
        'text-anchor="middle">tokens per problem (logarithmic)</text>'
    )
    middle = (frame.top + bottom) / 2
    yield (
        f'<text class="soft" transform="rotate(-90)" x="{-middle:.0f}" y="12" '
        'text-anchor="middle">accuracy</text>'
    )


def _ticks(frame: _Frame) -> list[int]:
    """Return round numbers of tokens that leave space for their labels."""
    for marks in ((1, 2, 5), (1, 3), (1,)):
        ticks = [
            mark * 10**power
            for power in range(10)
            for mark in marks
            if frame.x_min <= math.log10(mark * 10**power) <= frame.x_max
        ]
        if len(ticks) * 44 <= frame.width - frame.left - frame.right:
            return ticks
    return []


def _short(tokens: int) -> str:
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:g}M"
    return f"{tokens / 1_000:g}k" if tokens >= 1_000 else str(tokens)


def _best(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other point beats in both directions, cheapest first."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.tokens, -point.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def _frontier(points: Sequence[Point], frame: _Frame) -> str:
    best = _best(points)
    if len(best) < 2:
        return ""
    path = " ".join(f"{frame.x(point.tokens):.1f},{frame.y(point.accuracy):.1f}" for point in best)
    return f'<polyline class="frontier" points="{path}"/>'


def _spread(heights: Mapping[str, float], *, gap: float = 16.0) -> dict[str, float]:
    """Move overlapping labels apart."""
    placed: dict[str, float] = {}
    last = -math.inf
    for name, height in sorted(heights.items(), key=lambda pair: pair[1]):
        last = max(height, last + gap)
        placed[name] = last
    return placed


def _mark(place: int, point: Point, frame: _Frame) -> str:
    x, y = frame.x(point.tokens), frame.y(point.accuracy)
    curve = " ".join(f"{frame.x(tokens):.1f},{frame.y(share):.1f}" for tokens, share in point.curve)
    line = f'<polyline class="series line" points="{curve}"/>' if len(point.curve) > 1 else ""
    words = text(f"{point.name}: {percent(point.accuracy)} at {point.tokens:,.0f} tokens")
    return (
        f'<g style="--series:var(--s{place % _COLOURS})"><title>{words}</title>{line}'
        f'<path class="series line" d="M{x:.1f} {frame.y(point.high):.1f}V'
        f'{frame.y(point.low):.1f}"/>{_symbol(place, x, y)}</g>'
    )


def _symbol(place: int, x: float, y: float) -> str:
    """Return the mark of a series; strategies differ in colour and shape."""
    shape = (place + place // _COLOURS) % 4
    if shape == 0:
        return f'<circle class="series" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    paths = {
        1: f"M{x - 4.5:.1f} {y - 4.5:.1f}h9v9h-9z",
        2: f"M{x:.1f} {y - 6:.1f}l6 10.5h-12z",
        3: f"M{x:.1f} {y - 6.5:.1f}l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
    }
    return f'<path class="series" d="{paths[shape]}"/>'


def _name(point: Point, frame: _Frame, height: float) -> str:
    right = frame.width - frame.right
    return (
        f'<path class="grid" d="M{frame.x(point.tokens) + 8:.1f} {frame.y(point.accuracy):.1f}'
        f'L{right + 4:.1f} {height:.1f}"/>'
        f'<text x="{right + 8:.1f}" y="{height + 4:.1f}">{text(_cut(point.name))}</text>'
    )


def _cut(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:31]}…"


def _legend(points: Sequence[Point]) -> str:
    items = "".join(
        f'<li><svg width="16" height="16" aria-hidden="true" style="--series:var(--s{place % 8})">'
        f"{_symbol(place, 8, 8)}</svg><span>{text(point.name)} "
        f'<span class="dim">{percent(point.accuracy)}, {point.tokens:,.0f} tokens</span></span>'
        "</li>"
        for place, point in enumerate(points)
    )
    lines = "".join(
        f'<li><svg width="26" height="14" aria-hidden="true" style="--series:var(--dim)">'
        f'<path class="{style}" d="M1 7H25"/></svg>{words}</li>'
        for style, words, is_shown in (
            ("frontier", "no strategy is cheaper and more accurate", len(_best(points)) > 1),
            (
                "series line",
                "the same with fewer samples",
                any(len(point.curve) > 1 for point in points),
            ),
        )
        if is_shown
    )
    return (
        f'<ul class="legend">{items}{lines}</ul><figcaption>Vertical lines are 95% intervals.'
        "</figcaption>"
    )
