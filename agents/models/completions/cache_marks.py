"""Marks that tell Anthropic's servers which beginning of a prompt to keep."""

import re
from collections.abc import Sequence
from typing import Any

_PART = re.compile(r"(?=^# (?:Program|Solution|Review|Task)$)", re.MULTILINE)
"""Where the prompts of several roles part: all begin with the statement, some share the program."""
_MOST_MARKS = 4
"""More in one request are refused."""


def takes_cache_marks(model: str) -> bool:
    """Return whether a model's server keeps only what is marked.

    >>> takes_cache_marks("anthropic/claude-sonnet-4-5"), takes_cache_marks("openai/gpt-5")
    (True, False)
    """
    return "claude" in model.lower()


def with_cache_marks(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with the parts marked that the next prompts of a run begin with, too.

    The last part of the last message, which says what the role has to do, is not marked. A prompt
    without the headings of the standard prompts stays as it is.
    """
    marked = list(messages)
    at = next((n for n, message in enumerate(marked) if message.get("role") == "user"), None)
    if at is None or not isinstance(marked[at].get("content"), str):
        return marked
    parts = [part for part in _PART.split(marked[at]["content"]) if part]
    if len(parts) < 2:
        return marked
    kept = parts[: _MOST_MARKS - 1]
    rest = "".join(parts[len(kept) :]) if len(parts) > len(kept) else kept.pop()
    blocks: list[dict[str, Any]] = [
        {"type": "text", "text": part, "cache_control": {"type": "ephemeral"}} for part in kept
    ]
    marked[at] = {**marked[at], "content": [*blocks, {"type": "text", "text": rest}]}
    return marked
