"""Providers whose servers use OpenAI's protocol, by litellm's names."""

import os
from typing import NamedTuple
from urllib.parse import urlsplit

OPENAI_BASE = "https://api.openai.com/v1"


class Provider(NamedTuple):
    """A provider's address, key variable and capabilities."""

    base_variables: tuple[str, ...]
    """Environment variables that may contain the address."""
    key_variable: str
    default_base: str | None = None
    """The default address; None if the user must specify one."""
    path: str = ""
    """Path between the address, in litellm's form, and the paths of the protocol."""
    has_n: bool = True
    """Whether one request may ask for several choices."""

    def base(self, address: str | None) -> str | None:
        """Return the given address, else the environment's, else the default."""
        variables = (os.environ.get(variable, "").strip() for variable in self.base_variables)
        return address or next(filter(None, variables), None) or self.default_base


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(("OPENAI_BASE_URL", "OPENAI_API_BASE"), "OPENAI_API_KEY"),
    "openai_like": Provider(("OPENAI_LIKE_API_BASE",), "OPENAI_LIKE_API_KEY"),
    "custom_openai": Provider(("OPENAI_LIKE_API_BASE",), "OPENAI_LIKE_API_KEY"),
    "hosted_vllm": Provider(("HOSTED_VLLM_API_BASE",), "HOSTED_VLLM_API_KEY"),
    "lm_studio": Provider(("LM_STUDIO_API_BASE",), "LM_STUDIO_API_KEY"),
    "llamafile": Provider(("LLAMAFILE_API_BASE",), "LLAMAFILE_API_KEY", "http://127.0.0.1:8080/v1"),
    "ollama_chat": Provider(
        ("OLLAMA_API_BASE",), "OLLAMA_API_KEY", "http://localhost:11434", path="/v1", has_n=False
    ),
}


def chat_url(provider: str, base: str) -> str:
    """Return the address for chat requests.

    >>> chat_url("ollama_chat", "http://localhost:11434/")
    'http://localhost:11434/v1/chat/completions'
    >>> chat_url("openai", "http://localhost:8000/v1?version=2")
    'http://localhost:8000/v1/chat/completions?version=2'
    """
    parts = urlsplit(base)
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    suffix = PROVIDERS[provider].path
    if not path.endswith(suffix):
        path += suffix
    return parts._replace(path=f"{path}/chat/completions").geturl()


def is_openai(base: str) -> bool:
    """Return whether an address is OpenAI's own, where every model has its own rules.

    >>> is_openai("https://eu.api.openai.com/v1"), is_openai("https://notopenai.com/v1")
    (True, False)
    """
    return f".{urlsplit(base).hostname or ''}".endswith(".openai.com")
