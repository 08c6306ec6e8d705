"""Parse log-probabilities in the format of OpenAI-compatible servers."""

from collections.abc import Iterable
from typing import Any, cast

from refinegraph.agents.models.types import TokenLogprob, TopLogprob


def read_logprobs(value: Any) -> tuple[TokenLogprob, ...] | None:
    """Parse a choice's `logprobs`, an object or a mapping; return None if there are none."""
    content = _get(value, "content")
    if not content:
        return None
    return tuple(_token(entry) for entry in content)


def _token(entry: Any) -> TokenLogprob:
    top: Iterable[Any] = _get(entry, "top_logprobs") or ()
    return TokenLogprob(
        token=_get(entry, "token") or "",
        logprob=float(_get(entry, "logprob") or 0.0),
        top=tuple(
            TopLogprob(_get(alternative, "token") or "", float(_get(alternative, "logprob") or 0.0))
            for alternative in top
        ),
    )


def _get(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(name)
    return getattr(value, name, None)
