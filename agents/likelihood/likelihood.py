"""The likelihood protocol, and functions that aggregate token log-probabilities."""

import math
from collections.abc import Sequence
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from refinegraph.agents.models import TokenLogprob, model_name
from refinegraph.errors import InputError
from refinegraph.schema import Step


class Likelihood(Protocol):
    """Measures how probable a text is as the reply in a conversation."""

    async def __call__(
        self, messages: Sequence[BaseMessage], text: str
    ) -> tuple[TokenLogprob, ...]:
        """Return the tokens of the text with their natural log-probabilities, in order."""
        ...


def likelihood_of(model: BaseChatModel) -> Likelihood:
    """Return the likelihood for a chat model's backend.

    Supported are models that run in this process (`embedded`, `local/PATH.gguf`) and models on a
    vLLM server (`hosted_vllm/NAME`, or `openai/NAME` with an address). Raises `InputError` for any
    other model. The call itself costs nothing.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> likelihood_of(ScriptedChatModel("4"))
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: model 'scripted' cannot measure how likely a given text is; \
use 'embedded', local/PATH.gguf or hosted_vllm/NAME, or pass a Likelihood.
    """
    from refinegraph.agents.likelihood.local import LocalLikelihood
    from refinegraph.agents.likelihood.server import ServerLikelihood
    from refinegraph.agents.models.providers.local_chat import LocalChatModel
    from refinegraph.agents.models.providers.remote_chat import RemoteChatModel

    if isinstance(model, LocalChatModel):
        return LocalLikelihood(model)
    if isinstance(model, RemoteChatModel) and model.api_base:
        key = model.api_key.get_secret_value() if model.api_key else None
        return ServerLikelihood(model.api_base, model.model.partition("/")[2], api_key=key)
    raise InputError(
        f"model {model_name(model)!r} cannot measure how likely a given text is; use 'embedded', "
        "local/PATH.gguf or hosted_vllm/NAME, or pass a Likelihood."
    )


def total_logprob(tokens: Sequence[TokenLogprob]) -> float:
    """Return the log-probability of a whole text in nats; 0 for an empty text.

    >>> total_logprob([TokenLogprob(token="4", logprob=-0.5), TokenLogprob(token=".", logprob=-1)])
    -1.5
    """
    return math.fsum(token.logprob for token in tokens)


def mean_logprob(tokens: Sequence[TokenLogprob]) -> float:
    """Return the mean log-probability per token in nats; 0 for an empty text.

    The perplexity is `exp(-mean_logprob(tokens))`.
    """
    return total_logprob(tokens) / len(tokens) if tokens else 0.0


def step_logprobs(tokens: Sequence[TokenLogprob], steps: Sequence[Step]) -> tuple[float, ...]:
    """Return the log-probability of each step of a text, in nats.

    A token belongs to the last step that begins before the token's end, so blanks between two
    steps count towards the earlier step.

    >>> words = [TokenLogprob(token=word, logprob=-1.0) for word in ("one", "\\n", "two")]
    >>> step_logprobs(words, [Step(start=0, end=3), Step(start=4, end=7)])
    (-2.0, -1.0)
    """
    sums = [0.0] * len(steps)
    end = 0
    for token in tokens:
        end += len(token.token)
        step = max((n for n, part in enumerate(steps) if part.start < end), default=None)
        if step is not None:
            sums[step] += token.logprob
    return tuple(sums)
