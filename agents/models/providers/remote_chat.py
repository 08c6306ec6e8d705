"""Base class of chat models behind a network address."""

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
"""Sent to servers that are given by their address and for which there is no key."""

_NO_PREFILL = re.compile(
    r"does not support assistant message prefill|prefilling assistant messages is no longer"
    r"|conversation must end with a user message",
    re.IGNORECASE,
)
_MAX_ENDLESS_STREAMS = 2
"""Number of unfinished streams in a row after which streaming is disabled: one may be the network's
fault, but several mean that the server does not follow the protocol."""


class ChatRequest(NamedTuple):
    """One request in a form that is independent of the client."""

    messages: tuple[BaseMessage, ...]
    n: int
    sampling: Sampling
    form: PrefixForm = PrefixForm()
    """How the provider is asked to continue a text; without a prefix it adds nothing."""


class StreamCutOff(ConnectionError):
    """A stream ended without the server's report that its answer is complete."""


class RemoteChatModel(SamplingChatModel):
    """A chat model behind an address: handles keys, timeouts, prefixes and failing streams.

    Clients are subclasses that implement `send`, `send_streaming` and `prefix_form`.
    """

    model: str
    """`PROVIDER/MODEL`."""
    api_base: str | None = None
    api_key: SecretStr | None = Field(default=None, repr=False)
    key_variable: str | None = None
    """The environment variable named in errors about the key."""
    timeout: float = Field(default=600.0, gt=0)
    """Timeout of one attempt in seconds."""
    prices: tuple[float, float] | None = None
    """USD per million prompt and completion tokens; by default from litellm's price map."""

    _endless_streams: int = PrivateAttr(default=0)
    """Number of unfinished streams in a row."""

    @property
    @abstractmethod
    def prefix_form(self) -> PrefixForm | None:
        """How the provider continues a text; None if it cannot."""

    @abstractmethod
    async def send(self, request: ChatRequest) -> Completion:
        """Send one request and read the whole answer."""

    @abstractmethod
    def send_streaming(self, request: ChatRequest) -> AsyncGenerator[dict[str, Any]]:
        """Send one request and yield the chunks of its answer in OpenAI's format.

        Raises:
            StreamCutOff: If the stream ends without the server's final report.
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
        """Make one attempt for n choices."""
        if not sampling.prefix:
            async with _within(self.timeout):
                return await self.send(ChatRequest(tuple(messages), n, sampling))
        request = continuation(messages, sampling, self.prefix_form, self.endpoint)
        answer = await self._continued(request, n, sampling)
        new = (
            only_new(choice, sampling.prefix, request.form, self.endpoint)
            for choice in answer.choices
        )
        return answer._replace(choices=tuple(new))

    async def _continued(self, request: Continuation, n: int, sampling: Sampling) -> Completion:
        """Make one attempt; report clearly if the model turns out not to accept prefixes."""
        try:
            async with _within(self.timeout):
                return await self.send(ChatRequest(request.messages, n, sampling, request.form))
        except Exception as error:
            if _NO_PREFILL.search(str(error)):
                raise missing_prefix(self.endpoint) from None
            raise

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Make one attempt with streaming, and one without if the server sends no stream.

        If a stream contains no answer, the request is repeated without streaming, so that
        streaming does not change the result.
        """
        if self._endless_streams >= _MAX_ENDLESS_STREAMS:
            return await self.ask(messages, n=1, sampling=sampling)
        stream = StreamAccumulator(on_text=on_text)
        try:
            await self._accumulate(ChatRequest(tuple(messages), 1, sampling), stream)
        except StreamCutOff:
            if stream.begun:
                self._endless_streams += 1
                raise _cut_off(stream) from None
        else:
            self._endless_streams = 0
            return stream.answer(1)
        answer = await self.ask(messages, n=1, sampling=sampling)
        self._endless_streams = _MAX_ENDLESS_STREAMS
        return answer._replace(requests=2)

    async def _accumulate(self, request: ChatRequest, stream: StreamAccumulator) -> None:
        async with _within(self.timeout), aclosing(self.send_streaming(request)) as chunks:
            async for chunk in chunks:
                stream.add(chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Stream one attempt; a stream that fails is not retried."""
        sampling = self.sampling_of(stop, kwargs)
        async with Bill(self, messages, 1, sampling).open() as bill:
            stream = StreamAccumulator()
            request = ChatRequest(tuple(messages), 1, bill.sampling)
            try:
                async for chunk in self._message_chunks(request, stream):
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            finally:
                if stream.begun:
                    bill.count(stream.answer(1))

    async def _message_chunks(
        self, request: ChatRequest, stream: StreamAccumulator
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield the chunks of a stream; on failure, raise one sentence without causes."""
        async with aclosing(self.send_streaming(request)) as chunks:
            while True:
                chunk, problem = await self._next(chunks, stream)
                if problem is not None:
                    raise problem
                if chunk is None:
                    return
                stream.add(chunk)
                for piece in _as_messages(chunk):
                    yield piece

    async def _next(
        self, chunks: AsyncGenerator[dict[str, Any]], stream: StreamAccumulator
    ) -> tuple[dict[str, Any] | None, Exception | None]:
        """Return the next chunk, or an error; raising it here would attach its causes."""
        try:
            async with _within(self.timeout):
                return await anext(chunks, None), None
        except RefinegraphError:
            raise
        except StreamCutOff:
            error: Exception = _cut_off(stream)
        except Exception as failed:
            error = failed
        return None, error_for(read_failure(error), self.endpoint, attempts=1)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return the name and address, without credentials."""
        base = without_credentials(self.api_base) if self.api_base else None
        return [("model", self.model), ("api_base", base)]

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.model, "model_name": self.model}


def _as_messages(chunk: dict[str, Any]) -> list[ChatGenerationChunk]:
    """Convert a chunk of a stream to LangChain's format."""
    messages: list[ChatGenerationChunk] = []
    for choice in chunk["choices"]:
        reasoning = choice["delta"].get("reasoning_content")
        message = AIMessageChunk(
            content=choice["delta"].get("content") or "",
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
        )
        messages.append(ChatGenerationChunk(message=message))
    return messages


def sendable_key(name: str, given: str | None, variable: str) -> str:
    """Return the given key or the environment's, without surrounding blanks.

    Raises:
        SettingError: If the key contains characters that a header cannot carry.
    """
    key = (given or "").strip() or os.environ.get(variable, "").strip()
    if all(" " <= character <= "~" for character in key):
        return key
    raise SettingError(
        f"The key of model {name!r} contains a line break or another character that a header "
        f"cannot carry; copy it again, for example into {variable}."
    )


@asynccontextmanager
async def _within(seconds: float) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None


def _cut_off(stream: StreamAccumulator) -> ConnectionError:
    if not stream.begun:
        return ConnectionError("the stream ended before an answer began")
    return ConnectionError(f"the answer was cut off after {stream.characters} characters")
