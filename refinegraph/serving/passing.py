"""Choose how requests reach a model without a strategy."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import (
    DirectChatModel,
    FallbackChatModel,
    Ledger,
    LiteLLMChatModel,
    RateLimits,
)
from refinegraph.agents.models.providers.openai_providers import PROVIDERS
from refinegraph.agents.models.providers.openai_resolve import direct_model
from refinegraph.serving.dialects import Path
from refinegraph.serving.direct_answers import DirectAnswers
from refinegraph.serving.forwarding import Forwarder
from refinegraph.serving.litellm_forwarding import LiteLLMForwarder


class Passing(Protocol):
    """Passes requests on unchanged and returns the answers unchanged."""

    async def whole(self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path) -> bytes:
        """Return the body of an answer."""
        ...

    def stream(
        self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path
    ) -> AsyncGenerator[bytes]:
        """Yield the events of a stream."""
        ...


def passing_to(model: BaseChatModel, rate_limits: RateLimits) -> Passing | DirectAnswers:
    """Return how requests reach a model: byte by byte, through litellm, or through `generate`.

    Of a list of fallbacks only the first is asked.
    """
    if isinstance(model, FallbackChatModel):
        return passing_to(model.models[0], rate_limits)
    if isinstance(model, DirectChatModel):
        return Forwarder(model, rate_limits)
    if not isinstance(model, LiteLLMChatModel):
        return DirectAnswers(model, rate_limits)
    if model.model.partition("/")[0] not in PROVIDERS:
        return LiteLLMForwarder(model, rate_limits)
    # Runs use litellm, but the server itself is OpenAI-compatible.
    direct = direct_model(
        model.model,
        api_base=model.api_base,
        api_key=model.api_key.get_secret_value() if model.api_key else None,
        timeout=model.timeout,
        retry=model.retry,
        prices=model.prices,
    )
    return Forwarder(direct, rate_limits)
