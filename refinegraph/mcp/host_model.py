"""The model of the MCP host, asked by sampling requests instead of with a key of one's own."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    SamplingMessage,
    TextContent,
)

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.completions.prefixes import continuation, only_new
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion, Sampling
from refinegraph.errors import ModelRequestRefused
from refinegraph.options import RunOptions

HOST = "host"
"""The model name that stands for the model of the host."""
_MAX_TOKENS = 8_192
"""Maximum tokens of an answer if the run sets no limit; sampling requests must specify one."""
_FINISH_REASONS = {"endTurn": "stop", "stopSequence": "stop", "maxTokens": "length"}
_ROLES = ("model", "solver_model", "reviewer_model", "refiner_model", "tester_model")

AskHost = Callable[[CreateMessageRequestParams], Coroutine[Any, Any, CreateMessageResult]]
"""Sends one sampling request to the host of the current tool call and returns its answer."""

ask_host: ContextVar[AskHost | None] = ContextVar("ask_host", default=None)
"""How the current tool call reaches its host; None outside of a tool call."""


class HostChatModel(SamplingChatModel):
    """The model of whichever host called the tool.

    It works only within a tool call. Token counts are estimates and the price is unknown, because
    hosts report neither.
    """

    @property
    def endpoint(self) -> Endpoint:
        """The name of the model, for events and errors."""
        return Endpoint(HOST)

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Send one sampling request for each choice, all at once.

        Raises:
            ModelRequestRefused: If the host declines, or if no host is there to be asked.
        """
        ask = ask_host.get()
        if ask is None:
            raise ModelRequestRefused("The model 'host' can be asked only within an MCP tool call.")
        begun = continuation(messages, sampling, None, self.endpoint)
        request = _request(begun.messages, sampling)
        try:
            async with asyncio.TaskGroup() as group:
                answers = [group.create_task(ask(request)) for _ in range(n)]
        except* MCPError as errors:
            raise ModelRequestRefused(_declined(errors)) from None
        choices = tuple(_choice(answer.result()) for answer in answers)
        if sampling.prefix:
            prefix, form = sampling.prefix, begun.form
            choices = tuple(only_new(choice, prefix, form, self.endpoint) for choice in choices)
        return Completion(choices)

    @property
    def _llm_type(self) -> str:
        return "refinegraph-mcp-host"


def with_host_model(options: RunOptions) -> RunOptions:
    """Return the options with the host's model for every role that names `host`.

    >>> from refinegraph.options import RunOptions
    >>> type(with_host_model(RunOptions(model="host")).model).__name__
    'HostChatModel'
    """
    model = HostChatModel()
    hosts: dict[str, Any] = {role: model for role in _ROLES if getattr(options, role) == HOST}
    return replace(options, **hosts)


def uses_host_model(options: RunOptions) -> bool:
    """Return whether any role is played by the host's model."""
    return any(isinstance(getattr(options, role), HostChatModel) for role in _ROLES)


def _request(messages: Sequence[BaseMessage], sampling: Sampling) -> CreateMessageRequestParams:
    system = [message.text for message in messages if isinstance(message, SystemMessage)]
    return CreateMessageRequestParams(
        messages=[
            SamplingMessage(
                role="assistant" if isinstance(message, AIMessage) else "user",
                content=TextContent(text=message.text),
            )
            for message in messages
            if not isinstance(message, SystemMessage)
        ],
        system_prompt="\n\n".join(system) or None,
        max_tokens=sampling.max_tokens or _MAX_TOKENS,
        temperature=sampling.temperature,
        stop_sequences=list(sampling.stop) or None,
    )


def _choice(answer: CreateMessageResult) -> Choice:
    said = answer.content.text if isinstance(answer.content, TextContent) else ""
    text, reasoning = split_reasoning(said)
    reason = answer.stop_reason
    return Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=_FINISH_REASONS.get(reason, reason) if reason else None,
    )


def _declined(errors: ExceptionGroup[MCPError]) -> str:
    first = errors.exceptions[0]
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return f"The host did not ask its model: {str(first).rstrip('.')}."
