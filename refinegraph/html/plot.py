"""Accuracy against tokens, as a picture."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from refinegraph.html.page import text

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 16, 44


class Point(NamedTuple):
    """One strategy."""

    name: str
    tokens: float
    accuracy: float
    low: float
    high: float


def accuracy_plot(points: Sequence[Point]) -> str:
    """Return an SVG: tokens a problem on a logarithmic scale, accuracy with its interval."""
    if not points:
        return ""
    low, high = _span([each.low for each in points], [each.high for each in points])
    least = math.log10(max(1.0, min(each.tokens for each in points))) - 0.1
    most = math.log10(max(1.0, *(each.tokens for each in points))) + 0.1

    def x(tokens: float) -> float:
        inner = _WIDTH - _LEFT - _RIGHT
        return _LEFT + inner * (math.log10(max(1.0, tokens)) - least) / max(1e-9, most - least)

    def y(share: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - share) / (high - low)

    parts = [_grid(low, high, y), *_ticks(least, most, x)]
    heights = _spread({each.name: y(each.accuracy) for each in points})
    parts += [_mark(each, x(each.tokens), y, heights[each.name]) for each in points]
    told = "; ".join(f"{each.name} {each.accuracy:.1%} at {each.tokens:.0f}" for each in points)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="accuracy against tokens: '
        f'{text(told)}">{"".join(parts)}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">tokens a problem</text></svg>\n'
    )


def _span(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    low, high = math.floor(min(lows) * 10) / 10, math.ceil(max(highs) * 10) / 10
    return (low, high) if high > low else (max(0.0, low - 0.1), min(1.0, high + 0.1))


def _grid(low: float, high: float, y: Callable[[float], float]) -> str:
    steps = round((high - low) * 10)
    lines: list[str] = []
    for step in range(steps + 1):
        share = low + step / 10
        at = y(share)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        )
    return "".join(lines)


def _ticks(least: float, most: float, x: Callable[[float], float]) -> list[str]:
    marks = [1, 2, 5]
    found: list[str] = []
    for power in range(7):
        for mark in marks:
            tokens = mark * 10**power
            if least <= math.log10(tokens) <= most:
                found.append(
                    f'<text x="{x(tokens):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
                    f'text-anchor="middle">{tokens:,}</text>'
                )
    return found


def _spread(heights: Mapping[str, float], *, least: float = 14.0) -> dict[str, float]:
    """Move labels apart that would stand on each other."""
    placed: dict[str, float] = {}
    last = -math.inf
    for name, height in sorted(heights.items(), key=lambda pair: pair[1]):
        last = max(height, last + least)
        placed[name] = last
    return placed


def _mark(point: Point, at: float, y: Callable[[float], float], label: float) -> str:
    return (
        f'<line class="whisker" x1="{at:.1f}" x2="{at:.1f}" y1="{y(point.high):.1f}" '
        f'y2="{y(point.low):.1f}"/>'
        f'<circle class="dot" cx="{at:.1f}" cy="{y(point.accuracy):.1f}" r="4"/>'
        f'<line class="grid" x1="{at + 6:.1f}" x2="{_WIDTH - _RIGHT + 6}" '
        f'y1="{y(point.accuracy):.1f}" y2="{label:.1f}"/>'
        f'<text x="{_WIDTH - _RIGHT + 10}" y="{label + 4:.1f}">{text(point.name)}</text>'
    )
