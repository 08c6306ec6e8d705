"""Resolve model names to chat models."""

import difflib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable
from pydantic import SecretStr

from refinegraph.agents.models.providers.litellm_chat import LiteLLMChatModel
from refinegraph.agents.models.providers.litellm_setup import base_of_environment, load_litellm
from refinegraph.agents.models.providers.local_chat import embedded_model, local_model
from refinegraph.agents.models.providers.openai_resolve import direct_model, is_direct
from refinegraph.agents.models.providers.remote_chat import NO_KEY, sendable_key
from refinegraph.agents.models.providers.runnable_chat import RunnableChatModel
from refinegraph.client_names import Client as Client
from refinegraph.errors import SettingError
from refinegraph.retry_policy import RetryPolicy

IN_PROCESS: dict[str, Callable[[str], BaseChatModel]] = {
    "embedded": embedded_model,
    "local": local_model,
}
"""Constructors of the models that run in this process, by the part of the name before the slash."""


def resolve_model(
    model: "str | BaseChatModel | Runnable[LanguageModelInput, BaseMessage]",
    *,
    api_base: str | None = None,
    api_key: str | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    prices: tuple[float, float] | None = None,
    client: Client = "auto",
) -> BaseChatModel:
    """Return the chat model for a name; a chat model is returned unchanged.

    Runnables that LangChain derives from a chat model with `bind`, `with_retry` or
    `with_fallbacks` are accepted as well. Names are litellm's, `PROVIDER/MODEL`. Nothing is sent:
    provider and key are checked as far as litellm can without the network, and only the first call
    shows whether the provider offers the model. A server given by its address needs no key.

    Args:
        model: A name, a chat model of any package, or a runnable from messages to a message.
        api_base: The server's address, such as `http://127.0.0.1:8000/v1`.
        api_key: The key; by default read from the provider's environment variable.
        timeout: Timeout of one attempt in seconds, by default 600.
        retry: When failed requests are retried.
        prices: USD per million prompt tokens and per million completion tokens, for models whose
            price litellm does not know or reports incorrectly.
        client: The client library. `direct` speaks OpenAI's protocol and needs little CPU time;
            `litellm` speaks every provider's own. `auto` uses `direct` for servers given by their
            address and for Ollama, otherwise `litellm`.

    Raises:
        SettingError: For an unknown provider, naming the closest match; for a missing key, naming
            its variable.
    """
    if isinstance(model, BaseChatModel):
        return model
    if isinstance(model, Runnable):
        return RunnableChatModel(runnable=model)
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
        raise SettingError(
            f"{model!r} is neither a model name nor a chat model; expected a name such as "
            "'ollama_chat/qwen3:8b' or a LangChain chat model."
        )
    name = model.strip()
    constructor = IN_PROCESS.get(name.partition("/")[0])
    if constructor is not None:
        return constructor(name)
    _check_address(api_base)
    if client == "direct" or (client == "auto" and is_direct(name, api_base)):
        return direct_model(
            name, api_base=api_base, api_key=api_key, timeout=timeout, retry=retry, prices=prices
        )
    provider = _find_provider(name)
    base = api_base or base_of_environment(provider.name)
    key = _key(name, api_key, provider, has_base=base is not None)
    return LiteLLMChatModel(
        model=name,
        api_base=api_base,
        api_key=SecretStr(key) if key else None,
        key_variable=provider.key_variable,
        timeout=600.0 if timeout is None else timeout,
        retry=retry or RetryPolicy(),
        prices=prices,
    )


class _Provider(NamedTuple):
    name: str
    missing_key: str | None
    """The variables of which one should contain a key, if none does."""
    key_variable: str


def _find_provider(name: str) -> _Provider:
    litellm = load_litellm()
    try:
        model, provider, _, _ = litellm.get_llm_provider(name)
    except litellm.BadRequestError:
        model, provider = "", ""
    if not model.strip():
        raise _unknown(name, litellm)
    missing = [
        variable
        for variable in litellm.validate_environment(name)["missing_keys"]
        if variable.endswith(("_API_KEY", "_API_TOKEN"))
    ]
    missing = missing or _blank_keys(provider)
    either = " or ".join(missing)
    return _Provider(provider, either or None, either or f"{provider.upper()}_API_KEY")


def _blank_keys(provider: str) -> list[str]:
    """Return a provider's key variables that are set but empty; litellm treats them as set."""
    stem = provider.upper().partition("_")[0]
    return [
        variable
        for variable, value in os.environ.items()
        if variable.startswith(stem)
        and variable.endswith(("_API_KEY", "_API_TOKEN"))
        and not value.strip()
    ]


def _key(name: str, api_key: str | None, provider: _Provider, *, has_base: bool) -> str | None:
    """Return the key to send, or None to let litellm read the provider's variables."""
    stored = os.environ.get(provider.key_variable, "")
    key = sendable_key(name, api_key, provider.key_variable)
    if key and (api_key or key != stored):
        return key
    variable = provider.missing_key
    if variable is None:
        return None
    if has_base:
        return NO_KEY
    blank = f", and {variable} is set but empty" if variable in os.environ else ""
    raise SettingError(f"Model {name!r} needs a key{blank}; set {variable}, or use another model.")


def _unknown(name: str, litellm: Any) -> SettingError:
    provider, slash, rest = name.partition("/")
    if slash and not rest:
        return SettingError(f"Model {name!r} has no name after its provider; write PROVIDER/MODEL.")
    providers = [provider.value for provider in litellm.provider_list]
    if not slash:
        return SettingError(
            f"Unknown model {name!r}; expected PROVIDER/MODEL, for example "
            f"{'openai/' + (name or 'gpt-4o-mini')!r} with an api_base for a server of your own."
        )
    near = difflib.get_close_matches(provider, providers, n=1, cutoff=0.5)
    hint = f"did you mean {near[0] + '/' + rest!r}?" if near else "see litellm's list of providers."
    return SettingError(f"Model {name!r} has the unknown provider {provider!r}; {hint}")


def _check_address(api_base: str | None) -> None:
    if api_base is not None and not api_base.startswith(("http://", "https://")):
        raise SettingError(
            f"The address {api_base!r} is not a URL; expected one like 'http://127.0.0.1:8000/v1'."
        )
