"""Prices from litellm's price map, read without importing litellm."""

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_MAP = "model_prices_and_context_window_backup.json"
_TIER = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")


class _Rates(NamedTuple):
    """Prices in USD per token, for prompts of more than `above` tokens."""

    above: int
    prompt: float
    cached: float
    completion: float


def listed_price(
    model: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
) -> float | None:
    """Return the price of a call in USD, or None if litellm's map does not list the model.

    Long prompts are charged at the map's rates for prompts above a certain length. Prices of
    batches, priorities and tools are ignored, because no request uses them.

    >>> listed_price("openai/some-model-of-mine", 1000, 1000) is None
    True
    """
    tiers = _tiers(model)
    if not tiers:
        return None
    rates = max(tier for tier in tiers if prompt_tokens > tier.above or not tier.above)
    return (
        (prompt_tokens - cached_tokens) * rates.prompt
        + cached_tokens * rates.cached
        + completion_tokens * rates.completion
    )


@cache
def _tiers(model: str) -> tuple[_Rates, ...]:
    """Look up a model; the map itself (3 MB, 20 ms to read) is not kept in memory."""
    listed = _read_map()
    provider, _, bare = model.partition("/")
    for name in (model, bare):
        prices = listed.get(name) or {}
        is_meant = name == model or prices.get("litellm_provider") == provider
        if is_meant and prices.get("input_cost_per_token") is not None:
            matches = (_TIER.fullmatch(field) for field in prices)
            lengths = [0, *(int(match[1]) for match in matches if match)]
            return tuple(_rates(prices, length) for length in lengths)
    return ()


def _rates(prices: dict[str, Any], thousands: int) -> _Rates:
    suffix = f"_above_{thousands}k_tokens" if thousands else ""

    def usd(field: str, default: float) -> float:
        value = prices.get(field + suffix)
        return float(prices.get(field) or default) if value is None else float(value)

    prompt = usd("input_cost_per_token", 0.0)
    return _Rates(
        above=thousands * 1000,
        prompt=prompt,
        cached=usd("cache_read_input_token_cost", prompt),
        completion=usd("output_cost_per_token", 0.0),
    )


def _read_map() -> dict[str, dict[str, Any]]:
    package = importlib.util.find_spec("litellm")
    if package is None or package.origin is None:
        return {}
    listed: dict[str, dict[str, Any]] = json.loads(Path(package.origin).with_name(_MAP).read_text())
    return listed
