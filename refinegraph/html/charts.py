"""Small charts of an evaluation: the calibration of scores, and the cost of runs."""

from collections.abc import Sequence

from refinegraph.evaluation.metrics import ReliabilityBin
from refinegraph.html.page import text

_SIZE, _EDGE = 240, 40


def reliability_plot(name: str, bins: Sequence[ReliabilityBin]) -> str:
    """Return a chart of the share of right answers by score; the diagonal is ideal."""
    inner = _SIZE - 2 * _EDGE

    def x(value: float) -> float:
        return _EDGE + inner * value

    def y(value: float) -> float:
        return _SIZE - _EDGE - inner * value

    dots = "".join(
        f'<circle class="bar" cx="{x(point.score):.1f}" cy="{y(point.right):.1f}" '
        f'r="{3 + min(6, point.answers**0.5 / 3):.1f}"/>'
        for point in bins
    )
    path = " ".join(f"{x(point.score):.1f},{y(point.right):.1f}" for point in bins)
    words = "; ".join(
        f"score {point.score:.2f}: {point.right:.0%} right of {point.answers}" for point in bins
    )
    return (
        f'<figure><svg viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" '
        f'aria-label="reliability of {text(name)}: {text(words)}">'
        f'<rect class="grid" x="{_EDGE}" y="{_EDGE}" width="{inner}" height="{inner}"/>'
        f'<path class="frontier" d="M{x(0)} {y(0)}L{x(1)} {y(1)}"/>'
        f'<polyline class="series line" style="--series:var(--mark)" points="{path}"/>{dots}'
        f"{_ends()}</svg><figcaption>{text(name)}</figcaption></figure>\n"
    )


def _ends() -> str:
    low, high = _EDGE, _SIZE - _EDGE
    return (
        f'<text x="{low}" y="{high + 16}" text-anchor="middle">0</text>'
        f'<text x="{high}" y="{high + 16}" text-anchor="middle">1</text>'
        f'<text class="soft" x="{_SIZE / 2}" y="{high + 30}" text-anchor="middle">score</text>'
        f'<text x="{low - 6}" y="{high + 4}" text-anchor="end">0%</text>'
        f'<text x="{low - 6}" y="{low + 4}" text-anchor="end">100%</text>'
        f'<text class="soft" x="{low}" y="{low - 12}">answers that were right</text>'
    )


def token_histogram(name: str, bars: Sequence[tuple[int, int]]) -> str:
    """Return a histogram of the tokens of runs, in powers of two.

    It is empty if all runs took about the same.
    """
    if len(bars) < 2:
        return ""
    highest = max(count for _, count in bars)
    inner = _SIZE - 2 * _EDGE
    width = inner / len(bars)
    parts: list[str] = []
    for place, (tokens, count) in enumerate(bars):
        height = inner * count / highest
        left = _EDGE + place * width
        parts.append(
            f'<rect class="bar" x="{left + 1:.1f}" y="{_SIZE - _EDGE - height:.1f}" '
            f'width="{max(1.0, width - 2):.1f}" height="{height:.1f}"/>'
        )
        if place % max(1, round(len(bars) / 5)) == 0:
            parts.append(
                f'<text x="{left + width / 2:.1f}" y="{_SIZE - _EDGE + 16}" text-anchor="middle">'
                f"{_short(tokens)}</text>"
            )
    words = "; ".join(f"up to {tokens:,} tokens: {count}" for tokens, count in bars)
    return (
        f'<figure><svg viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" '
        f'aria-label="runs of {text(name)} by tokens: {text(words)}">{"".join(parts)}'
        f'<path class="axis" d="M{_EDGE} {_SIZE - _EDGE}h{inner}"/>'
        f'<text class="soft" x="{_SIZE / 2}" y="{_SIZE - _EDGE + 30}" text-anchor="middle">tokens '
        f'of a run, up to</text><text class="soft" x="{_EDGE}" y="{_EDGE - 12}">'
        f"{highest:,} runs in the highest bar</text></svg>"
        f"<figcaption>{text(name)}</figcaption></figure>\n"
    )


def _short(tokens: int) -> str:
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens)
