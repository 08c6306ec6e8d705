"""Model names to chat models."""

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
"""What makes the models that run in this process, by the part of the name before the slash."""


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
    """Return the chat model that a name stands for; a chat model is returned as it is.

    What LangChain makes of a chat model by `bind`, `with_retry` or `with_fallbacks` is a model too.

    Names are litellm's, `PROVIDER/MODEL`. Nothing is sent: provider and key are checked here as
    far as litellm can tell without the network, whether the provider has the model shows with the
    first call. A server that is named by its address needs no key.

    Args:
        model: A name, a chat model of any package, or a runnable from messages to a message.
        api_base: The server's address, `http://127.0.0.1:8000/v1`.
        api_key: The key; otherwise the provider's environment variable is read.
        timeout: Seconds for one attempt; 600 when not given.
        retry: When a failed request is sent again.
        prices: USD for a million prompt and a million completion tokens, where litellm's map is
            wrong or does not list the model.
        client: What sends the requests. `direct` speaks OpenAI's protocol and costs little CPU
            time; `litellm` speaks every provider's own. `auto` takes `direct` for servers that are
            named by address and for Ollama, and `litellm` for the rest.

    Raises:
        SettingError: For an unknown provider, with the nearest one; for a missing key, with its
            variable.
    """
    if isinstance(model, BaseChatModel):
        return model
    if isinstance(model, Runnable):
        return RunnableChatModel(runnable=model)
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
        raise SettingError(
            f"The model {model!r} is neither a name nor a chat model; give a name such as "
            "'ollama_chat/qwen3:8b' or a chat model of LangChain."
        )
    name = model.strip()
    maker = IN_PROCESS.get(name.partition("/")[0])
    if maker is not None:
        return maker(name)
    _check_address(api_base)
    if client == "direct" or (client == "auto" and is_direct(name, api_base)):
        return direct_model(
            name, api_base=api_base, api_key=api_key, timeout=timeout, retry=retry, prices=prices
        )
    found = _find(name)
    base = api_base or base_of_environment(found.provider)
    key = _key(name, api_key, found, has_base=base is not None)
    return LiteLLMChatModel(
        model=name,
        api_base=api_base,
        api_key=SecretStr(key) if key else None,
        key_variable=found.key_variable,
        timeout=600.0 if timeout is None else timeout,
        retry=retry or RetryPolicy(),
        prices=prices,
    )


class _Found(NamedTuple):
    provider: str
    missing_key: str | None
    """The variables, one of which should hold a key and none does."""
    key_variable: str


def _find(name: str) -> _Found:
    litellm = load_litellm()
    try:
        bare, provider, _, _ = litellm.get_llm_provider(name)
    except litellm.BadRequestError:
        bare, provider = "", ""
    if not bare.strip():
        raise _unknown(name, litellm)
    missing = [
        variable
        for variable in litellm.validate_environment(name)["missing_keys"]
        if variable.endswith(("_API_KEY", "_API_TOKEN"))
    ]
    missing = missing or _blank_keys(provider)
    either = " or ".join(missing)
    return _Found(provider, either or None, either or f"{provider.upper()}_API_KEY")


def _blank_keys(provider: str) -> list[str]:
    """Return the key variables of a provider that are set to nothing; litellm takes them as set."""
    stem = provider.upper().partition("_")[0]
    return [
        variable
        for variable, value in os.environ.items()
        if variable.startswith(stem)
        and variable.endswith(("_API_KEY", "_API_TOKEN"))
        and not value.strip()
    ]


def _key(name: str, given: str | None, found: _Found, *, has_base: bool) -> str | None:
    """Return the key to send; None to let litellm read the provider's variables."""
    stored = os.environ.get(found.key_variable, "")
    key = sendable_key(name, given, found.key_variable)
    if key and (given or key != stored):
        return key
    if found.missing_key is None:
        return None
    if has_base:
        return NO_KEY
    blank = f", and {found.missing_key} is set but empty" if found.missing_key in os.environ else ""
    raise SettingError(
        f"Model {name!r} needs a key{blank}; set {found.missing_key}, or name another model."
    )


def _unknown(name: str, litellm: Any) -> SettingError:
    provider, slash, rest = name.partition("/")
    if slash and not rest:
        return SettingError(f"Model {name!r} has no name after its provider; write PROVIDER/MODEL.")
    providers = [each.value for each in litellm.provider_list]
    if not slash:
        return SettingError(
            f"Model {name!r} is not known without its provider; write PROVIDER/MODEL, for example "
            f"{'openai/' + (name or 'gpt-4o-mini')!r} with an api_base for a server of your own."
        )
    near = difflib.get_close_matches(provider, providers, n=1, cutoff=0.5)
    hint = f"did you mean {near[0] + '/' + rest!r}?" if near else "see litellm's list of providers."
    return SettingError(f"Model {name!r} names the unknown provider {provider!r}; {hint}")


def _check_address(api_base: str | None) -> None:
    if api_base is not None and not api_base.startswith(("http://", "https://")):
        raise SettingError(
            f"The address {api_base!r} is no URL; it should look like 'http://127.0.0.1:8000/v1'."
        )
