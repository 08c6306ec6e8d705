"""llama.cpp in this process: one engine a model file, shared by all that name it."""

import atexit
import importlib
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.agents.models.gguf_file import read_gguf_header
from refinegraph.errors import SettingError

SLOTS = 8
"""Samples that are written at the same time."""
_TINY = 100_000_000
"""Bytes of a file below which a second thread costs more than it brings."""
_MOST_CONTEXT = 16_384
"""Tokens of all slots together, for the memory's sake, where the model could read more."""

Heard = Callable[[dict[str, Any]], bool]
"""Told of each piece; returns whether to stop."""


class LlamaEngine:
    """A loaded model. It listens on the loopback address only, behind a key that nobody is told.

    Requests do not go through that address: they are calls within the process.
    """

    def __init__(self, path: Path) -> None:
        llama: Any = importlib.import_module("xllamacpp")
        header = read_gguf_header(path)
        self.name = header.name
        self.threads = 1 if header.bytes < _TINY else _cores()
        trained = header.context or _MOST_CONTEXT
        self.context = min(trained, _MOST_CONTEXT)
        """Tokens of a prompt and its answer together."""
        self._calls = ThreadPoolExecutor(2 * SLOTS, thread_name_prefix="llama")
        try:
            self._server: Any = llama.Server(_parameters(llama, path, self, header.bytes))
        except RuntimeError:
            raise SettingError(
                f"llama.cpp cannot load the model file {str(path)!r}: it is damaged, cut off, or "
                "of an architecture that this llama.cpp does not know; download it again or try "
                "another."
            ) from None

    def submit(self, request: dict[str, Any], heard: Heard) -> "Future[Any]":
        """Begin a streamed chat completion on a thread; return its future."""
        return self._calls.submit(self._server.handle_chat_completions, request, heard)

    def close(self) -> None:
        """Let the model go once nothing is being written."""
        self._calls.shutdown(wait=True, cancel_futures=True)
        del self._server


def _parameters(llama: Any, path: Path, engine: LlamaEngine, size: int) -> Any:
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = SLOTS
    parameters.kv_unified = size >= _TINY
    parameters.n_ctx = engine.context * (1 if size >= _TINY else SLOTS)
    for each in (parameters.cpuparams, parameters.cpuparams_batch):
        each.n_threads = engine.threads
        each.poll = 0
    parameters.verbosity = -1
    parameters.api_keys = [secrets.token_urlsafe(32)]
    parameters.ui = False
    parameters.endpoint_slots = False
    return parameters


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


class _Key(NamedTuple):
    process: int
    """An engine does not live on in a forked process."""
    path: Path
    changed: int


_engines: dict[_Key, LlamaEngine] = {}
_loading = threading.Lock()


def engine_for(path: Path) -> LlamaEngine:
    """Return the engine of a model file, loading it the first time: 0.3 s for a small one.

    Raises:
        SettingError: For a file that cannot be loaded, and where the extra `local` is missing.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    key = _Key(os.getpid(), path, changed)
    with _loading:
        if key not in _engines:
            _engines[key] = LlamaEngine(path)
        return _engines[key]


@atexit.register
def close_engines() -> None:
    """Let go every model of this process."""
    with _loading:
        for key in [each for each in _engines if each.process == os.getpid()]:
            _engines.pop(key).close()
