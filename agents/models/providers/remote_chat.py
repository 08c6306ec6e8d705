"""What chat models behind a network address have in common, whatever client reaches them."""

import asyncio
import os
import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field, PrivateAttr, SecretStr

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.completions.prefixes import (
    Continuation,
    PrefixForm,
    continuation,
    missing_prefix,
    only_new,
)
from refinegraph.agents.models.completions.stream_assembly import StreamAccumulator
from refinegraph.agents.models.error_messages import error_for
from refinegraph.agents.models.failures import read_failure
from refinegraph.agents.models.spending.billing import Bill
from refinegraph.agents.models.types import Completion, OnText, Sampling
from refinegraph.errors import RefinegraphError, SettingError
from refinegraph.support.redaction import without_credentials

NO_KEY = "no-key"
"""Sent to servers that were named by address and for which there is no key."""

_NO_PREFILL = re.compile(
    r"does not support assistant message prefill|prefilling assistant messages is no longer"
    r"|conversation must end with a user message",
    re.IGNORECASE,
)
_MAX_ENDLESS_STREAMS = 2
"""After so many streams in a row without an end the server is asked without streaming: one cut may
be the network's fault, several are a server that does not stream as the protocol has it."""


class ChatRequest(NamedTuple):
    """One request, before a client gives it the form of the wire."""

    messages: tuple[BaseMessage, ...]
    n: int
    sampling: Sampling
    form: PrefixForm = PrefixForm()
    """How the provider is asked to continue a text; without a prefix, nothing beside the
    messages."""


class StreamCutOff(ConnectionError):
    """A stream ended although the server never said that its answer was complete."""


class RemoteChatModel(SamplingChatModel):
    """A chat model behind an address: keys, timeouts, prefixes, streams that fail.

    A client is a subclass with `send`, `send_streaming` and `prefix_form`.
    """

    model: str
    """`PROVIDER/MODEL`."""
    api_base: str | None = None
    api_key: SecretStr | None = Field(default=None, repr=False)
    key_variable: str | None = None
    """The environment variable that errors about the key should name."""
    timeout: float = Field(default=600.0, gt=0)
    """Seconds for one attempt."""
    prices: tuple[float, float] | None = None
    """USD for a million prompt and a million completion tokens; litellm's price map otherwise."""

    _endless_streams: int = PrivateAttr(default=0)
    """Streams in a row that ended without saying so."""

    @property
    @abstractmethod
    def prefix_form(self) -> PrefixForm | None:
        """How the provider is asked to go on from a text; None where it cannot be asked."""

    @abstractmethod
    async def send(self, request: ChatRequest) -> Completion:
        """Send one request and read the whole answer."""

    @abstractmethod
    def send_streaming(self, request: ChatRequest) -> AsyncGenerator[dict[str, Any]]:
        """Send one request and yield the chunks of its answer, as OpenAI's protocol has them.

        Raises:
            StreamCutOff: At the end of a stream that the server did not end itself.
        """

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
        if not sampling.prefix:
            async with _within(self.timeout):
                return await self.send(ChatRequest(tuple(messages), n, sampling))
        begun = continuation(messages, sampling, self.prefix_form, self.endpoint)
        answer = await self._continued(begun, n, sampling)
        new = (
            only_new(choice, sampling.prefix, begun.form, self.endpoint)
            for choice in answer.choices
        )
        return answer._replace(choices=tuple(new))

    async def _continued(self, begun: Continuation, n: int, sampling: Sampling) -> Completion:
        """Make one request; say in our words that a model takes no prefix after all."""
        try:
            async with _within(self.timeout):
                return await self.send(ChatRequest(begun.messages, n, sampling, begun.form))
        except Exception as error:
            if _NO_PREFILL.search(str(error)):
                raise missing_prefix(self.endpoint) from None
            raise

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one request that streams, and another one where the server sends no stream.

        A server that sends a stream without an answer in it is asked once more without streaming,
        so that the outcome is the same as without.
        """
        if self._endless_streams >= _MAX_ENDLESS_STREAMS:
            return await self.ask(messages, n=1, sampling=sampling)
        written = StreamAccumulator(on_text=on_text)
        try:
            await self._accumulate(ChatRequest(tuple(messages), 1, sampling), written)
        except StreamCutOff:
            if written.begun:
                self._endless_streams += 1
                raise _cut_off(written) from None
        else:
            self._endless_streams = 0
            return written.answer(1)
        answer = await self.ask(messages, n=1, sampling=sampling)
        self._endless_streams = _MAX_ENDLESS_STREAMS
        return answer._replace(requests=2)

    async def _accumulate(self, request: ChatRequest, written: StreamAccumulator) -> None:
        async with _within(self.timeout), aclosing(self.send_streaming(request)) as chunks:
            async for chunk in chunks:
                written.add(chunk)

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
            request = ChatRequest(tuple(messages), 1, bill.sampling)
            try:
                async for chunk in self._message_chunks(request, written):
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            finally:
                if written.begun:
                    bill.count(written.answer(1))

    async def _message_chunks(
        self, request: ChatRequest, written: StreamAccumulator
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield what a stream brings; raise one sentence, without causes, where it fails."""
        async with aclosing(self.send_streaming(request)) as chunks:
            while True:
                chunk, problem = await self._next(chunks, written)
                if problem is not None:
                    raise problem
                if chunk is None:
                    return
                written.add(chunk)
                for piece in _as_messages(chunk):
                    yield piece

    async def _next(
        self, chunks: AsyncGenerator[dict[str, Any]], written: StreamAccumulator
    ) -> tuple[dict[str, Any] | None, Exception | None]:
        """Return the next chunk, or the error to raise: raised here it would drag its causes."""
        try:
            async with _within(self.timeout):
                return await anext(chunks, None), None
        except RefinegraphError:
            raise
        except StreamCutOff:
            error: Exception = _cut_off(written)
        except Exception as failed:
            error = failed
        return None, error_for(read_failure(error), self.endpoint, attempts=1)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show the name and the address, without credentials."""
        base = without_credentials(self.api_base) if self.api_base else None
        return [("model", self.model), ("api_base", base)]

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model, "model_name": self.model}


def _as_messages(chunk: dict[str, Any]) -> list[ChatGenerationChunk]:
    """Return a chunk of a stream as LangChain has it."""
    messages: list[ChatGenerationChunk] = []
    for choice in chunk["choices"]:
        thinking = choice["delta"].get("reasoning_content")
        message = AIMessageChunk(
            content=choice["delta"].get("content") or "",
            additional_kwargs={"reasoning_content": thinking} if thinking else {},
        )
        messages.append(ChatGenerationChunk(message=message))
    return messages


def sendable_key(name: str, given: str | None, variable: str) -> str:
    """Return the key that was given or that the environment holds, without blanks around it.

    Raises:
        SettingError: For a key that no header can carry.
    """
    key = (given or "").strip() or os.environ.get(variable, "").strip()
    if all(" " <= character <= "~" for character in key):
        return key
    raise SettingError(
        f"The key of model {name!r} holds a line break or a character that cannot be sent in a "
        f"header; copy it again, into {variable} for example."
    )


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
