"""Discover the models that this machine can reach, without spending anything."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

_SECONDS = 1.0
"""How long to wait for a server; one on this machine answers within milliseconds."""


class Provider(NamedTuple):
    """A provider of models, and the variable that holds its key."""

    variable: str
    prefix: str
    """How the names of its models begin."""


PROVIDERS = (
    Provider("OPENAI_API_KEY", "openai/"),
    Provider("ANTHROPIC_API_KEY", "anthropic/"),
    Provider("GEMINI_API_KEY", "gemini/"),
    Provider("MISTRAL_API_KEY", "mistral/"),
    Provider("OPENROUTER_API_KEY", "openrouter/"),
    Provider("GROQ_API_KEY", "groq/"),
    Provider("DEEPSEEK_API_KEY", "deepseek/"),
    Provider("TOGETHERAI_API_KEY", "together_ai/"),
    Provider("AZURE_API_KEY", "azure/"),
    Provider("AWS_ACCESS_KEY_ID", "bedrock/"),
    Provider("HF_TOKEN", "huggingface/"),
    Provider("XAI_API_KEY", "xai/"),
)


class LocalServer(NamedTuple):
    """A server that people run on their own machine, at its default address."""

    name: str
    url: str
    """The address of its OpenAI-compatible interface."""
    prefix: str
    """How the names of its models begin."""
    needs_base: bool = True
    """Whether refinegraph needs `--api-base` to find it."""


LOCAL_SERVERS = (
    LocalServer("Ollama", "http://127.0.0.1:11434/v1", "ollama_chat/", needs_base=False),
    LocalServer("vLLM", "http://127.0.0.1:8000/v1", "hosted_vllm/"),
    LocalServer("llama.cpp", "http://127.0.0.1:8080/v1", "openai/"),
    LocalServer("LM Studio", "http://127.0.0.1:1234/v1", "openai/"),
)


class Answer(NamedTuple):
    """The reply of a server to a request for its models."""

    models: tuple[str, ...] = ()
    problem: str | None = None
    """Why it could not be reached; None if it answered, with any status."""


def providers_set_up() -> list[Provider]:
    """Return the providers whose keys are set; the keys themselves are not read."""
    return [provider for provider in PROVIDERS if os.environ.get(provider.variable)]


def local_servers() -> list[LocalServer]:
    """Return the servers that answer on this machine."""
    return [server for server in LOCAL_SERVERS if ask_models(server.url).problem is None]


def ask_models(base: str, *, key: str = "") -> Answer:
    """Ask a server for the names of its models, with a timeout of one second."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        request = urllib.request.Request(f"{base.rstrip('/')}/models", headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_SECONDS) as reply:
            return Answer(_names(reply.read()))
    except urllib.error.HTTPError:
        return Answer()
    except (OSError, ValueError) as error:
        return Answer(problem=str(getattr(error, "reason", error)))


def _names(body: bytes) -> tuple[str, ...]:
    """Return the ids in a list of models; empty if the body is anything else."""
    try:
        data: Any = json.loads(body)
    except ValueError:
        return ()
    entries: Any = cast("Mapping[str, Any]", data).get("data") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return ()
    objects = cast("list[object]", entries)
    ids = (
        cast("dict[str, object]", entry).get("id") for entry in objects if isinstance(entry, dict)
    )
    return tuple(id for id in ids if isinstance(id, str))
