"""Adapter for chat models of other packages, called through LangChain's interface."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.completions.logprobs import read_logprobs
from refinegraph.agents.models.completions.prefixes import (
    PrefixForm,
    continuation,
    foreign_prefix_form,
    only_new,
)
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.providers.runnable_chat import inner_model
from refinegraph.agents.models.spending.usage import bound_prompt
from refinegraph.agents.models.types import Choice, Completion, OnText, Sampling
from refinegraph.retry_policy import RetryPolicy

_NAME_FIELDS = ("model_name", "model", "model_id", "deployment_name")


def name_of(model: BaseChatModel) -> str:
    """Return the name of another package's chat model."""
    model = inner_model(model)
    if isinstance(model, SamplingChatModel):
        return model.endpoint.name
    for field in _NAME_FIELDS:
        value = getattr(model, field, None)
        if isinstance(value, str) and value:
            return value
    return model.get_name()


class LangChainAdapter:
    """Requests one choice at a time from any `BaseChatModel`."""

    def __init__(self, model: BaseChatModel) -> None:
        self.model = model
        self.retry = RetryPolicy(attempts=3)
        self.endpoint = Endpoint(name_of(model), opaque=True)

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Call the model once; its own settings apply where `sampling` leaves one unset."""
        if not _is_fake(self.model):
            check_call_allowed(self.endpoint.name, None)
        stop = list(sampling.stop) or None
        request = continuation(messages, sampling, self._prefix_form, self.endpoint)
        message = await self.model.ainvoke(list(request.messages), stop=stop, **_settings(sampling))
        answer = read_message(message)
        if not sampling.prefix:
            return answer
        new = (
            only_new(choice, sampling.prefix, request.form, self.endpoint)
            for choice in answer.choices
        )
        return answer._replace(choices=tuple(new))

    @property
    def _prefix_form(self) -> PrefixForm | None:
        inner = inner_model(self.model)
        if isinstance(inner, SamplingChatModel):
            return None
        return foreign_prefix_form([base.__name__ for base in type(inner).__mro__])

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Call the model once; its own streaming is not reported."""
        return await self.ask(messages, n=1, sampling=sampling)

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return an upper bound on the tokens of a prompt."""
        return bound_prompt(messages)

    @property
    def limits_answers(self) -> bool:
        """Whether the model has a `max_tokens` field; other models may reject one in a call."""
        return "max_tokens" in type(inner_model(self.model)).model_fields

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return None, because the price of another package's model is unknown."""
        return None


def read_message(message: AIMessage) -> Completion:
    """Convert a LangChain message, including reasoning, log-probabilities and token counts."""
    reasoning_blocks = [
        str(block.get("reasoning", ""))
        for block in message.content_blocks
        if block["type"] == "reasoning"
    ]
    text, reasoning = split_reasoning(message.text, "\n\n".join(filter(None, reasoning_blocks)))
    metadata: Mapping[str, Any] = message.response_metadata
    finish = (
        metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason")
    )
    choice = Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=str(finish) if finish else None,
        logprobs=read_logprobs(metadata.get("logprobs")),
    )
    usage = message.usage_metadata
    if usage is None:
        return Completion((choice,))
    return Completion((choice,), usage["input_tokens"], usage["output_tokens"])


def _settings(sampling: Sampling) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _is_fake(model: BaseChatModel) -> bool:
    """Return whether a model is one of LangChain's fakes, or checks its calls itself."""
    model = inner_model(model)
    fakes = "langchain_core.language_models.fake"
    ours = isinstance(model, SamplingChatModel)
    return ours or any(base.__module__.startswith(fakes) for base in type(model).__mro__)
