"""Sampling settings of a strategy for all requests that leave them open."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from refinegraph.agents.models.types import Sampling

_DEFAULTS: ContextVar[Sampling | None] = ContextVar("refinegraph_sampling_defaults", default=None)


@contextmanager
def sampling_defaults(defaults: Sampling) -> Generator[None]:
    """Set `max_tokens`, `seed` and `logprobs` of requests in the context that have none."""
    token = _DEFAULTS.set(defaults)
    try:
        yield
    finally:
        _DEFAULTS.reset(token)


def with_defaults(sampling: Sampling) -> Sampling:
    """Return sampling settings, completed by those of the context.

    >>> with sampling_defaults(Sampling(max_tokens=100, seed=7)):
    ...     settings = with_defaults(Sampling(seed=1))
    >>> settings.max_tokens, settings.seed
    (100, 1)
    """
    defaults = _DEFAULTS.get()
    if defaults is None:
        return sampling
    missing = {
        name: getattr(defaults, name)
        for name in ("max_tokens", "seed", "logprobs")
        if getattr(sampling, name) is None
    }
    return sampling.model_copy(update=missing)
