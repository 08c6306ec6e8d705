"""Draw samples from any chat model."""

from collections.abc import Sequence
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    BaseMessage,
    MessageLikeRepresentation,
    convert_to_messages,
)

from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.calls.batches import BatchSize, sample
from refinegraph.agents.models.calls.langchain_callbacks import with_callbacks
from refinegraph.agents.models.providers.langchain_adapter import LangChainAdapter, name_of
from refinegraph.agents.models.types import Generations, Sampling
from refinegraph.errors import InputError


async def generate(
    model: BaseChatModel,
    messages: str | Sequence[MessageLikeRepresentation],
    *,
    n: int = 1,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    prefix: str | None = None,
    on_missing_prefix: Literal["raise", "ask"] = "raise",
    stop: Sequence[str] | None = None,
    max_tokens: int | None = None,
) -> Generations:
    """Return n samples of the model's answer to the messages, with their cost.

    Makes one request if the provider returns several choices per request; missing samples are
    requested individually, in parallel. Chat models of other packages are called once per sample
    and receive only the temperature, `top_p`, `max_tokens` and stop texts. The deadline, the
    observers and the concurrency limit come from `run_scope`. With a seed, repeating a request
    within a run continues its sequence of samples instead of repeating them. Returns fewer than n
    samples only if some requests failed permanently and others succeeded.

    With a `prefix`, the answer continues from that text. The text of each choice includes the
    prefix; its tokens and the usage count only the new text. `finish_reason`, `truncated` and
    `stopped_at` describe how the text ended, so that an answer can be written step by step.

    Args:
        model: A chat model of any package.
        messages: The conversation up to the answer, in any form that LangChain accepts: a text,
            messages, or pairs such as `("user", "2 + 2?")`.
        n: Number of samples.
        sampling: Sampling settings.
        prefix: The beginning of the answer. Seeds and cached answers are kept separately for each
            prefix.
        on_missing_prefix: For a model that cannot continue a text: `"raise"` raises
            `ModelRequestRefused`, `"ask"` shows the text and asks the model to continue it.
        stop: Texts that end the answer; overrides the sampling settings.
        max_tokens: Maximum tokens of one answer; overrides the sampling settings.

    Raises:
        ModelError: If there is no sample. The message names model, address and reason, no keys.
        DeadlineExceeded: If the run's deadline passed before the first sample.

    >>> import asyncio
    >>> from langchain_core.messages import HumanMessage
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> generations = asyncio.run(generate(ScriptedChatModel("4"), [HumanMessage("2 + 2?")]))
    >>> generations.choices[0].text, generations.usage.llm_calls
    ('4', 1)
    >>> model = ScriptedChatModel(" 4\\nSo")
    >>> step = asyncio.run(generate(model, [], prefix="2 + 2 =", stop=["\\n"]))
    >>> step.choices[0].text, step.choices[0].stopped_at
    ('2 + 2 = 4', '\\n')
    """
    sampling = _for_this_call(sampling, prefix, on_missing_prefix, stop, max_tokens)
    if n < 1:
        raise InputError(f"the number of samples must be at least 1, got {n!r}.")
    conversation = _conversation(messages)
    if isinstance(model, SamplingChatModel):
        return await with_callbacks(
            lambda: model.sample(conversation, n=n, sampling=sampling),
            conversation,
            name=model.endpoint.name,
            sampling=sampling,
        )
    adapter = LangChainAdapter(model)
    return await sample(adapter, conversation, n=n, sampling=sampling, size=BatchSize(limit=1))


def _conversation(messages: str | Sequence[MessageLikeRepresentation]) -> list[BaseMessage]:
    try:
        return convert_to_messages([messages] if isinstance(messages, str) else messages)
    except (ValueError, TypeError, NotImplementedError):
        raise InputError(
            f"{messages!r:.100} is not a conversation; expected a text, messages, or pairs such as "
            "('user', 'the text')."
        ) from None


def _for_this_call(
    sampling: Sampling,
    prefix: str | None,
    on_missing_prefix: Literal["raise", "ask"],
    stop: Sequence[str] | None,
    max_tokens: int | None,
) -> Sampling:
    changes: dict[str, object] = {}
    if prefix:
        asks = on_missing_prefix == "ask"
        changes |= {"prefix": prefix, "on_missing_prefix": "ask" if asks else None}
    if stop is not None:
        changes["stop"] = (stop,) if isinstance(stop, str) else tuple(stop)
    if max_tokens is not None:
        changes["max_tokens"] = max_tokens
    return Sampling.model_validate({**sampling.model_dump(), **changes}) if changes else sampling


def model_name(model: BaseChatModel) -> str:
    """Return a model's name for reports."""
    return model.endpoint.name if isinstance(model, SamplingChatModel) else name_of(model)
