"""Any model that litellm can reach, as a chat model of ours."""

from collections.abc import AsyncGenerator
from typing import Any

from pydantic import PrivateAttr

from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.completions.cache_marks import takes_cache_marks, with_cache_marks
from refinegraph.agents.models.completions.prefixes import PrefixForm, prefix_form
from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.providers.litellm_forms import (
    as_chunk,
    read_response,
    stream_ended,
)
from refinegraph.agents.models.providers.litellm_prices import price_of
from refinegraph.agents.models.providers.litellm_setup import (
    base_of_environment,
    close_clients_with_loop,
    load_litellm,
)
from refinegraph.agents.models.providers.openai_forms import request_settings
from refinegraph.agents.models.providers.remote_chat import (
    ChatRequest,
    RemoteChatModel,
    StreamCutOff,
)
from refinegraph.agents.models.types import Completion


class LiteLLMChatModel(RemoteChatModel):
    """A chat model over `litellm.acompletion`.

    It stands in for langchain-litellm's ChatLiteLLM because a run needs n choices with the tokens
    of each, thinking apart from the text, every retry counted, and little CPU on top of the bare
    completion (a tenth, measured over HTTP at 64 calls in flight).

    Without an `api_key`, litellm reads the provider's environment variable. Use `resolve_model` to
    make one from a name with its provider and key checked.
    """

    _fixed: dict[str, Any] | None = PrivateAttr(default=None)

    async def send(self, request: ChatRequest) -> Completion:
        """Send one request and read the whole answer."""
        return read_response(await self._send(request, {}))

    async def send_streaming(self, request: ChatRequest) -> AsyncGenerator[dict[str, Any]]:
        """Send one request and yield the chunks of its answer."""
        about = {"stream": True, "stream_options": {"include_usage": True}}
        stream = await self._send(request, about)
        async for chunk in stream:
            yield as_chunk(chunk)
        if not stream_ended(stream):
            raise StreamCutOff

    @property
    def prefix_form(self) -> PrefixForm | None:
        """How the provider is asked to go on from a text; None where it cannot be asked."""
        litellm = load_litellm()
        bare, provider, _, _ = litellm.get_llm_provider(self.model)
        listed = litellm.model_cost
        known: dict[str, Any] = listed.get(self.model) or listed.get(bare) or {}
        prefills = known.get("supports_assistant_prefill")
        base = self.api_base or base_of_environment(provider)
        return prefix_form(provider, api_base=base, prefills=prefills)

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return USD by `prices` or litellm's local map; None for a model that it does not list."""
        if self.prices is not None:
            return (prompt_tokens * self.prices[0] + completion_tokens * self.prices[1]) / 1e6
        return price_of(self.model, prompt_tokens, completion_tokens, cached_tokens)

    def most_choices(self) -> int | None:
        """Return 1 where litellm does not list `n` among what the provider supports."""
        litellm = load_litellm()
        bare, provider, _, _ = litellm.get_llm_provider(self.model)
        if provider.startswith("ollama"):
            return 1  # litellm would ask the server, and Ollama has no n
        return None if "n" in (litellm.get_supported_openai_params(bare, provider) or ()) else 1

    async def _send(self, request: ChatRequest, about: dict[str, Any]) -> Any:
        check_call_allowed(self.model, self.api_base)
        litellm = load_litellm()
        await close_clients_with_loop()
        settings = {**self._request(), **request_settings(request.n, request.sampling), **about}
        if request.form.body:
            settings["extra_body"] = dict(request.form.body)
        if request.form.api_base:
            settings["api_base"] = request.form.api_base
        messages = as_dicts(request.messages)
        if takes_cache_marks(self.model):
            messages = with_cache_marks(messages)
        return await litellm.acompletion(messages=messages, **settings)

    def _request(self) -> dict[str, Any]:
        if self._fixed is None:
            self._fixed = {
                "model": self.model,
                "api_base": self.api_base,
                "api_key": self.api_key.get_secret_value() if self.api_key else None,
                "timeout": self.timeout,
                "max_retries": 0,
                "drop_params": True,
            }
        return self._fixed

    @property
    def _llm_type(self) -> str:
        return "refinegraph-litellm"
