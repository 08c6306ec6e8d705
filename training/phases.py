"""What is learned when."""

from collections.abc import Sequence
from typing import NamedTuple

from training.mixture import Mixture


class Phase(NamedTuple):
    """A stretch of training with one mixture of documents."""

    name: str
    tokens: int
    """How many tokens it takes at most."""
    mixture: Mixture | None = None
    """None for copying alone."""
    practice: int = 0
    """How many tasks the model tries before it begins: its own mistakes are what it repairs."""
    until_loss: float = 0.0
    """The running loss under which it is over before its tokens are spent."""
    starts_at: float = 1.0
    """The share of the full learning rate at its beginning."""
    ends_at: float = 1.0
    """The share that is left at its end; the rate falls in a straight line between."""

    def rate(self, tokens: int) -> float:
        """Return the share of the full learning rate after that many tokens."""
        passed = min(1.0, tokens / self.tokens)
        return self.starts_at + (self.ends_at - self.starts_at) * passed

    def is_over(self, tokens: int, loss: float) -> bool:
        """Return whether its tokens are spent or its loss is reached."""
        return tokens >= self.tokens or loss < self.until_loss


_SHORT = Mixture(
    steps=(1, 1, 1, 2, 2, 3), vague=(0, 0, 0, 1), plan=0.25, tests=0.15, judged=0.1, keep=0.4
)
_LONG = Mixture(
    steps=(1, 2, 2, 3, 3, 4, 5, 6, 7, 8),
    vague=(0, 0, 1, 2, 3, 4),
    plan=0.2,
    tests=0.15,
    lesson=0.25,
    judged=0.35,
    several=0.1,
)
_FULL = Mixture(
    steps=(1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10),
    vague=(0, 0, 1, 2, 3, 4, 5, 6, 8),
    plan=0.12,
    tests=0.15,
    lesson=0.25,
    judged=0.5,
    several=0.15,
    own=0.8,
)
_REPAIR = Mixture(
    steps=(1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8),
    vague=(0, 0, 1, 1, 2, 2, 3, 4),
    plan=0.08,
    tests=0.05,
    lesson=0.1,
    judged=0.95,
    several=0.1,
    keep=0.2,
    own=0.6,
)

PHASES = (
    Phase("copy", 1_000_000, until_loss=0.3),
    Phase("short", 7_000_000, _SHORT),
    Phase("long", 14_000_000, _LONG),
    Phase("full", 12_000_000, _FULL, practice=3_000, ends_at=0.5),
    Phase("last", 11_000_000, _FULL, practice=1_500, starts_at=0.5, ends_at=0.01),
    Phase("repair", 6_000_000, _REPAIR, practice=1_500, starts_at=0.4, ends_at=0.01),
)
"""Copying is settled first; then what single steps mean; then how they compose; then all roles on
tasks of up to ten steps, with mistakes of the model's own; then the same with mistakes sampled
anew, while the learning rate falls to nothing; then reviews and repairs above all, on tasks whose
mistakes can be found. About 51 million tokens."""


def scaled(phases: Sequence[Phase], share: float) -> tuple[Phase, ...]:
    """Return shorter phases, with as much less practice: for trials of the recipe."""
    return tuple(
        phase._replace(tokens=round(phase.tokens * share), practice=round(phase.practice * share))
        for phase in phases
    )
