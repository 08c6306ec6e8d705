"""LangChain callbacks for calls that bypass LangChain's own methods."""

from collections.abc import Awaitable, Callable, Sequence

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult, LLMResult
from langchain_core.runnables.config import var_child_runnable_config

from refinegraph.agents.models.messages import as_chat_result
from refinegraph.agents.models.types import Generations, Sampling


async def with_callbacks(
    call: Callable[[], Awaitable[Generations]],
    messages: Sequence[BaseMessage],
    *,
    name: str,
    sampling: Sampling,
) -> Generations:
    """Make the call and notify the callbacks of the surrounding runnable, if there are any.

    In this way a LangGraph run's `messages` stream and tracers receive the model's calls.
    """
    manager = _manager()
    if manager is None:
        return await call()
    params = {"model": name, "model_name": name, **sampling.model_dump(exclude_none=True)}
    (run,) = await manager.on_chat_model_start(
        {"name": name}, [list(messages)], invocation_params=params
    )
    try:
        generations = await call()
    except BaseException as error:
        await run.on_llm_error(error)
        raise
    await run.on_llm_end(_result(as_chat_result(generations, name)))
    return generations


def _manager() -> AsyncCallbackManager | None:
    config = var_child_runnable_config.get()
    callbacks = config.get("callbacks") if config else None
    handlers = callbacks if isinstance(callbacks, list) else getattr(callbacks, "handlers", None)
    return AsyncCallbackManager.configure(callbacks) if handlers else None


def _result(result: ChatResult) -> LLMResult:
    return LLMResult(generations=[[*result.generations]], llm_output=result.llm_output)
