"""Any number of samples from any chat model."""

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
    """Return n samples of the model's answer to the messages, and what they cost.

    One request where the provider returns several choices at once; what is missing is asked for
    one by one in parallel. Chat models of other packages are called once a sample, and only the
    temperature, `top_p`, `max_tokens` and the stop texts are passed on to them. Deadline,
    observers and the limit of calls in flight come from `run_scope`. With a seed, a request that is
    made again within a run goes on where the one before ended: its samples are others. Fewer than n
    samples come back only where some requests failed for good while others did not.

    With a `prefix` the answer goes on from that text: each choice's text is the prefix and what was
    written behind it, its tokens and the usage count what was written. `finish_reason`, `truncated`
    and `stopped_at` tell how it ended, so that an answer can be written step by step.

    Args:
        model: A chat model of any package.
        messages: The conversation up to the answer, in any form that LangChain takes: a text,
            messages, or pairs such as `("user", "2 + 2?")`.
        n: How many samples are wanted.
        sampling: How to sample.
        prefix: The beginning of the answer. Samples, seeds and cached answers of one prefix are
            apart from those of another.
        on_missing_prefix: What to do with a model that cannot go on from a text: raise
            `ModelRequestRefused`, or show it the text and ask it to go on.
        stop: Texts that end the answer, in place of the sampling's.
        max_tokens: Tokens that one answer may have, in place of the sampling's.

    Raises:
        ModelError: When no sample came: one sentence with model, address and reason, no keys.
        DeadlineExceeded: When the run's time was up before any sample came.

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
        raise InputError(f"{n!r} samples were asked for; at least 1 is needed.")
    conversation = _conversation(messages)
    if isinstance(model, SamplingChatModel):
        return await with_callbacks(
            lambda: model.sample(conversation, n=n, sampling=sampling),
            conversation,
            name=model.endpoint.name,
            sampling=sampling,
        )
    foreign = LangChainAdapter(model)
    return await sample(foreign, conversation, n=n, sampling=sampling, size=BatchSize(most=1))


def _conversation(messages: str | Sequence[MessageLikeRepresentation]) -> list[BaseMessage]:
    try:
        return convert_to_messages([messages] if isinstance(messages, str) else messages)
    except (ValueError, TypeError, NotImplementedError):
        raise InputError(
            f"{messages!r:.100} is no conversation; expected a text, messages, or pairs such as "
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
    """Return the name that a model goes by in reports."""
    return model.endpoint.name if isinstance(model, SamplingChatModel) else name_of(model)
