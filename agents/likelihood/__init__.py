"""Likelihood: the probability that a model assigns to a text written by someone else.

A `Likelihood` returns the log-probability of every token of a text as the reply in a conversation.
`LocalLikelihood` measures it with llama.cpp in this process, `ServerLikelihood` with a vLLM
server, and `likelihood_of` chooses the one that fits a chat model.
"""

from refinegraph.agents.likelihood.likelihood import (
    Likelihood,
    likelihood_of,
    mean_logprob,
    step_logprobs,
    total_logprob,
)
from refinegraph.agents.likelihood.local import LocalLikelihood
from refinegraph.agents.likelihood.scorers import text_likelihood, written_likelihood
from refinegraph.agents.likelihood.server import ServerLikelihood

__all__ = [
    "Likelihood",
    "LocalLikelihood",
    "ServerLikelihood",
    "likelihood_of",
    "mean_logprob",
    "step_logprobs",
    "text_likelihood",
    "total_logprob",
    "written_likelihood",
]
