"""Scorers that need no chat model: execution, agreement, reward models, and what joins them.

A scorer is any callable, plain or async, from a problem and its candidates to one `Score` each.
What it costs it charges with `spend`.
"""

from refinegraph.tools.scorers.basic import Scorer, agreement, execution, self_certainty
from refinegraph.tools.scorers.ensembles import (
    mean_of,
    product_of,
    uncertainty_weighted,
    worst_of,
)
from refinegraph.tools.scorers.reward_model import RewardModel
from refinegraph.tools.scorers.spending import spend, spending

__all__ = [
    "RewardModel",
    "Scorer",
    "agreement",
    "execution",
    "mean_of",
    "product_of",
    "self_certainty",
    "spend",
    "spending",
    "uncertainty_weighted",
    "worst_of",
]
