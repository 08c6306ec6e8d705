"""The phases of training."""

from collections.abc import Sequence
from typing import NamedTuple

from training.mixture import Mixture


class Phase(NamedTuple):
    """A phase of training with one mixture of documents."""

    name: str
    tokens: int
    """The maximum number of tokens."""
    mixture: Mixture | None = None
    """The mixture of tasks, or None to train only copying."""
    practice: int = 0
    """The number of tasks that the model attempts before the phase, to learn from its own
    mistakes."""
    until_loss: float = 0.0
    """The phase ends early when the running loss falls below this value."""
    starts_at: float = 1.0
    """The initial learning rate, as a share of the full one."""
    ends_at: float = 1.0
    """The final learning rate, as a share of the full one; the rate changes linearly."""

    def rate(self, tokens: int) -> float:
        """Return the share of the full learning rate after `tokens` tokens."""
        passed = min(1.0, tokens / self.tokens)
        return self.starts_at + (self.ends_at - self.starts_at) * passed

    def is_over(self, tokens: int, loss: float) -> bool:
        """Return whether the tokens are spent or the loss has been reached."""
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
PHASES = (
    Phase("copy", 1_000_000, until_loss=0.3),
    Phase("short", 7_000_000, _SHORT),
    Phase("long", 14_000_000, _LONG),
    Phase("full", 12_000_000, _FULL, practice=3_000, ends_at=0.5),
    Phase("last", 11_000_000, _FULL, practice=1_500, starts_at=0.5, ends_at=0.01),
)
"""The model first learns to copy, then the meaning of single steps, then how steps compose, and
then all roles on tasks of up to ten steps with its own mistakes. `last` repeats this with newly
sampled mistakes while the learning rate falls to nearly zero. All phases together take about 45
million tokens."""


def scaled(phases: Sequence[Phase], share: float) -> tuple[Phase, ...]:
    """Return phases of which only a share is trained, to try a change of the recipe."""
    return tuple(
        phase._replace(tokens=round(phase.tokens * share), practice=round(phase.practice * share))
        for phase in phases
    )
