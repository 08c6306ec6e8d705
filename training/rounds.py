"""The results of the rounds of a learning loop, and their comparison."""

from typing import NamedTuple

from refinegraph.evaluation.statistics import bootstrap_interval
from training.progress import Progress

FORWARD_SHARE = 1 / 3
"""The cost of a generated token relative to a trained one: training adds the backward pass, which
costs about twice as much as the forward pass."""


class Round(NamedTuple):
    """The results of one round."""

    number: int
    learned_tokens: int
    written_tokens: int
    progress: Progress

    @property
    def compute(self) -> float:
        """The trained tokens, plus the generated ones at a third of their number."""
        return self.learned_tokens + FORWARD_SHARE * self.written_tokens


def describe(done: Round) -> str:
    """Return the figures of a round in one line."""
    progress = done.progress
    return (
        f"round {done.number}  pass@1 {progress.pass_1:.1%}  greedy {progress.greedy:.1%}  "
        f"pass@k {progress.pass_k:.1%}  gap {progress.gap:.1%}  "
        f"diversity {progress.diversity:.2f}  damage {progress.damage:.1%}  "
        f"hardest {progress.hardest:.1%}  fooled {progress.fooled:.1%}  compute {done.compute:.0f}"
    )


def compare(ours: Round, plain: Round) -> str:
    """Return the difference in pass@1 to plain training, paired by task, with its interval."""
    pairs = zip(ours.progress.by_task, plain.progress.by_task, strict=True)
    differences = [a - b for a, b in pairs]
    low, high = bootstrap_interval(differences) or (0.0, 0.0)
    mean = sum(differences) / len(differences)
    return f"round {ours.number}: {mean:+.1%} ({low:+.1%} to {high:+.1%}) against plain training"
