"""Import litellm lazily, silently and offline, and close its clients with their event loop."""

import asyncio
import importlib
import logging
import os
import threading
import warnings
from typing import Any

from refinegraph.agents.models.providers.per_loop import PerLoop
from refinegraph.errors import SettingError

_BASE_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")

_loading = threading.Lock()
_loaded: list[Any] = []
"""Contains litellm once it is fully imported; a module that another thread is still importing is
not in here."""


def load_litellm() -> Any:
    """Import litellm (2 to 3 s), without network, banners, logs, telemetry or `.env` files.

    litellm's first completion imports for most of a second, which would block an event loop, and
    builds schemas with warnings that would abort an application that turns warnings into errors.
    It therefore happens here. Concurrent threads wait for the first one.
    """
    with _loading:
        if not _loaded:
            _loaded.append(_import_litellm())
        return _loaded[0]


def _import_litellm() -> Any:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # litellm reads pydantic's fields from instances whenever it streams.
    warnings.filterwarnings("ignore", r"Accessing the 'model_(computed_)?fields'")
    # litellm serialises everything that a server sent, and warns of fields of another type.
    warnings.filterwarnings("ignore", r"Pydantic serializer warnings", UserWarning)
    mode = os.environ.get("LITELLM_MODE")
    # In any other mode, litellm reads a `.env` file in the current folder.
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            litellm: Any = _find_litellm()
            _silence(litellm)
            _rehearse(litellm)
    finally:
        os.environ.pop("LITELLM_MODE", None)
        if mode is not None:
            os.environ["LITELLM_MODE"] = mode
    return litellm


def base_of_environment(provider: str) -> str | None:
    """Return the address of the user's own server, as set in the environment for `openai`."""
    if provider != "openai":
        return None
    return next((os.environ[name] for name in _BASE_VARIABLES if os.environ.get(name)), None)


def _silence(litellm: Any) -> None:
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)


def _rehearse(litellm: Any) -> None:
    importlib.import_module("openai.resources")
    ping = [{"role": "user", "content": "ping"}]
    litellm.completion(model="openai/ping", messages=ping, mock_response="pong")
    for _ in litellm.completion(
        model="openai/ping", messages=ping, mock_response="pong", stream=True
    ):
        pass


def _find_litellm() -> Any:
    """Import litellm; raise a `SettingError` that names what works without it."""
    try:
        return importlib.import_module("litellm")
    except ModuleNotFoundError as error:
        if error.name != "litellm":
            raise
        raise SettingError(
            "litellm is not installed, and models of hosted providers need it: pip install "
            "litellm. Without it, use a server by its address (--api-base), ollama_chat/NAME, or a "
            "model in this process (embedded, local/FILE)."
        ) from None


async def close_clients_with_loop() -> None:
    """Ensure that litellm's clients of the running loop are closed before the loop."""
    await _loops.get()


async def _close_clients(loop: asyncio.AbstractEventLoop) -> None:
    clients = load_litellm().in_memory_llm_clients_cache
    suffix = f"-{id(loop)}"
    for key in [key for key in list(clients.cache_dict) if key.endswith(suffix)]:
        client = clients.cache_dict.pop(key, None)
        clients.ttl_dict.pop(key, None)
        close = getattr(client, "close", None) or getattr(client, "aclose", None)
        if close is not None and asyncio.iscoroutine(closing := close()):
            await closing
    await asyncio.sleep(0)


_loops = PerLoop(asyncio.get_running_loop, _close_clients)
