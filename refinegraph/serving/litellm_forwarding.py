"""Forward requests, including tools, through litellm to providers with their own protocols."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from refinegraph.agents.models import Ledger, LiteLLMChatModel, RateLimits
from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.error_messages import error_for
from refinegraph.agents.models.failures import read_failure
from refinegraph.agents.models.providers.litellm_setup import (
    close_clients_with_loop,
    load_litellm,
)
from refinegraph.errors import RefinegraphError
from refinegraph.schema import Usage
from refinegraph.serving.dialects import Path
from refinegraph.serving.refusals import Refusal

_ABOUT_TOKENS = 2_048
"""Tokens that a request counts towards a limit per minute until its usage is known."""
_OWN = frozenset({"model", "stream", "stream_options", "messages"})


@dataclass(frozen=True)
class LiteLLMForwarder:
    """Passes requests on to a provider through litellm."""

    model: LiteLLMChatModel
    rate_limits: RateLimits

    async def whole(self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path) -> bytes:
        """Return the answer in OpenAI's form; raises `ModelError` if the provider fails."""
        _check_path(path)
        async with self._turn():
            response = await self._send(body, {})
        self._charge(getattr(response, "usage", None), ledger)
        return _json(response)

    async def stream(
        self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path
    ) -> AsyncGenerator[bytes]:
        """Yield the events of a stream in OpenAI's form as they come."""
        _check_path(path)
        options: Mapping[str, Any] = body.get("stream_options") or {}
        about = {"stream": True, "stream_options": {**options, "include_usage": True}}
        usage: Any = None
        try:
            async with self._turn():
                chunks = await self._send(body, about)
                async for chunk in chunks:
                    counted = getattr(chunk, "usage", None)
                    usage = counted or usage
                    if counted and not options.get("include_usage"):
                        chunk.usage = None
                    yield b"data: " + _json(chunk) + b"\n\n"
            yield b"data: [DONE]\n\n"
        except RefinegraphError:
            raise
        except Exception as error:
            raise self._failure(error) from None
        finally:
            self._charge(usage, ledger)

    def _turn(self) -> Any:
        return self.rate_limits.slot(
            self.model.endpoint, run=id(asyncio.current_task()), tokens=_ABOUT_TOKENS
        )

    async def _send(self, body: Mapping[str, Any], about: Mapping[str, Any]) -> Any:
        model = self.model
        check_call_allowed(model.model, model.api_base)
        litellm = await asyncio.to_thread(load_litellm)
        await close_clients_with_loop()
        settings: dict[str, Any] = {
            **{name: value for name, value in body.items() if name not in _OWN},
            "model": model.model,
            "messages": body["messages"],
            "api_base": model.api_base,
            "api_key": model.api_key.get_secret_value() if model.api_key else None,
            "timeout": model.timeout,
            "max_retries": 0,
            "drop_params": True,
            **about,
        }
        try:
            return await litellm.acompletion(**settings)
        except Exception as error:
            failure = self._failure(error)
        raise failure

    def _failure(self, error: Exception) -> Exception:
        return error_for(read_failure(error), self.model.endpoint, attempts=1)

    def _charge(self, usage: Any, ledger: Ledger | None) -> None:
        """Charge the cost of an answer to its client."""
        if ledger is None:
            return
        prompt = getattr(usage, "prompt_tokens", None) or 0
        written = getattr(usage, "completion_tokens", None) or 0
        usd = self.model.price(prompt, written, 0)
        ledger.add_prior(
            Usage(
                llm_calls=1,
                prompt_tokens=prompt,
                completion_tokens=written,
                priced_usd=usd or 0.0,
                unpriced_calls=int(usd is None),
            )
        )


def _check_path(path: Path) -> None:
    if path != "/chat/completions":
        raise Refusal(
            "a request to /v1/responses passes through only to a server that has this interface; "
            "send it to /v1/chat/completions.",
            code="unsupported_interface",
        )


def _json(response: Any) -> bytes:
    # Without this, pydantic warns about fields of the provider's own types.
    text: str = response.model_dump_json(exclude_none=True, warnings=False)
    return text.encode()
