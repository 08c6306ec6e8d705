"""A chat model whose requests are sent in batches, at the provider's price for batches."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from pydantic import PrivateAttr

from refinegraph.agents.models.providers.openai_batches import BatchClient, Wave, WaveAnswer
from refinegraph.agents.models.providers.openai_chat import DirectChatModel
from refinegraph.agents.models.providers.openai_forms import read_completion
from refinegraph.agents.models.providers.openai_http import StatusError
from refinegraph.agents.models.providers.remote_chat import NO_KEY, ChatRequest
from refinegraph.agents.models.providers.wave_file import WaveFile
from refinegraph.agents.models.types import Completion
from refinegraph.errors import ModelError

Result = TypeVar("Result")

MOST_REQUESTS = 50_000
"""OpenAI's maximum number of requests in one batch."""
_QUIET = 2.0
"""Seconds without a new request after which a wave is submitted: by then, all runs wait for answers
or for a sandbox, whose repairs can join the next wave."""
_FIRST_LOOK, _LONGEST_WAIT = 1.0, 60.0
"""Initial and maximum seconds between two checks of a batch; the interval doubles each time,
because batches take minutes to hours."""
_PATIENCE = 26 * 3600.0
"""Timeout of one attempt in seconds: the day that providers allow themselves, plus two hours."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504, 529})
_DISCOUNT = 0.5
"""Price of a batched request as a fraction of the price of a single one."""


class Waves:
    """Collects the requests of all runs for one server and submits them together.

    Requests in progress survive the process: a resumed process waits for their answers.
    """

    def __init__(self, file: WaveFile, client: BatchClient, *, quiet: float = _QUIET) -> None:
        self._file = file
        self._client = client
        self._quiet = quiet
        self._collected: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, asyncio.Future[WaveAnswer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_restored = False

    async def answer(self, body: dict[str, Any]) -> bytes:
        """Return the answer to a request, once its batch has ended.

        Raises `StatusError` if the provider refused the request, and `ModelError` if the whole
        batch failed.
        """
        self._restore()
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        custom_id = self._file.claim(digest) or f"{digest[:40]}-{secrets.token_hex(6)}"
        answer = self._file.answer(custom_id)
        if answer is None:
            answer = await self._wait(custom_id, body)
        self._file.forget(custom_id)
        return answer.require()

    async def _wait(self, custom_id: str, body: dict[str, Any]) -> WaveAnswer:
        future: asyncio.Future[WaveAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[custom_id] = future
        if not self._file.is_under_way(custom_id):
            self._collect(custom_id, body)
        try:
            return await future
        finally:
            self._waiting.pop(custom_id, None)
            self._collected.pop(custom_id, None)

    def _collect(self, custom_id: str, body: dict[str, Any]) -> None:
        self._collected[custom_id] = body
        if self._timer:
            self._timer.cancel()
        if len(self._collected) >= MOST_REQUESTS:
            self._submit()
        else:
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._submit)

    def _submit(self) -> None:
        bodies, self._collected = self._collected, {}
        if bodies:
            self._start(self._new_wave(bodies))

    def _restore(self) -> None:
        """Resume waiting for the batches of an earlier process."""
        if not self._is_restored:
            self._is_restored = True
            for name, id in self._file.open_waves():
                self._start(self._old_wave(name, id))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _new_wave(self, bodies: dict[str, dict[str, Any]]) -> None:
        name = f"wave-{secrets.token_hex(8)}"
        digests = {
            id: hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
            for id, body in bodies.items()
        }
        self._file.begin(name, digests.items())
        try:
            wave = await self._client.submit(name, bodies)
            self._file.note_id(name, wave.id)
            await self._follow(name, wave)
        except Exception as error:
            self._fail(name, error)

    async def _old_wave(self, name: str, id: str | None) -> None:
        """Follow a batch of an earlier process; drop it if it never reached the provider."""
        try:
            if id is None:
                wave = await _patiently(lambda: self._client.find(name))
                if wave is None:
                    raise ModelError("a batch of an earlier process never reached the provider")
                id = wave.id
                self._file.note_id(name, id)
            wave_id = id
            await self._follow(name, await _patiently(lambda: self._client.look(wave_id)))
        except Exception as error:
            self._fail(name, error)

    async def _follow(self, name: str, wave: Wave) -> None:
        """Poll a batch until it has ended, and distribute its answers."""
        wait = _FIRST_LOOK
        while not wave.has_ended:
            await asyncio.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
            wave = await _patiently(partial(self._client.look, wave.id))
        answers = await _patiently(lambda: self._client.answers(wave))
        reason = wave.reason or f"the batch {wave.id} is {wave.status}"
        missing = set(self._file.under_way(name)) - {answer.custom_id for answer in answers}
        self._file.end(name, answers)
        for answer in answers:
            self._deliver(answer.custom_id, answer)
        for id in missing:
            self._deliver(id, ModelError(f"no answer was returned: {reason}"))

    def _fail(self, name: str, error: Exception) -> None:
        """Abandon a batch: each of its requests fails, and may be retried."""
        lost = self._file.under_way(name)
        self._file.end(name, ())
        for id in lost:
            self._deliver(id, error)

    def _deliver(self, custom_id: str, outcome: WaveAnswer | Exception) -> None:
        future = self._waiting.get(custom_id)
        if future is None or future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


async def _patiently(ask: Callable[[], Awaitable[Result]]) -> Result:
    """Retry while the server or the network fails temporarily, as the batch continues anyway."""
    wait = _FIRST_LOOK
    while True:
        try:
            return await ask()
        except StatusError as error:
            if error.response.status_code not in _BUSY:
                raise
        except (ConnectionError, TimeoutError):
            pass
        await asyncio.sleep(wait)
        wait = min(_LONGEST_WAIT, 2 * wait)


class WaveChatModel(DirectChatModel):
    """A `DirectChatModel` that sends its requests through `Waves`."""

    _waves: Waves | None = PrivateAttr(default=None)

    @classmethod
    def like(
        cls, model: DirectChatModel, file: WaveFile, *, quiet: float = _QUIET
    ) -> "WaveChatModel":
        """Return a copy of a model whose requests are sent in batches."""
        key = model.api_key.get_secret_value() if model.api_key else NO_KEY
        base = model._url.removesuffix("/chat/completions")
        fields: dict[str, Any] = {**dict(model), "timeout": _PATIENCE}
        model_in_waves = cls(**fields)
        model_in_waves._waves = Waves(file, BatchClient(base, key, model=model.model), quiet=quiet)
        return model_in_waves

    async def send(self, request: ChatRequest) -> Completion:
        """Submit one request and wait for its answer."""
        assert self._waves is not None, "construct with `like`"
        return read_completion(await self._waves.answer(self._body(request)))

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return half of the listed price; explicit `prices` are those of batches already."""
        usd = super().price(prompt_tokens, completion_tokens, cached_tokens)
        return usd if usd is None or self.prices is not None else _DISCOUNT * usd
