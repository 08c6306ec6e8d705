"""What llama.cpp is asked."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Sampling
from refinegraph.agents.models.messages import as_dicts

_APART = 1_000_003
"""llama.cpp adds a choice's number to the seed: seeds side by side would share samples."""
_WHOLE_VOCABULARY = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}


def completion_request(
    messages: Sequence[BaseMessage], n: int, sampling: Sampling, *, whole: bool
) -> dict[str, Any]:
    """Return the request; `whole` samples from all tokens, with no penalty for repeating."""
    request: dict[str, Any] = {
        "messages": as_dicts(messages),
        "n": n,
        "stream": True,
        "stream_options": {"include_usage": True},
        **(_WHOLE_VOCABULARY if whole else {}),
    }
    given = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else sampling.seed * _APART % 2**32,
    }
    request |= {name: value for name, value in given.items() if value is not None}
    if sampling.logprobs is not None:
        request |= {"logprobs": True, "top_logprobs": sampling.logprobs}
    if sampling.json_schema is not None:
        schema = {"name": "answer", "schema": json.loads(sampling.json_schema)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request
