"""Going on from a text: the form in which each provider takes the beginning of an answer.

What was exercised here: llama.cpp in this process with the model of the package, scripted and
simulated models, and the requests of all others against a server on the loopback that checks their
bodies. No hosted provider was called; their forms follow their documents:

- vLLM (`hosted_vllm/`) and servers named by address: `continue_final_message` with
  `add_generation_prompt` false; llama.cpp's server goes on from a last assistant message by itself,
  and repeats it in answers that are not streamed.
- Mistral and DeepSeek: `prefix` on the last assistant message, for DeepSeek at its beta address.
- Anthropic and Ollama's chat: a last assistant message. Claude 4.6 and later refuse one.
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
"""litellm's names for OpenAI-compatible servers, which may be vLLM's, SGLang's or llama.cpp's."""
_SURE = 16
"""Characters of a prefix that no continuation repeats by chance."""


class PrefixForm(NamedTuple):
    """How one provider is asked to go on from a text."""

    message: Mapping[str, Any] = {}
    """Fields of the last assistant message, beside its content."""
    body: Mapping[str, Any] = {}
    """Fields of the request."""
    api_base: str | None = None
    """The address that takes prefixes, where it is not the usual one."""
    echoes: bool | None = False
    """Whether answers repeat the prefix; None where that differs from server to server."""
    takes_blanks: bool = True
    """Whether a prefix may end in blanks."""


_LAST_MESSAGE = PrefixForm()
_CONTINUED = PrefixForm(body={"continue_final_message": True, "add_generation_prompt": False})


def prefix_form(provider: str, *, api_base: str | None, prefills: bool | None) -> PrefixForm | None:
    """Return a provider's form by litellm's name for it; None where it has none.

    `prefills` is what litellm's model map says of the model, None where it does not list it.
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
    """Return the form of another package's chat model, by the names of its class and its bases."""
    known = {
        "ChatAnthropic": PrefixForm(takes_blanks=False),
        "ChatOllama": _LAST_MESSAGE,
        "ChatMistralAI": PrefixForm(message={"prefix": True}, echoes=None),
        "FakeListChatModel": _LAST_MESSAGE,
        "FakeMessagesListChatModel": _LAST_MESSAGE,
        "GenericFakeChatModel": _LAST_MESSAGE,
    }
    return next((known[name] for name in class_names if name in known), None)


class Continuation(NamedTuple):
    """A request that goes on from a text, in a provider's form."""

    messages: tuple[BaseMessage, ...]
    form: PrefixForm = _LAST_MESSAGE


def continuation(
    messages: Sequence[BaseMessage],
    sampling: Sampling,
    form: PrefixForm | None,
    endpoint: Endpoint,
) -> Continuation:
    """Return the messages to send; without a prefix they are the same.

    Raises:
        ModelRequestRefused: Where the provider has no form and the caller chose no fallback.
    """
    if not sampling.prefix:
        return Continuation(tuple(messages))
    if form is None and sampling.on_missing_prefix != "ask":
        raise missing_prefix(endpoint)
    if form is None:
        asked = (*messages, AIMessage(sampling.prefix), HumanMessage(_GO_ON))
        return Continuation(asked, PrefixForm(echoes=None))
    text = sampling.prefix if form.takes_blanks else sampling.prefix.rstrip()
    begun = AIMessage(text, additional_kwargs=dict(form.message))
    return Continuation((*messages, begun) if text else tuple(messages), form)


def missing_prefix(endpoint: Endpoint) -> ModelRequestRefused:
    """Return the error of a model that cannot go on from a text."""
    who = str(endpoint)
    return ModelRequestRefused(
        f"{who[0].upper()}{who[1:]} cannot go on from a given text; choose "
        'on_missing_prefix="ask" to show it the text and ask it to go on.'
    )


_echoing: dict[tuple[str, str | None], bool] = {}
"""Whether a server repeats prefixes, by name and address, once an answer told."""


def only_new(choice: Choice, prefix: str, form: PrefixForm, endpoint: Endpoint) -> Choice:
    """Return what was written behind the prefix, whether or not the server repeats it."""
    if form.echoes is False:
        new = choice.text
        if not form.takes_blanks:
            new = new.removeprefix(prefix[len(prefix.rstrip()) :])
    elif form.echoes or _repeats(choice.text, prefix, (endpoint.name, endpoint.api_base)):
        new = _behind(choice.text, prefix)
    else:
        new = choice.text
    return choice if new == choice.text else choice.model_copy(update={"text": new})


def _repeats(text: str, prefix: str, server: tuple[str, str | None]) -> bool:
    """Whether an answer repeats its prefix; a short one is judged as a longer one was before."""
    found = text.startswith(prefix.rstrip())
    if len(prefix.rstrip()) >= _SURE:
        _echoing[server] = found
    return found and _echoing.get(server, True)


def _behind(text: str, prefix: str) -> str:
    """Return what stands behind a prefix, which may have lost its last blanks on the way."""
    if text.startswith(prefix):
        return text[len(prefix) :]
    bare = prefix.rstrip()
    return text[len(bare) :].removeprefix(prefix[len(bare) :]) if text.startswith(bare) else text


def joined(choice: Choice, prefix: str) -> Choice:
    """Return a continuation with its prefix in front of it.

    A prefix that ends within a `<think>` block is thinking: it goes in front of the reasoning.
    """
    thought = _open_thought(prefix)
    if thought is None:
        return choice.model_copy(update={"text": prefix + choice.text})
    closed = bool(choice.reasoning)
    more = choice.reasoning if closed else choice.text
    text = choice.text if closed else ""
    return choice.model_copy(update={"text": text, "reasoning": (thought + more).strip()})


def _open_thought(prefix: str) -> str | None:
    bare = prefix.lstrip()
    for name in ("think", "thinking", "reasoning"):
        if bare.startswith(f"<{name}>") and f"</{name}>" not in bare:
            return bare.removeprefix(f"<{name}>")
    return None
