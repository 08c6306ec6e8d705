"""Span attributes of model calls, following OpenTelemetry's conventions."""

from refinegraph.agents.models.types import Sampling
from refinegraph.schema import Usage
from refinegraph.telemetry.tracing import Attributes


def request_attributes(name: str, n: int, sampling: Sampling) -> Attributes:
    """Return the attributes of a request for n choices."""
    provider, _, model = name.rpartition("/")
    attributes: dict[str, str | int | float | None] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider.partition("/")[0] or "refinegraph",
        "gen_ai.request.model": model,
        "gen_ai.request.choice.count": n,
        "gen_ai.request.temperature": sampling.temperature,
        "gen_ai.request.top_p": sampling.top_p,
        "gen_ai.request.max_tokens": sampling.max_tokens,
        "gen_ai.request.seed": sampling.seed,
    }
    return {key: value for key, value in attributes.items() if value is not None}


def usage_attributes(usage: Usage) -> Attributes:
    """Return the attributes of a request's cost."""
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "refinegraph.usage.usd": usage.priced_usd,
        "refinegraph.usage.unpriced_calls": usage.unpriced_calls,
        "refinegraph.usage.retries": usage.retries,
    }
