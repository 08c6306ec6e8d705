"""Pass requests through to an OpenAI-compatible server, and its answers back, byte by byte."""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from refinegraph.agents.models import Ledger, RateLimits
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.providers.openai_chat import DirectChatModel
from refinegraph.agents.models.providers.openai_http import StatusError, post
from refinegraph.agents.models.providers.openai_providers import chat_url
from refinegraph.agents.models.providers.remote_chat import NO_KEY
from refinegraph.agents.models.spending.usage import estimate_tokens, plausible
from refinegraph.schema import Usage
from refinegraph.serving.dialects import Path
from refinegraph.serving.refusals import Refusal
from refinegraph.support.redaction import redact

_ABOUT_TOKENS = 2_048
"""Tokens that a request counts towards a limit per minute until its usage is known."""


@dataclass(frozen=True)
class Forwarder:
    """Passes requests on to the server of one model.

    Only the token counts of an answer are read, so tool calls, JSON schemas and fields that are
    unknown here arrive as they were sent.
    """

    model: DirectChatModel
    rate_limits: RateLimits

    async def whole(self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path) -> bytes:
        """Return the body of an answer.

        Raises:
            Refusal: With the status and the message of the server, if it refuses.
        """
        with self._charging(body, ledger) as count:
            try:
                async with asyncio.timeout(self.model.timeout):
                    answer = b"".join([part async for part in self._parts(body, path)])
            except TimeoutError:
                raise _too_late(self.model) from None
            count.usage = _json(answer).get("usage") or {}
        return answer

    async def stream(
        self, body: Mapping[str, Any], ledger: Ledger | None, *, path: Path
    ) -> AsyncGenerator[bytes]:
        """Yield the events of a stream as they arrive.

        Usage is always requested; its event is left out if the client did not ask for it.
        """
        options: Mapping[str, Any] = body.get("stream_options") or {}
        counts = path != "/chat/completions" or bool(options.get("include_usage"))
        more = {} if counts else {"stream_options": {**options, "include_usage": True}}
        asked = {**body, **more}
        with self._charging(body, ledger) as count:
            async with (
                aclosing(self._parts(asked, path)) as parts,
                aclosing(_events(parts)) as events,
            ):
                async for event in events:
                    counted = _counted(event)
                    count.usage = counted.get("usage") or count.usage
                    count.events += 1
                    if counts or not counted or counted.get("choices"):
                        yield event

    async def _parts(self, body: Mapping[str, Any], path: Path) -> AsyncGenerator[bytes]:
        model, endpoint = self.model, self.model.endpoint
        check_call_allowed(model.model, model.api_base)
        provider, _, name = model.model.partition("/")
        sent = json.dumps({**body, "model": name}, ensure_ascii=False).encode()
        key = model.api_key.get_secret_value() if model.api_key else NO_KEY
        url = chat_url(provider, model.api_base or "").replace("/chat/completions", path)
        # Each request counts as a run of its own in the fair queue.
        turn = self.rate_limits.slot(endpoint, run=id(sent), tokens=_ABOUT_TOKENS)
        try:
            async with turn as place, post(url, sent, key=key) as reply:
                async with aclosing(reply.parts()) as parts:
                    async for part in parts:
                        yield part
                place.answered(_ABOUT_TOKENS)
        except StatusError as error:
            raise _refused(error, endpoint) from None
        except (OSError, TimeoutError) as error:
            raise _unreachable(error, endpoint) from None

    @contextmanager
    def _charging(self, body: Mapping[str, Any], ledger: Ledger | None) -> "Generator[_Count]":
        """Charge the cost of an answer to its client, unless the server refused the request.

        A client that disconnects before the usage arrives is charged an estimate.
        """
        count = _Count()
        refused = False
        try:
            yield count
        except Refusal:
            refused = True
            raise
        finally:
            if ledger is not None and not refused:
                ledger.add_prior(self._spent(count.usage or _estimate(body, count.events)))

    def _spent(self, usage: Mapping[str, Any]) -> Usage:
        prompt = plausible(usage.get("prompt_tokens", usage.get("input_tokens"))) or 0
        written = plausible(usage.get("completion_tokens", usage.get("output_tokens"))) or 0
        usd = self.model.price(prompt, written, 0)
        return Usage(
            llm_calls=1,
            prompt_tokens=prompt,
            completion_tokens=written,
            priced_usd=usd or 0.0,
            unpriced_calls=int(usd is None),
        )


@dataclass
class _Count:
    """The usage of one answer, as far as it is known."""

    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    events: int = 0


def _estimate(body: Mapping[str, Any], events: int) -> dict[str, int]:
    """Estimate the tokens of an answer without usage: servers send about one event for each."""
    prompt = json.dumps(body.get("messages") or body.get("input"), ensure_ascii=False)
    return {"prompt_tokens": estimate_tokens(prompt), "completion_tokens": events}


def _counted(event: bytes) -> dict[str, Any]:
    """Return the chunk of an event with usage; empty for other events."""
    if b'"usage"' not in event:
        return {}
    lines = [line[5:] for line in event.splitlines() if line.startswith(b"data:")]
    chunk = _json(b"".join(lines))
    whole: Any = chunk.get("response")
    if isinstance(whole, dict):  # the last event of a response holds all of it
        chunk = {**chunk, "usage": cast("dict[str, Any]", whole).get("usage")}
    return chunk if isinstance(chunk.get("usage"), dict) else {}


async def _events(parts: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield whole events with the empty line after each, then the rest."""
    rest = b""
    async for part in parts:
        rest += part
        while (end := _end_of_event(rest)) is not None:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _end_of_event(text: bytes) -> int | None:
    ends = [at + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if (at := text.find(mark)) >= 0]
    return min(ends, default=None)


def _json(body: bytes) -> dict[str, Any]:
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _refused(error: StatusError, endpoint: Endpoint) -> Refusal:
    """Return the refusal of a server; a bad key of the operator is not the client's fault."""
    status = error.response.status_code
    message = redact(str(error), endpoint.secret)
    if status in (401, 403):
        return Refusal(
            f"{endpoint} refuses the server's own key: {message}",
            status=502,
            type="upstream_error",
            code="upstream_refused_key",
        )
    headers = {
        name: value
        for name in ("retry-after",)
        if (value := error.response.headers.get(name)) is not None
    }
    kind = "upstream_error" if status >= 500 else "invalid_request_error"
    # Nothing was spent, so the client may retry, as it would with the server itself.
    again = {"x-should-retry": "true"} if status == 429 or status >= 500 else {}
    return Refusal(
        message, status=status, type=kind, code="upstream_refused", headers={**headers, **again}
    )


def _too_late(model: DirectChatModel) -> Refusal:
    return Refusal(
        f"{model.endpoint} gave no answer within {model.timeout:g} seconds.",
        status=504,
        type="timeout_error",
        code="upstream_timeout",
    )


def _unreachable(error: Exception, endpoint: Endpoint) -> Refusal:
    reason = redact(str(error) or type(error).__name__, endpoint.secret)
    return Refusal(
        f"{endpoint} could not be reached: {reason}.",
        status=502,
        type="upstream_error",
        code="upstream_unreachable",
    )
