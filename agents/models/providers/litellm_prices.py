"""Prices from litellm's local price map."""

from functools import cache
from typing import Any, NamedTuple

from refinegraph.agents.models.providers.litellm_setup import load_litellm


class _Listed(NamedTuple):
    """A model's entry in litellm's map."""

    name: str
    provider: str | None
    free: bool


def price_of(
    model: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
) -> float | None:
    """Return the price of a call in USD, or None if the price map does not list the model.

    >>> price_of("openai/some-model-of-mine", 1000, 1000) is None
    True
    """
    listed = _listed(model)
    if listed is None:
        return None
    if listed.free:
        return 0.0
    prompt_usd, completion_usd = load_litellm().cost_per_token(
        model=listed.name,
        custom_llm_provider=listed.provider,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cache_read_input_tokens=cached_tokens,
    )
    return float(prompt_usd + completion_usd)


@cache
def _listed(model: str) -> _Listed | None:
    """Look up the model in the map itself; litellm's own lookup queries some servers."""
    litellm = load_litellm()
    provider, _, bare = model.partition("/")
    for name in (model, bare):
        prices: dict[str, Any] = litellm.model_cost.get(name) or {}
        is_meant = name == model or prices.get("litellm_provider") == provider
        if is_meant and prices.get("input_cost_per_token") is not None:
            named = provider if bare and provider in litellm.provider_list else None
            free = not prices["input_cost_per_token"] and not prices.get("output_cost_per_token")
            return _Listed(name, named, free)
    return None
