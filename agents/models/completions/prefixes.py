"""Continuing a text: how each provider accepts the beginning of an answer.

The following was tested: llama.cpp in this process with the built-in model, scripted and simulated
models, and for all others the request bodies against a server on the loopback interface. No hosted
provider was called; their formats follow their documentation:

- vLLM (`hosted_vllm/`) and servers given by their address: `continue_final_message` with
  `add_generation_prompt` false. llama.cpp's server continues a final assistant message by itself,
  and repeats it in answers that are not streamed.
- Mistral and DeepSeek: `prefix` on the final assistant message, for DeepSeek at its beta address.
- Anthropic and Ollama's chat: a final assistant message. Claude 4.6 and later refuse one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.types import Choice, Sampling
from refinegraph.errors import ModelRequestRefused

_GO_ON = (
    "Go on exactly where your answer stops. Write only what follows: repeat nothing of it, and "
    "begin in the middle of a line or word where it ends there."
)
_DEEPSEEK_BETA = "https://api.deepseek.com/beta"
_OWN_SERVERS = frozenset({"openai", "openai_like", "custom_openai", "lm_studio", "llamafile"})
"""litellm's names for OpenAI-compatible servers, such as vLLM, SGLang or llama.cpp."""
_SURE = 16
"""Length in characters from which no continuation repeats a prefix by chance."""


class PrefixForm(NamedTuple):
    """How a provider is asked to continue a text."""

    message: Mapping[str, Any] = {}
    """Additional fields of the last assistant message."""
    body: Mapping[str, Any] = {}
    """Additional fields of the request."""
    api_base: str | None = None
    """The address that accepts prefixes, if it is not the usual one."""
    echoes: bool | None = False
    """Whether answers repeat the prefix; None if that differs between servers."""
    takes_blanks: bool = True
    """Whether a prefix may end in blanks."""


_LAST_MESSAGE = PrefixForm()
_CONTINUED = PrefixForm(body={"continue_final_message": True, "add_generation_prompt": False})


def prefix_form(provider: str, *, api_base: str | None, prefills: bool | None) -> PrefixForm | None:
    """Return the form for a provider, given by litellm's name; None if it accepts no prefix.

    `prefills` is the entry of litellm's model map, or None if the map does not list the model.
    """
    if provider == "hosted_vllm":
        return _CONTINUED
    if provider in _OWN_SERVERS:
        return _CONTINUED._replace(echoes=None) if api_base else None
    if provider in ("mistral", "codestral"):
        return PrefixForm(message={"prefix": True}, echoes=None)
    if provider == "deepseek":
        return PrefixForm(message={"prefix": True}, api_base=api_base or _DEEPSEEK_BETA)
    if provider == "anthropic":
        return None if prefills is False else PrefixForm(takes_blanks=False)
    if provider == "ollama_chat":
        return _LAST_MESSAGE
    return PrefixForm(takes_blanks=False) if prefills else None


def foreign_prefix_form(class_names: Sequence[str]) -> PrefixForm | None:
    """Return the form for another package's chat model, by the names of its class and bases."""
    forms = {
        "ChatAnthropic": PrefixForm(takes_blanks=False),
        "ChatOllama": _LAST_MESSAGE,
        "ChatMistralAI": PrefixForm(message={"prefix": True}, echoes=None),
        "FakeListChatModel": _LAST_MESSAGE,
        "FakeMessagesListChatModel": _LAST_MESSAGE,
        "GenericFakeChatModel": _LAST_MESSAGE,
    }
    return next((forms[name] for name in class_names if name in forms), None)


class Continuation(NamedTuple):
    """A request that continues a text, in a provider's form."""

    messages: tuple[BaseMessage, ...]
    form: PrefixForm = _LAST_MESSAGE


def continuation(
    messages: Sequence[BaseMessage],
    sampling: Sampling,
    form: PrefixForm | None,
    endpoint: Endpoint,
) -> Continuation:
    """Return the messages to send; they are unchanged if there is no prefix.

    Raises:
        ModelRequestRefused: If the provider accepts no prefix and the caller chose no fallback.
    """
    if not sampling.prefix:
        return Continuation(tuple(messages))
    if form is None and sampling.on_missing_prefix != "ask":
        raise missing_prefix(endpoint)
    if form is None:
        conversation = (*messages, AIMessage(sampling.prefix), HumanMessage(_GO_ON))
        return Continuation(conversation, PrefixForm(echoes=None))
    text = sampling.prefix if form.takes_blanks else sampling.prefix.rstrip()
    beginning = AIMessage(text, additional_kwargs=dict(form.message))
    return Continuation((*messages, beginning) if text else tuple(messages), form)


def missing_prefix(endpoint: Endpoint) -> ModelRequestRefused:
    """Return the error for a model that cannot continue a text."""
    subject = str(endpoint)
    return ModelRequestRefused(
        f"{subject[0].upper()}{subject[1:]} cannot continue a given text; use "
        'on_missing_prefix="ask" to show it the text and ask it to continue.'
    )


_echoing: dict[tuple[str, str | None], bool] = {}
"""Whether a server repeats prefixes, by name and address, as observed in an earlier answer."""


def only_new(choice: Choice, prefix: str, form: PrefixForm, endpoint: Endpoint) -> Choice:
    """Return the choice without the prefix, whether or not the server repeats it."""
    if form.echoes is False:
        new = choice.text
        if not form.takes_blanks:
            new = new.removeprefix(prefix[len(prefix.rstrip()) :])
    elif form.echoes or _repeats(choice.text, prefix, (endpoint.name, endpoint.api_base)):
        new = _after(choice.text, prefix)
    else:
        new = choice.text
    return choice if new == choice.text else choice.model_copy(update={"text": new})


def _repeats(text: str, prefix: str, server: tuple[str, str | None]) -> bool:
    """Return whether an answer repeats its prefix; short prefixes follow earlier, longer ones."""
    starts_with_prefix = text.startswith(prefix.rstrip())
    if len(prefix.rstrip()) >= _SURE:
        _echoing[server] = starts_with_prefix
    return starts_with_prefix and _echoing.get(server, True)


def _after(text: str, prefix: str) -> str:
    """Return the text after a prefix, which the server may have returned without final blanks."""
    if text.startswith(prefix):
        return text[len(prefix) :]
    bare = prefix.rstrip()
    return text[len(bare) :].removeprefix(prefix[len(bare) :]) if text.startswith(bare) else text


def joined(choice: Choice, prefix: str) -> Choice:
    """Return a continuation with its prefix restored.

    A prefix that ends inside a `<think>` block belongs to the reasoning.
    """
    thought = _open_thought(prefix)
    if thought is None:
        return choice.model_copy(update={"text": prefix + choice.text})
    closed = bool(choice.reasoning)
    continuation = choice.reasoning if closed else choice.text
    text = choice.text if closed else ""
    return choice.model_copy(update={"text": text, "reasoning": (thought + continuation).strip()})


def _open_thought(prefix: str) -> str | None:
    bare = prefix.lstrip()
    for name in ("think", "thinking", "reasoning"):
        if bare.startswith(f"<{name}>") and f"</{name}>" not in bare:
            return bare.removeprefix(f"<{name}>")
    return None
