"""A chat model around runnables that LangChain derives with `bind`, `with_retry` and the like."""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict

from refinegraph.errors import ModelError


class RunnableChatModel(BaseChatModel):
    """A chat model around any runnable that maps messages to a message."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    runnable: Runnable[LanguageModelInput, BaseMessage]

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Return the name of the inner model."""
        return name or inner_model(self.runnable).get_name(suffix)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(self.runnable.invoke(messages, **_settings(stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(await self.runnable.ainvoke(messages, **_settings(stop, kwargs)))

    def _result(self, message: object) -> ChatResult:
        if not isinstance(message, AIMessage):
            raise ModelError(
                f"Model {self.get_name()!r} returned a {type(message).__name__} instead of a "
                "message; pass the chat model without an output parser."
            )
        return ChatResult(generations=[ChatGeneration(message=message)])

    @property
    def _llm_type(self) -> str:
        return "refinegraph-runnable"


def inner_model(runnable: Any) -> Any:
    """Return the model inside bindings, retries and fallbacks."""
    while True:
        inner = getattr(runnable, "bound", None) or getattr(runnable, "runnable", None)
        if inner is None:
            return runnable
        runnable = inner


def _settings(stop: list[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "stop": stop} if stop else kwargs
