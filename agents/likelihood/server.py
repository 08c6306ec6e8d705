"""Likelihood by a vLLM server."""

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
    """Measure a text with a model on a vLLM server, by the log-probabilities of its prompt.

    The text stands in the last message of the assistant and is not ended, so that it is part of the
    prompt; `/tokenize` tells where it begins. Costs two requests, of which one is a model call with
    one token of answer. Requests are sent again as `retry` says.

    Raises `ModelRequestRefused` for a server that does not give `prompt_logprobs`, as llama.cpp's
    and most hosted ones do not, and `ModelError` for one that keeps failing.

    Args:
        url: The server's root, with or without `/v1`.
        model: The name by which it serves the model.
        api_key: The key, where the server wants one.
        timeout: Seconds for one attempt.
        retry: When a failed request is sent again.
        usd_per_million: Price of a million tokens; unknown unless given.
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
        asked = {"model": self.model, "messages": as_dicts(messages)}
        whole = {"model": self.model, "messages": as_dicts([*messages, AIMessage(text)])}
        async with self._server.session() as session:
            counted = await session.post("/tokenize", {**asked, "add_generation_prompt": True})
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
        """The call that makes it, without the key."""
        return f"ServerLikelihood({self._server.url!r}, {self.model!r})"

    def _entries(
        self, answer: Mapping[str, Any], counted: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """Return what the server says of each token of the text, without those before it."""
        first = counted.get("count")
        entries = answer.get("prompt_logprobs")
        if isinstance(first, int) and isinstance(entries, list):
            told = cast("list[Mapping[str, Any] | None]", entries)[first:]
            known = [entry for entry in told if entry]
            if told and len(known) == len(told):
                return known
        raise ModelRequestRefused(
            f"The model server at {self._server.url} gave no log-probabilities of the prompt of "
            f"{self.model!r}; a vLLM server does, with `prompt_logprobs`."
        )


def _token(entry: Mapping[str, Any]) -> TokenLogprob:
    """Read `{TOKEN_ID: {logprob, rank, decoded_token}}`, where the prompt's own token is first."""
    about = next(iter(entry.values()))
    return TokenLogprob(token=about.get("decoded_token") or "", logprob=float(about["logprob"]))
