"""Model names to chat models."""

import difflib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from refinegraph.agents.models.litellm_chat import NO_KEY, LiteLLMChatModel
from refinegraph.agents.models.litellm_setup import load_litellm
from refinegraph.agents.models.local_chat import embedded_model, local_model
from refinegraph.agents.models.retrying import RetryPolicy
from refinegraph.errors import SettingError

_BASE_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")


IN_PROCESS: dict[str, Callable[[str], BaseChatModel]] = {
    "embedded": embedded_model,
    "local": local_model,
}
"""What makes the models that run in this process, by the part of the name before the slash."""


def resolve_model(
    model: str | BaseChatModel,
    *,
    api_base: str | None = None,
    api_key: str | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    prices: tuple[float, float] | None = None,
) -> BaseChatModel:
    """Return the chat model that a name stands for; a chat model is returned as it is.

    Names are litellm's, `PROVIDER/MODEL`. Nothing is sent: provider and key are checked here as
    far as litellm can tell without the network, whether the provider has the model shows with the
    first call. A server that is named by its address needs no key.

    Args:
        model: A name, or a chat model of any package.
        api_base: The server's address, `http://127.0.0.1:8000/v1`.
        api_key: The key; otherwise the provider's environment variable is read.
        timeout: Seconds for one attempt; 600 when not given.
        retry: When a failed request is sent again.
        prices: USD for a million prompt and a million completion tokens, where litellm's map is
            wrong or does not list the model.

    Raises:
        SettingError: For an unknown provider, with the nearest one; for a missing key, with its
            variable.
    """
    if isinstance(model, BaseChatModel):
        return model
    name = model.strip()
    maker = IN_PROCESS.get(name.partition("/")[0])
    if maker is not None:
        return maker(name)
    _check_address(api_base)
    found = _find(name)
    base = api_base or _base_of_environment(found.provider)
    key = api_key or (NO_KEY if base and found.missing_key else None)
    if found.missing_key and key is None:
        raise SettingError(
            f"Model {name!r} needs a key; set {found.missing_key}, or name another model."
        )
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
    either = " or ".join(missing)
    return _Found(provider, either or None, either or f"{provider.upper()}_API_KEY")


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


def _base_of_environment(provider: str) -> str | None:
    if provider != "openai":
        return None
    return next((os.environ[each] for each in _BASE_VARIABLES if os.environ.get(each)), None)
