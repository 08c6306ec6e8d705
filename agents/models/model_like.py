"""Models as callers write them: by name, or as a chat model."""

from typing import TypeAlias

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable

ModelLike: TypeAlias = "str | BaseChatModel | Runnable[LanguageModelInput, BaseMessage]"
"""A name such as `ollama_chat/qwen3:8b`, a LangChain chat model, or a runnable made from one."""


def as_chat_model(model: ModelLike) -> BaseChatModel:
    """Return the chat model for a name, as `resolve_model` does; a chat model is returned as it is.

    Raises `SettingError` for anything else, for an unknown provider and for a missing key.
    """
    if isinstance(model, BaseChatModel):
        return model
    # Agents are imported by commands that call no model; the clients take a second to import.
    from refinegraph.agents.models.resolve import resolve_model

    return resolve_model(model)
