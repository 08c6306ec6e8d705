"""Log-probabilities in the form that OpenAI-compatible servers give them."""

from collections.abc import Iterable
from typing import Any, cast

from refinegraph.agents.models.types import TokenLogprob, TopLogprob


def read_logprobs(value: Any) -> tuple[TokenLogprob, ...] | None:
    """Read a choice's `logprobs`, an object or a mapping; None where there are none."""
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
            TopLogprob(_get(each, "token") or "", float(_get(each, "logprob") or 0.0))
            for each in top
        ),
    )


def _get(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(name)
    return getattr(value, name, None)
