"""Scorers that need no chat model: execution, agreement, reward models and ensembles.

A scorer is a plain or async callable that takes a problem and its candidates and returns one
`Score` per candidate.
"""

from refinegraph.tools.scorers.basic import (
    ScoreBatch,
    Scorer,
    agreement,
    execution,
    first_of,
    reported_logprobs,
    run_scorer,
    score_each,
    self_certainty,
)
from refinegraph.tools.scorers.ensembles import (
    mean_of,
    product_of,
    uncertainty_weighted,
    worst_of,
)
from refinegraph.tools.scorers.reward_model import RewardModel
from refinegraph.tools.scorers.step_certainty import step_certainty

__all__ = [
    "RewardModel",
    "ScoreBatch",
    "Scorer",
    "agreement",
    "execution",
    "first_of",
    "mean_of",
    "product_of",
    "reported_logprobs",
    "run_scorer",
    "score_each",
    "self_certainty",
    "step_certainty",
    "uncertainty_weighted",
    "worst_of",
]
