"""Resolve names of models that the direct client serves."""

from pydantic import SecretStr

from refinegraph.agents.models.providers.openai_chat import DirectChatModel
from refinegraph.agents.models.providers.openai_providers import (
    OPENAI_BASE,
    PROVIDERS,
    is_openai,
)
from refinegraph.agents.models.providers.remote_chat import NO_KEY, sendable_key
from refinegraph.errors import SettingError
from refinegraph.retry_policy import RetryPolicy


def is_direct(name: str, api_base: str | None) -> bool:
    """Return whether `auto` selects the direct client: for the user's own servers.

    OpenAI's own address is left to litellm, which knows the parameters of every model there.

    >>> is_direct("openai/m", "http://127.0.0.1:8000/v1"), is_direct("openai/gpt-4o", None)
    (True, False)
    >>> is_direct("ollama_chat/qwen3:8b", None), is_direct("anthropic/claude-sonnet-4-5", None)
    (True, False)
    """
    provider, _, bare = name.partition("/")
    if provider not in PROVIDERS or not bare.strip():
        return False
    base = PROVIDERS[provider].base(api_base)
    return base is not None and base.startswith("http") and not is_openai(base)


def direct_model(
    name: str,
    *,
    api_base: str | None,
    api_key: str | None,
    timeout: float | None,
    retry: RetryPolicy | None,
    prices: tuple[float, float] | None,
) -> DirectChatModel:
    """Return a model of the direct client.

    Raises:
        SettingError: If the provider uses another protocol, or the address or key is missing.
    """
    provider, _, bare = name.partition("/")
    if provider not in PROVIDERS or not bare.strip():
        raise SettingError(
            f"The direct client cannot serve the model {name!r}; expected one of "
            f"{', '.join(PROVIDERS)}, followed by a slash and a model's name. Use client='auto'."
        )
    base = PROVIDERS[provider].base(api_base) or (OPENAI_BASE if provider == "openai" else None)
    if base is None:
        variable = PROVIDERS[provider].base_variables[0]
        raise SettingError(
            f"Model {name!r} needs the address of its server; set api_base, for example to "
            f"'http://127.0.0.1:8000/v1', or the variable {variable}."
        )
    variable = PROVIDERS[provider].key_variable
    key = sendable_key(name, api_key, variable)
    if not key and is_openai(base):
        raise SettingError(f"Model {name!r} needs a key; set {variable}, or use another model.")
    return DirectChatModel(
        model=name,
        api_base=base,
        api_key=SecretStr(key or NO_KEY),
        key_variable=variable,
        timeout=600.0 if timeout is None else timeout,
        retry=retry or RetryPolicy(),
        prices=prices,
    )
