"""llama.cpp in this process, with one engine per model file that all its users share."""

import atexit
import importlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.providers.gguf import read_gguf_header
from refinegraph.agents.models.types import Sampling
from refinegraph.errors import SettingError

SLOTS = 8
"""Number of samples generated concurrently."""
_TINY = 100_000_000
"""File size in bytes below which a second thread costs more than it gains."""
_MAX_CONTEXT = 16_384
"""Maximum context in tokens over all slots, to limit memory, even if the model supports more."""

_PROMPT_CACHE_MIB, _TINY_PROMPT_CACHE_MIB = 512, 32
"""Memory for the states of prompts that have left their slots. llama.cpp's own limit is 8 GiB,
which a long evaluation fills at 0.4 MB per prompt. 32 MiB hold eighty prompts of the built-in
model, ten times its slots; 512 MiB hold 4,000 tokens of a model with 8 billion weights."""

OnPiece = Callable[[dict[str, Any]], bool]
"""Receives each piece of a stream; returns whether to stop."""


class LlamaEngine:
    """A loaded model.

    Its server listens only on the loopback address and requires a secret random key. Requests do
    not use that address: they are calls within the process.
    """

    def __init__(self, path: Path) -> None:
        llama: Any = importlib.import_module("xllamacpp")
        header = read_gguf_header(path)
        self.name = header.name
        self.threads = 1 if header.bytes < _TINY else _cores()
        trained = header.context or _MAX_CONTEXT
        self.context = min(trained, _MAX_CONTEXT)
        """Maximum tokens of a prompt and its answer together."""
        self._calls = ThreadPoolExecutor(2 * SLOTS, thread_name_prefix="llama")
        try:
            self._server: Any = llama.Server(_parameters(llama, path, self, header.bytes))
        except RuntimeError:
            raise SettingError(
                f"llama.cpp cannot load the model file {str(path)!r}: it is damaged, truncated, or "
                "has an architecture that this llama.cpp does not support; download it again or "
                "try another file."
            ) from None

    def submit(self, request: dict[str, Any], on_piece: OnPiece) -> "Future[Any]":
        """Start a streamed chat completion on a thread; return its future."""
        return self._calls.submit(self._server.handle_chat_completions, request, on_piece)

    def close(self) -> None:
        """Release the model once all its requests have ended."""
        self._calls.shutdown(wait=True, cancel_futures=True)
        del self._server


def _parameters(llama: Any, path: Path, engine: LlamaEngine, size: int) -> Any:
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = SLOTS
    parameters.kv_unified = size >= _TINY
    parameters.n_ctx = engine.context * (1 if size >= _TINY else SLOTS)
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        cpu.n_threads = engine.threads
        cpu.poll = 0
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB if size >= _TINY else _TINY_PROMPT_CACHE_MIB
    parameters.verbosity = -1
    parameters.api_keys = [secrets.token_urlsafe(32)]
    parameters.ui = False
    parameters.endpoint_slots = False
    return parameters


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


class _Key(NamedTuple):
    process: int
    """The process id, because an engine does not survive a fork."""
    path: Path
    changed: int


_engines: dict[_Key, LlamaEngine] = {}
_loading = threading.Lock()


def engine_for(path: Path) -> LlamaEngine:
    """Return the engine of a model file, which is loaded at first use (0.3 s for a small one).

    Raises:
        SettingError: If the file cannot be loaded, or if the extra `local` is not installed.
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
    """Release every model of this process."""
    with _loading:
        for key in [key for key in _engines if key.process == os.getpid()]:
            _engines.pop(key).close()


def only(text: str) -> str:
    """Return a grammar that allows exactly one text.

    >>> print(only('say "4"'))
    root ::= "say \\"4\\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    lines = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'root ::= "{lines}"'


_APART = 1_000_003
"""Factor between seeds. llama.cpp adds a choice's index to the seed, so adjacent seeds would share
samples."""
_WHOLE_VOCABULARY = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}


def completion_request(
    messages: Sequence[BaseMessage], n: int, sampling: Sampling, *, whole: bool
) -> dict[str, Any]:
    """Return the request; `whole` samples from all tokens, without a repetition penalty."""
    request: dict[str, Any] = {
        "messages": as_dicts(messages),
        "n": n,
        "stream": True,
        "stream_options": {"include_usage": True},
        **(_WHOLE_VOCABULARY if whole else {}),
    }
    settings = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else sampling.seed * _APART % 2**32,
    }
    request |= {name: value for name, value in settings.items() if value is not None}
    if sampling.logprobs is not None:
        # With 0 alternatives, llama.cpp reports no log-probabilities at all.
        request |= {"logprobs": True, "top_logprobs": max(1, sampling.logprobs)}
    if sampling.json_schema is not None:
        schema = {"name": "answer", "schema": json.loads(sampling.json_schema)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request
