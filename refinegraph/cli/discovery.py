"""Which models this machine could reach, found out without spending anything."""

import os
import urllib.error
import urllib.request
from typing import NamedTuple

_KEYS = (
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY"),
    *("OPENROUTER_API_KEY", "GROQ_API_KEY", "DEEPSEEK_API_KEY", "TOGETHERAI_API_KEY"),
    *("AZURE_API_KEY", "AWS_ACCESS_KEY_ID", "HF_TOKEN", "XAI_API_KEY"),
)
_SECONDS = 1.0


class LocalServer(NamedTuple):
    """A server that people run on their own machine, at its usual place."""

    name: str
    url: str
    prefix: str
    """What its models are called by."""


_SERVERS = (
    LocalServer("Ollama", "http://127.0.0.1:11434", "ollama_chat/MODEL"),
    LocalServer("vLLM", "http://127.0.0.1:8000/v1", "hosted_vllm/MODEL"),
    LocalServer("llama.cpp", "http://127.0.0.1:8080/v1", "openai/MODEL"),
    LocalServer("LM Studio", "http://127.0.0.1:1234/v1", "openai/MODEL"),
)


def keys_set() -> list[str]:
    """Return the names of the providers' keys that are set, never their values."""
    return [name for name in _KEYS if os.environ.get(name)]


def local_servers() -> list[LocalServer]:
    """Return the servers that answer on this machine."""
    return [server for server in _SERVERS if why_unreachable(server.url) is None]


def why_unreachable(base: str) -> str | None:
    """Return why a server does not answer, or None where it does, with whatever status."""
    request = urllib.request.Request(f"{base.rstrip('/')}/models")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS):
            return None
    except urllib.error.HTTPError:
        return None
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
