"""What is learned when."""

from typing import NamedTuple


class Phase(NamedTuple):
    """A stretch of training with one mixture of documents."""

    name: str
    tokens: int
    """How many tokens it takes at most."""
    lengths: tuple[int, ...] = ()
    """How many operations its tasks compose; empty for copying alone."""
    repairs: float = 0.0
    """The share of documents that review and refine."""
    practice: int = 0
    """How many tasks the model tries before it begins: its own mistakes are what it reviews."""
    until_loss: float = 0.0
    """The running loss under which it is over before its tokens are spent."""
    practice_seed: int = 500_000
    """Which tasks these are."""
    vague_share: float = 0.4
    """How often a step of these tasks is left to the examples, where it can be."""
    plain_names: bool = True
    """Whether its functions have one of a few names and call their argument `x`."""
    falls_to: float = 1.0
    """The share of the learning rate that is left at its end."""

    def rate(self, tokens: int) -> float:
        """Return the share of the full learning rate after that many tokens."""
        return 1.0 - (1.0 - self.falls_to) * min(1.0, tokens / self.tokens)

    def is_over(self, tokens: int, loss: float) -> bool:
        """Return whether its tokens are spent or its loss is reached."""
        return tokens >= self.tokens or loss < self.until_loss


PHASES = (
    Phase("copy", 2_000_000, until_loss=0.3),
    Phase("short", 1_500_000, lengths=(1, 1, 2), repairs=0.1),
    Phase("long", 14_000_000, lengths=(1, 2, 2, 3, 3, 4), repairs=0.3),
    Phase(
        "repair",
        6_000_000,
        lengths=(1, 2, 2, 3, 3, 4),
        repairs=0.6,
        practice=5_000,
        falls_to=0.02,
    ),
    Phase(
        "names",
        8_000_000,
        lengths=(1, 1, 2, 2, 3, 3, 4),
        repairs=0.5,
        practice=5_000,
        plain_names=False,
        falls_to=0.01,
    ),
    Phase(
        "again",
        5_000_000,
        lengths=(1, 2, 3, 3, 4, 4),
        repairs=0.6,
        practice=5_000,
        practice_seed=600_000,
        vague_share=0.6,
        plain_names=False,
        falls_to=0.01,
    ),
)
"""Copying is settled first; then what the steps mean; then how they compose; then to repair what
the model itself gets wrong; then names of all kinds, with what it still gets wrong by then; then
once more, on harder tasks."""
