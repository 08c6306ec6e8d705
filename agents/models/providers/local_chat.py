"""Models that run in this process: any GGUF file, and the built-in model."""

import asyncio
import importlib.util
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr

import refinegraph
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.completions.stream_assembly import StreamAccumulator
from refinegraph.agents.models.providers.gguf import read_gguf_header
from refinegraph.agents.models.providers.headers import (
    header_of,
    past_header,
    with_beginning,
    with_front,
)
from refinegraph.agents.models.providers.line_starts import LineStart, OnPiece, continue_line
from refinegraph.agents.models.providers.llama_engine import (
    SLOTS,
    LlamaEngine,
    completion_request,
    engine_for,
    only,
)
from refinegraph.agents.models.spending.billing import Bill
from refinegraph.agents.models.types import Completion, OnText, Sampling, TokenLogprob
from refinegraph.charging import charge
from refinegraph.errors import ContextTooLong, ModelError, SettingError
from refinegraph.schema import Usage

WEIGHTS = Path(refinegraph.__file__).parent / "embedded" / "model.gguf"
"""The weights of the built-in model."""


class LocalChatModel(SamplingChatModel):
    """A chat model that runs llama.cpp in this process; no data leaves it.

    The file is loaded with the first request and shared by all models of the process that use it.
    Up to eight samples are generated concurrently. A cancelled request stops generating at its
    next token. Tokens and log-probabilities are llama.cpp's own, and calls are free.

    Use `resolve_model("local/PATH.gguf")` or `resolve_model("embedded")` to construct one with its
    file checked.
    """

    path: Path
    """The GGUF file."""
    label: str
    """The model's name in reports."""
    continues_headers: bool = False
    """Whether an answer begins with the `def` line that ends the prompt."""
    whole_vocabulary: bool = False
    """Whether to sample from all tokens; by default, llama.cpp excludes unlikely ones."""
    joins_line_breaks: bool = False
    """Whether one token holds a line break and the indentation after it. A prefix that ends in a
    line break then costs one more request, of one token."""

    _engine: LlamaEngine | None = PrivateAttr(default=None)

    @property
    def endpoint(self) -> Endpoint:
        """The name, for events and errors."""
        return Endpoint(self.label, opaque=True)

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Generate n answers concurrently."""
        return await self._answer(messages, n, sampling, StreamAccumulator())

    async def ask_streaming(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, on_text: OnText
    ) -> Completion:
        """Generate one answer and report each token."""
        loop = asyncio.get_running_loop()
        pieces = StreamAccumulator(on_text=lambda text: loop.call_soon_threadsafe(on_text, text))
        if header := self._header(messages):
            on_text(header)
        return await self._answer(messages, 1, sampling, pieces)

    async def _answer(
        self, messages: Sequence[BaseMessage], n: int, sampling: Sampling, pieces: StreamAccumulator
    ) -> Completion:
        header, prefix = self._header(messages), sampling.prefix
        if not prefix:
            answer = (await self._write(messages, n, sampling, pieces)).answer(n)
            return with_front(answer, header)
        rest, front = past_header(prefix, header)
        start = LineStart.at_end_of(rest) if self.joins_line_breaks else None
        if start and sampling.json_schema is None:
            return await self._continue_line(messages, start, n, sampling, pieces.on_text)
        conversation = with_beginning(messages, rest)
        return with_front((await self._write(conversation, n, sampling, pieces)).answer(n), front)

    async def _continue_line(
        self,
        messages: Sequence[BaseMessage],
        start: LineStart,
        n: int,
        sampling: Sampling,
        on_text: OnPiece | None,
    ) -> Completion:
        async def write(
            text: str, *, n: int, sampling: Sampling, grammar: str = "", on_text: OnPiece | None
        ) -> Completion:
            whole = self.whole_vocabulary
            request = completion_request(with_beginning(messages, text), n, sampling, whole=whole)
            request |= {"grammar": grammar} if grammar else {}
            return (await self._run(request, StreamAccumulator(on_text=on_text))).answer(n)

        return await continue_line(write, start, n=n, sampling=sampling, on_text=on_text)

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return 0, because local calls are free."""
        return 0.0

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return llama.cpp's count of a prompt's tokens; the evaluated prompt stays cached."""
        pieces = await self._write(messages, 1, Sampling(max_tokens=1), StreamAccumulator())
        return pieces.answer(1).prompt_tokens or 0

    async def force(self, messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
        """Return the tokens of a given text with their log-probabilities.

        The text is decoded under a grammar that allows nothing else; the log-probabilities are
        those before the grammar is applied. Costs one call, which is charged.
        """
        sampling = Sampling(temperature=0.0, logprobs=0)
        rest, _ = past_header(text, self._header(messages))
        request = completion_request(messages, 1, sampling, whole=True) | {"grammar": only(rest)}
        answer = (await self._run(request, StreamAccumulator())).answer(1)
        charge(
            Usage(
                llm_calls=1,
                prompt_tokens=answer.prompt_tokens or 0,
                completion_tokens=answer.completion_tokens or 0,
                cached_tokens=answer.cached_tokens,
            )
        )
        return tuple(token for token in answer.choices[0].logprobs or () if token.token)

    def max_choices(self) -> int:
        """Return the number of choices that are generated concurrently."""
        return SLOTS

    async def _write(
        self, messages: Sequence[BaseMessage], n: int, sampling: Sampling, pieces: StreamAccumulator
    ) -> StreamAccumulator:
        request = completion_request(messages, n, sampling, whole=self.whole_vocabulary)
        return await self._run(request, pieces)

    async def _run(self, request: dict[str, Any], pieces: StreamAccumulator) -> StreamAccumulator:
        engine = await asyncio.to_thread(engine_for, self.path)
        with _stop_on_exit() as stopped:
            await asyncio.wrap_future(
                engine.submit(request, lambda piece: stopped.is_set() or pieces.add(piece))
            )
        self._check(pieces)
        return pieces

    def _header(self, messages: Sequence[BaseMessage]) -> str:
        """Return the header at the end of a prompt, with which the answer begins."""
        return header_of(messages) if self.continues_headers else ""

    def _check(self, pieces: StreamAccumulator) -> None:
        if pieces.error is None:
            return
        if pieces.error.too_long:
            raise ContextTooLong(
                f"Model {self.label!r} has a context of {pieces.error.context} tokens and the "
                f"prompt has {pieces.error.prompt}; shorten the problem or use a model with more "
                "context."
            )
        raise ModelError(f"Model {self.label!r} failed: {pieces.error.text}")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Stream one answer token by token."""
        if header := self._header(messages):
            yield ChatGenerationChunk(message=AIMessageChunk(content=header))
        sampling = self.sampling_of(stop, kwargs)
        async with Bill(self, messages, 1, sampling).open() as bill:
            pieces = StreamAccumulator()
            try:
                async for text in self._texts(messages, bill.sampling, pieces):
                    chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(text, chunk=chunk)
                    yield chunk
            finally:
                bill.count(pieces.answer(1))

    async def _texts(
        self, messages: Sequence[BaseMessage], sampling: Sampling, pieces: StreamAccumulator
    ) -> AsyncGenerator[str]:
        """Yield the pieces of one answer as they are generated."""
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[str | None]()
        pieces.on_text = lambda text: loop.call_soon_threadsafe(queue.put_nowait, text)
        writing = asyncio.ensure_future(self._write(messages, 1, sampling, pieces))
        writing.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (text := await queue.get()) is not None:
                yield text
            await writing
        finally:
            writing.cancel()

    @property
    def _llm_type(self) -> str:
        return "refinegraph-local"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.label, "model_name": self.label}


@contextmanager
def _stop_on_exit() -> Generator[threading.Event]:
    stopped = threading.Event()
    try:
        yield stopped
    finally:
        stopped.set()


def local_model(name: str) -> LocalChatModel:
    """Return the model for `local/PATH.gguf`; the contents are checked at first use."""
    path = name.partition("/")[2]
    if not path:
        raise SettingError(
            f"Model {name!r} names no file; expected local/PATH.gguf, for example "
            "'local/models/qwen3-4b.gguf'."
        )
    _need_llama(name)
    file = Path(path).expanduser()
    if not file.is_file():
        raise SettingError(f"Model {name!r}: there is no file {str(file)!r}.")
    return trained_model(file.resolve(), label=name)


def embedded_model(name: str) -> LocalChatModel:
    """Return the built-in model."""
    if name != "embedded":
        raise SettingError(f"Unknown model {name!r}; the built-in model is 'embedded'.")
    _need_llama(name)
    return trained_model(WEIGHTS, label=name, prompt_set="embedded")


def trained_model(path: Path, *, label: str, prompt_set: str = "") -> LocalChatModel:
    """Return the model of a GGUF file, with the prompt set on which it was trained.

    The file's header names its prompt set; `prompt_set` is the default for a file without one. A
    file that cannot be read raises an error when the model is first used.
    """
    try:
        trained_on = read_gguf_header(path).prompt_set or prompt_set
    except SettingError:
        trained_on = prompt_set
    if not trained_on:
        return LocalChatModel(path=path, label=label)
    return LocalChatModel(
        path=path,
        label=label,
        whole_vocabulary=True,
        continues_headers=True,
        joins_line_breaks=True,
        prompt_set=trained_on,
    )


def _need_llama(name: str) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise SettingError(
            f"Model {name!r} runs llama.cpp in this process, which requires the extra 'local': "
            "pip install 'refinegraph[local]'."
        )
