"""Requests that pass through to a model in this process, local or scripted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import (
    Ledger,
    RateLimits,
    Sampling,
    TokensStreamed,
    generate,
    model_name,
    run_scope,
)
from refinegraph.schema import Frozen
from refinegraph.serving.answers import ServedAnswer, ServedChoice
from refinegraph.serving.deltas import Delta, OnDelta
from refinegraph.serving.progress import LiveText
from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import ChatRequest


@dataclass(frozen=True)
class DirectAnswers:
    """Answers requests with one model and no strategy."""

    model: BaseChatModel
    rate_limits: RateLimits

    async def answer(
        self, request: ChatRequest, tell: OnDelta, *, ledger: Ledger | None, stream: bool
    ) -> ServedAnswer:
        """Ask the model once for all choices.

        Raises:
            Refusal: For tools and log probabilities, which such a model does not support.
        """
        _check(request, model_name(self.model))
        n = request.n or 1
        live = LiveText()

        def handle(event: Frozen) -> None:
            if isinstance(event, TokensStreamed) and (text := live.add(event.call, event.text)):
                tell(Delta("content", text))

        with run_scope(
            rate_limits=self.rate_limits,
            ledger=ledger,
            on_event=handle if stream and n == 1 else None,
            streams=stream and n == 1,
        ):
            generations = await generate(
                self.model, _plain_messages(request), n=n, sampling=_sampling(request)
            )
        for number, choice in enumerate(generations.choices):
            text = live.rest(choice.text) if n == 1 else choice.text
            if choice.reasoning:
                tell(Delta("reasoning", choice.reasoning, number))
            if text:
                tell(Delta("content", text, number))
        return ServedAnswer(
            tuple(
                ServedChoice(choice.text, choice.finish_reason or "stop", choice.reasoning)
                for choice in generations.choices
            ),
            generations.usage,
        )


def _check(request: ChatRequest, name: str) -> None:
    wanted = {"tools": request.tools or request.functions, "logprobs": request.logprobs}
    for field, value in wanted.items():
        if value:
            raise Refusal(
                f"{field} cannot be passed on to model {name!r}, which no OpenAI-compatible server "
                f"serves; leave the field out, or serve a model with an address.",
                code="unsupported_field",
            )


def _plain_messages(request: ChatRequest) -> list[Any]:
    roles = {"developer": "system", "tool": "user", "function": "user"}
    return [
        {"role": roles.get(message.role, message.role), "content": message.content or ""}
        for message in request.messages
    ]


def _sampling(request: ChatRequest) -> Sampling:
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.answer_limit,
        stop=request.stops,
        seed=request.seed,
        json_schema=_schema(request.response_format),
    )


def _schema(form: Mapping[str, Any] | None) -> str | None:
    """Return the JSON schema of an answer, as text."""
    if form is None or form.get("type") not in ("json_object", "json_schema"):
        return None
    described: Mapping[str, Any] = form.get("json_schema") or {}
    wanted: Any = described.get("schema") or {"type": "object"}
    return json.dumps(wanted)
