"""Likelihoods measured by a vLLM server."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage

from refinegraph.agents.models import TokenLogprob
from refinegraph.agents.models.messages import as_dicts
from refinegraph.errors import ModelRequestRefused
from refinegraph.retry_policy import RetryPolicy
from refinegraph.tools.scorers.reward_server import RewardServer, server_root

_ROLE = "model server"


class ServerLikelihood:
    """Measure the likelihood of a text with a vLLM server, from its prompt log-probabilities.

    The text is sent as an unfinished assistant message and is therefore part of the prompt;
    `/tokenize` reports where it begins. Costs two requests, one of them a model call with one
    token of output.

    Raises `ModelRequestRefused` if the server does not support `prompt_logprobs`, like llama.cpp's
    server and most hosted ones, and `ModelError` if it keeps failing.

    Args:
        url: The server's root, with or without `/v1`.
        model: The name under which the server offers the model.
        api_key: The API key, if the server requires one.
        timeout: Timeout of one attempt in seconds.
        retry: When failed requests are retried.
        usd_per_million: Price in USD per million tokens; None if unknown.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout: float = 120.0,
        retry: RetryPolicy | None = None,
        usd_per_million: float | None = None,
    ) -> None:
        self.model = model
        self._server = RewardServer(
            server_root(url, role=_ROLE),
            api_key,
            timeout=timeout,
            retry=retry or RetryPolicy(),
            usd_per_million=usd_per_million,
            role=_ROLE,
        )

    async def __call__(
        self, messages: Sequence[BaseMessage], text: str
    ) -> tuple[TokenLogprob, ...]:
        """Return the tokens of the text with their log-probabilities."""
        if not text:
            return ()
        conversation = {"model": self.model, "messages": as_dicts(messages)}
        whole = {"model": self.model, "messages": as_dicts([*messages, AIMessage(text)])}
        async with self._server.session() as session:
            counted = await session.post(
                "/tokenize", {**conversation, "add_generation_prompt": True}
            )
            answer = await session.post(
                "/v1/chat/completions",
                {
                    **whole,
                    "max_tokens": 1,
                    "temperature": 0.0,
                    "prompt_logprobs": 0,
                    "add_generation_prompt": False,
                    "continue_final_message": True,
                },
            )
        return tuple(map(_token, self._entries(answer, counted)))

    def __repr__(self) -> str:
        """Return the constructor call, without the key."""
        return f"ServerLikelihood({self._server.url!r}, {self.model!r})"

    def _entries(
        self, answer: Mapping[str, Any], counted: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """Return the server's entries for the tokens of the text, without those before it."""
        first = counted.get("count")
        entries = answer.get("prompt_logprobs")
        if isinstance(first, int) and isinstance(entries, list):
            of_text = cast("list[Mapping[str, Any] | None]", entries)[first:]
            present = [entry for entry in of_text if entry]
            if of_text and len(present) == len(of_text):
                return present
        raise ModelRequestRefused(
            f"the model server at {self._server.url} returned no log-probabilities for the prompt "
            f"of {self.model!r}; use a vLLM server, which supports `prompt_logprobs`."
        )


def _token(entry: Mapping[str, Any]) -> TokenLogprob:
    """Parse `{TOKEN_ID: {logprob, rank, decoded_token}}`; the prompt's own token comes first."""
    token = next(iter(entry.values()))
    return TokenLogprob(token=token.get("decoded_token") or "", logprob=float(token["logprob"]))
