"""Markers that tell Anthropic's servers which parts of a prompt to cache."""

import re
from collections.abc import Sequence
from typing import Any

_PART = re.compile(r"(?=^# (?:Program|Solution|Review|Task)$)", re.MULTILINE)
"""Boundaries of the shared parts of prompts: all begin with the statement, some also share the
program."""
_MAX_MARKS = 4
"""Maximum number of markers; Anthropic refuses requests with more."""


def takes_cache_marks(model: str) -> bool:
    """Return whether a model's server caches only marked parts of a prompt.

    >>> takes_cache_marks("anthropic/claude-sonnet-4-5"), takes_cache_marks("openai/gpt-5")
    (True, False)
    """
    return "claude" in model.lower()


def with_cache_marks(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark the parts of the first user message that later prompts of a run share.

    The last part, which states the role's own task, is not marked. A prompt without the headings
    of the standard prompts is returned unchanged.
    """
    marked = list(messages)
    index = next((n for n, message in enumerate(marked) if message.get("role") == "user"), None)
    if index is None or not isinstance(marked[index].get("content"), str):
        return marked
    parts = [part for part in _PART.split(marked[index]["content"]) if part]
    if len(parts) < 2:
        return marked
    kept = parts[: _MAX_MARKS - 1]
    rest = "".join(parts[len(kept) :]) if len(parts) > len(kept) else kept.pop()
    blocks: list[dict[str, Any]] = [
        {"type": "text", "text": part, "cache_control": {"type": "ephemeral"}} for part in kept
    ]
    marked[index] = {**marked[index], "content": [*blocks, {"type": "text", "text": rest}]}
    return marked
