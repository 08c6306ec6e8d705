"""Any number of samples from any chat model."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Generations, Sampling
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.batches import BatchSize, sample
from refinegraph.agents.models.callbacks import with_callbacks
from refinegraph.agents.models.foreign import ForeignModel, name_of
from refinegraph.errors import InputError


async def generate(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    n: int = 1,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
) -> Generations:
    """Return n samples of the model's answer to the messages, and what they cost.

    One request where the provider returns several choices at once; what is missing is asked for
    one by one in parallel. Chat models of other packages are called once a sample, and only the
    temperature, `top_p`, `max_tokens` and the stop texts are passed on to them. Deadline,
    observers and the limit of calls in flight come from `run_scope`. With a seed, a request that is
    made again within a run goes on where the one before ended: its samples are others. Fewer than n
    samples come back only where some requests failed for good while others did not.

    Raises:
        ModelError: When no sample came: one sentence with model, address and reason, no keys.
        DeadlineExceeded: When the run's time was up before any sample came.

    >>> import asyncio
    >>> from langchain_core.messages import HumanMessage
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> generations = asyncio.run(generate(ScriptedChatModel("4"), [HumanMessage("2 + 2?")]))
    >>> generations.choices[0].text, generations.usage.llm_calls
    ('4', 1)
    """
    if n < 1:
        raise InputError(f"{n!r} samples were asked for; at least 1 is needed.")
    if isinstance(model, SamplingChatModel):
        return await with_callbacks(
            lambda: model.sample(messages, n=n, sampling=sampling),
            messages,
            name=model.endpoint.name,
            sampling=sampling,
        )
    foreign = ForeignModel(model)
    return await sample(foreign, messages, n=n, sampling=sampling, size=BatchSize(most=1))


def model_name(model: BaseChatModel) -> str:
    """Return the name that a model goes by in reports."""
    return model.endpoint.name if isinstance(model, SamplingChatModel) else name_of(model)
