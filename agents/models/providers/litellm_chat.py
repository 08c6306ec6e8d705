"""Any model that litellm can reach, as a chat model of ours."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field, PrivateAttr, SecretStr

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.call_blocking import check_call_allowed
from refinegraph.agents.models.completions.prefixes import (
    Continuation,
    PrefixForm,
    continuation,
    missing_prefix,
    only_new,
    prefix_form,
)
from refinegraph.agents.models.completions.stream_assembly import StreamAccumulator
from refinegraph.agents.models.error_messages import error_for
from refinegraph.agents.models.failures import read_failure
from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.providers.litellm_forms import (
    as_piece,
    message_chunks,
    read_response,
    request_settings,
    stream_ended,
)
from refinegraph.agents.models.providers.litellm_prices import price_of
from refinegraph.agents.models.providers.litellm_setup import (
    base_of_environment,
    close_clients_with_loop,
    load_litellm,
)
from refinegraph.agents.models.spending.billing import Bill
from refinegraph.agents.models.types import Completion, OnText, Sampling
from refinegraph.errors import RefinegraphError
from refinegraph.redaction import without_credentials

NO_KEY = "no-key"
"""Sent to servers that were named by address and for which there is no key."""


_NO_PREFILL = re.compile(
    r"does not support assistant message prefill|prefilling assistant messages is no longer"
    r"|conversation must end with a user message",
    re.IGNORECASE,
)
_MOST_ENDLESS = 2
"""After so many streams in a row without an end the server is asked without streaming: one cut may
be the network's fault, several are a server that does not stream as the protocol has it."""


class LiteLLMChatModel(SamplingChatModel):
    """A chat model over `litellm.acompletion`.

    It stands in for langchain-litellm's ChatLiteLLM because a run needs n choices with the tokens
    of each, thinking apart from the text, every retry counted, and little CPU on top of the bare
    completion (a tenth, measured over HTTP at 64 calls in flight).

    Use `resolve_model` to make one from a name with its provider and key checked.
    """

    model: str
    """litellm's name: `PROVIDER/MODEL`."""
    api_base: str | None = None
    api_key: SecretStr | None = Field(default=None, repr=False)
    """None to let litellm read the provider's environment variable."""
    key_variable: str | None = None
    """The environment variable that errors about the key should name."""
    timeout: float = Field(default=600.0, gt=0)
    """Seconds for one attempt."""

    prices: tuple[float, float] | None = None
    """USD for a million prompt and a million completion tokens; litellm's price map otherwise."""

    _fixed: dict[str, Any] | None = PrivateAttr(default=None)
    _endless_streams: int = PrivateAttr(default=0)
    """Streams in a row that ended without saying so."""

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        secret = self.api_key.get_secret_value() if self.api_key else None
        if secret == NO_KEY:
            secret = None
        return Endpoint(self.model, self.api_base, self.key_variable, secret, opaque=True)

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Make one request."""
        settings = request_settings(n, sampling)
        if not sampling.prefix:
            return read_response(await self._complete(messages, settings))
        begun = continuation(messages, sampling, self.prefix_form, self.endpoint)
        if begun.form.body:
            settings["extra_body"] = dict(begun.form.body)
        if begun.form.api_base:
            settings["api_base"] = begun.form.api_base
        answer = await self._continued(begun, settings)
        new = (
            only_new(each, sampling.prefix, begun.form, self.endpoint) for each in answer.choices
        )
        return answer._replace(choices=tuple(new))

    async def _continued(self, begun: Continuation, settings: dict[str, Any]) -> Completion:
        """Make one request; say in our words that a model takes no prefix after all."""
        try:
            return read_response(await self._complete(begun.messages, settings))
        except Exception as error:
            if _NO_PREFILL.search(str(error)):
                raise missing_prefix(self.endpoint) from None
            raise

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

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one request that streams, and another one where the server sends no stream.

        A server that answers in one piece all the same, be it with an answer, an error or a web
        page, is asked once more without streaming, so that the outcome is the same as without.
        """
        if self._endless_streams >= _MOST_ENDLESS:
            return await self.ask(messages, n=1, sampling=sampling)
        pieces = StreamAccumulator(on_text=on_text)
        settings = {**request_settings(1, sampling), "stream": True}
        async with _within(self.timeout):
            stream = await self._complete(
                messages, {**settings, "stream_options": {"include_usage": True}}
            )
            async for chunk in stream:
                pieces.add(as_piece(chunk))
        if stream_ended(stream):
            self._endless_streams = 0
            return pieces.answer(1)
        if pieces.begun:
            self._endless_streams += 1
            raise _cut_off(pieces)
        answer = await self.ask(messages, n=1, sampling=sampling)
        self._endless_streams = _MOST_ENDLESS
        return answer._replace(requests=2)

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

    async def _complete(self, messages: Sequence[BaseMessage], settings: dict[str, Any]) -> Any:
        check_call_allowed(self.model, self.api_base)
        litellm = load_litellm()
        await close_clients_with_loop()
        async with _within(self.timeout):
            return await litellm.acompletion(
                messages=as_dicts(messages), **{**self._request(), **settings}
            )

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

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Stream one attempt: a stream that fails is not sent again."""
        sampling = self.sampling_of(stop, kwargs)
        async with Bill(self, messages, 1, sampling).open() as bill:
            written = StreamAccumulator()
            try:
                async for piece in self._pieces(messages, bill.sampling, written):
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(piece.text, chunk=piece)
                    yield piece
            finally:
                if written.begun:
                    bill.count(written.answer(1))

    async def _pieces(
        self, messages: Sequence[BaseMessage], sampling: Sampling, written: StreamAccumulator
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield what a stream brings; raise one sentence, without causes, where it fails."""
        chunks = self._chunks(messages, sampling, written)
        while True:
            try:
                chunk = await anext(chunks, None)
                problem = None
            except RefinegraphError:
                raise
            except Exception as error:
                chunk = None
                problem = error_for(read_failure(error), self.endpoint, attempts=1)
            if problem is not None:
                raise problem
            if chunk is None:
                return
            yield chunk

    async def _chunks(
        self, messages: Sequence[BaseMessage], sampling: Sampling, written: StreamAccumulator
    ) -> AsyncGenerator[ChatGenerationChunk]:
        stream = await self._complete(
            messages,
            {
                **request_settings(1, sampling),
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
        async for chunk in stream:
            written.add(as_piece(chunk))
            for piece in message_chunks(chunk):
                yield piece
        if not stream_ended(stream):
            raise _cut_off(written)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show the name and the address, without credentials."""
        base = without_credentials(self.api_base) if self.api_base else None
        return [("model", self.model), ("api_base", base)]

    @property
    def _llm_type(self) -> str:
        return "refinegraph-litellm"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model, "model_name": self.model}


@asynccontextmanager
async def _within(seconds: float) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None


def _cut_off(written: StreamAccumulator) -> ConnectionError:
    if not written.begun:
        return ConnectionError("the stream ended before an answer began")
    return ConnectionError(f"the answer was cut off after {written.characters} characters")
