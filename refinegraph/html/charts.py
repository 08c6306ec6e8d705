"""Small pictures for reports: how far scores can be trusted, and what runs cost."""

from collections.abc import Sequence

from refinegraph.evaluation.metrics import ReliabilityBin
from refinegraph.html.page import text

_SIZE, _EDGE = 220, 34


def reliability_plot(name: str, bins: Sequence[ReliabilityBin]) -> str:
    """Return an SVG of how often answers were right against their score; the diagonal is ideal."""
    inner = _SIZE - 2 * _EDGE

    def x(value: float) -> float:
        return _EDGE + inner * value

    def y(value: float) -> float:
        return _SIZE - _EDGE - inner * value

    dots = [
        f'<circle class="dot" cx="{x(each.score):.1f}" cy="{y(each.right):.1f}" '
        f'r="{3 + min(6, each.answers**0.5 / 3):.1f}"/>'
        for each in bins
    ]
    path = " ".join(f"{x(each.score):.1f},{y(each.right):.1f}" for each in bins)
    told = "; ".join(
        f"score {each.score:.2f}: {each.right:.0%} right of {each.answers}" for each in bins
    )
    return (
        f'<figure><svg viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" '
        f'aria-label="reliability of {text(name)}: {text(told)}">'
        f'<rect class="grid" x="{_EDGE}" y="{_EDGE}" width="{inner}" height="{inner}" '
        'fill="none"/>'
        f'<line class="grid" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>'
        f'<polyline class="whisker" fill="none" points="{path}"/>{"".join(dots)}'
        f'<text x="{_EDGE}" y="{_SIZE - 12}">score 0</text>'
        f'<text x="{_SIZE - _EDGE}" y="{_SIZE - 12}" text-anchor="end">1</text>'
        f'<text x="{_EDGE}" y="{_EDGE - 8}">right</text></svg>'
        f"<figcaption>{text(name)}</figcaption></figure>\n"
    )


def token_histogram(name: str, bars: Sequence[tuple[int, int]]) -> str:
    """Return an SVG of how many runs took up to so many tokens, powers of two apart."""
    if not bars:
        return ""
    most = max(count for _, count in bars)
    inner = _SIZE - 2 * _EDGE
    width = inner / len(bars)
    parts: list[str] = []
    for place, (tokens, count) in enumerate(bars):
        height = inner * count / most
        left = _EDGE + place * width
        parts.append(
            f'<rect class="dot" x="{left + 1:.1f}" y="{_SIZE - _EDGE - height:.1f}" '
            f'width="{max(1.0, width - 2):.1f}" height="{height:.1f}"/>'
        )
        if len(bars) <= 5 or place % 2 == 0:
            parts.append(
                f'<text x="{left + width / 2:.1f}" y="{_SIZE - 16}" text-anchor="middle">'
                f"{_short(tokens)}</text>"
            )
    told = "; ".join(f"up to {tokens:,} tokens: {count}" for tokens, count in bars)
    return (
        f'<figure><svg viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" '
        f'aria-label="runs of {text(name)} by tokens: {text(told)}">{"".join(parts)}'
        f'<text x="{_EDGE}" y="{_EDGE - 8}">{most:,} runs</text></svg>'
        f"<figcaption>{text(name)}</figcaption></figure>\n"
    )


def _short(tokens: int) -> str:
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens)
