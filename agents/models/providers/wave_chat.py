"""A chat model whose requests go to the provider in batches, at the price of batches."""

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
"""What OpenAI takes in one batch."""
_QUIET = 2.0
"""Seconds without a new request after which a wave is handed over: by then all runs wait for
answers, or a sandbox is at work whose repair goes with the next wave."""
_FIRST_LOOK, _LONGEST_WAIT = 1.0, 60.0
"""Seconds between two looks at a batch, doubled each time: batches take minutes to hours."""
_PATIENCE = 26 * 3600.0
"""Seconds for one attempt: the day that providers take at most, and some."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504, 529})
_DISCOUNT = 0.5
"""What providers take for a batch, as a share of the price of single requests."""


class Waves:
    """Collects the requests of all runs and hands them over together; one for a server.

    Requests under way survive the process: one that goes on waits for their answers.
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

        Raises `StatusError` where the provider refused the request, and `ModelError` where the
        whole batch failed.
        """
        self._restore()
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        custom_id = self._file.claim(digest) or f"{digest[:40]}-{secrets.token_hex(6)}"
        answered = self._file.answer(custom_id)
        if answered is None:
            answered = await self._wait(custom_id, body)
        self._file.forget(custom_id)
        return answered.require()

    async def _wait(self, custom_id: str, body: dict[str, Any]) -> WaveAnswer:
        coming: asyncio.Future[WaveAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[custom_id] = coming
        if not self._file.is_under_way(custom_id):
            self._collect(custom_id, body)
        try:
            return await coming
        finally:
            self._waiting.pop(custom_id, None)
            self._collected.pop(custom_id, None)

    def _collect(self, custom_id: str, body: dict[str, Any]) -> None:
        self._collected[custom_id] = body
        if self._timer:
            self._timer.cancel()
        if len(self._collected) >= MOST_REQUESTS:
            self._hand_over()
        else:
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._hand_over)

    def _hand_over(self) -> None:
        bodies, self._collected = self._collected, {}
        if bodies:
            self._start(self._new_wave(bodies))

    def _restore(self) -> None:
        """Wait for the batches of an earlier process."""
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
        """Follow a batch of an earlier process; one that never reached the provider is dropped."""
        try:
            if id is None:
                found = await _patiently(lambda: self._client.find(name))
                if found is None:
                    raise ModelError("a batch of an earlier process never reached the provider")
                id = found.id
                self._file.note_id(name, id)
            known = id
            await self._follow(name, await _patiently(lambda: self._client.look(known)))
        except Exception as error:
            self._fail(name, error)

    async def _follow(self, name: str, wave: Wave) -> None:
        """Look at a batch until it has ended, and hand its answers out."""
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
            self._tell(answer.custom_id, answer)
        for id in missing:
            self._tell(id, ModelError(f"no answer came: {reason}"))

    def _fail(self, name: str, error: Exception) -> None:
        """Give a batch up: each of its requests fails, and may be made again."""
        lost = self._file.under_way(name)
        self._file.end(name, ())
        for id in lost:
            self._tell(id, error)

    def _tell(self, custom_id: str, outcome: WaveAnswer | Exception) -> None:
        coming = self._waiting.get(custom_id)
        if coming is None or coming.done():
            return
        if isinstance(outcome, Exception):
            coming.set_exception(outcome)
        else:
            coming.set_result(outcome)


async def _patiently(ask: Callable[[], Awaitable[Result]]) -> Result:
    """Ask again where the server or the network fails for a while: the batch goes on meanwhile."""
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
        """Return a model like another one whose requests go to the provider in batches."""
        key = model.api_key.get_secret_value() if model.api_key else NO_KEY
        base = model._url.removesuffix("/chat/completions")
        fields: dict[str, Any] = {**dict(model), "timeout": _PATIENCE}
        made = cls(**fields)
        made._waves = Waves(file, BatchClient(base, key, model=model.model), quiet=quiet)
        return made

    async def send(self, request: ChatRequest) -> Completion:
        """Hand one request over and wait for its answer."""
        assert self._waves is not None, "made by `like`"
        return read_completion(await self._waves.answer(self._body(request)))

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return half of the listed price; prices that are given are those of batches."""
        usd = super().price(prompt_tokens, completion_tokens, cached_tokens)
        return usd if usd is None or self.prices is not None else _DISCOUNT * usd
