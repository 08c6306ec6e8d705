"""The state that the workers of a cluster share: budgets, rates and answers."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, cast

from refinegraph.agents.models import CallCache, Ledger
from refinegraph.agents.models.spending.cache_file import CacheFile
from refinegraph.agents.models.spending.call_cache import KeptAnswer
from refinegraph.agents.models.spending.ledger import Grant, Need
from refinegraph.agents.models.spending.ledger_file import LedgerFile
from refinegraph.agents.models.spending.shared_ledger import SharedLedger, mean_cost
from refinegraph.batches.ray_home import Home
from refinegraph.errors import BudgetExceeded, SettingError
from refinegraph.options.config import own_folder
from refinegraph.schema import Usage
from refinegraph.support.json_text import json_text
from refinegraph.support.private_files import make_private_folder

Remote = Any
"""A handle of an actor; its methods have `.remote`, which returns an awaitable."""


class Caps(NamedTuple):
    """Limits of the whole batch; None for no limit."""

    usd: float | None
    tokens: int | None
    calls: int | None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return any(cap is not None for cap in self)


class PlainNeed(NamedTuple):
    """The maximum cost of a call, as numbers that can be sent to the actor."""

    prompt: int
    answers: int
    max_tokens: int | None
    prompt_usd: float | None
    token_usd: float
    """Price of one completion token."""

    @classmethod
    def of(cls, need: Need) -> "PlainNeed":
        """Return a need as numbers; prices are linear in the completion tokens."""
        prompt = need.usd(need.prompt, 0)
        written = need.usd(need.prompt, 1000)
        token = 0.0 if prompt is None or written is None else (written - prompt) / 1000
        return cls(need.prompt, need.answers, need.max_tokens, prompt, token)

    @property
    def need(self) -> Need:
        """The same as a `Need` with a price function."""

        def usd(prompt: int, written: int) -> float | None:
            return None if self.prompt_usd is None else self.prompt_usd + written * self.token_usd

        return Need(self.prompt, self.answers, self.max_tokens, usd)


class Refusal(NamedTuple):
    """Why a call is refused; Ray preserves neither the class nor the text of exceptions."""

    is_setting: bool
    text: str

    @property
    def error(self) -> Exception:
        """The exception to raise."""
        return SettingError(self.text) if self.is_setting else BudgetExceeded(self.text)


class SharedBooks:
    """The actor. Its methods take less than a millisecond, so one is enough for a cluster.

    Its state is in files, so that it continues if its process dies and is restarted.
    """

    def __init__(self, caps: Caps, spent: Usage, home: Home) -> None:
        # A path that is not absolute is one in the data folder of this machine.
        self._folder = own_folder() / home.folder
        make_private_folder(self._folder)
        file = LedgerFile(self._folder / "ledger.sqlite")
        self._ledger = SharedLedger(file, **caps._asdict())
        self._calls = CallCache(own_folder() / home.calls) if home.calls else None
        if not self._ledger.has_begun:
            kept = self._calls.spent() if self._calls and home.is_away else Usage()
            self._ledger.commit(0, spent + kept)
        self._rates = file
        self._lives: dict[str, str] = {}
        self._reserved: dict[int, str] = {}

    def register(self, worker: str, life: str) -> None:
        """Register a worker that has started, or restarted after it died.

        What its earlier life had reserved is given back; the calls that were under way count with
        the mean cost of a call.
        """
        dead, self._lives[worker] = self._lives.get(worker), life
        for number in [each for each, owner in self._reserved.items() if owner == dead]:
            self.commit(number, mean_cost(self._ledger.spent_now))

    def reserve(self, life: str, need: PlainNeed) -> Grant | Refusal | None:
        """Reserve the cost of a call; None while active calls may still leave room for it."""
        try:
            grant = self._ledger.reserve(need.need)
        except (BudgetExceeded, SettingError) as error:
            return Refusal(isinstance(error, SettingError), str(error))
        if grant:
            self._reserved[grant.number] = life
        return grant

    def commit(self, number: int, usage: Usage) -> None:
        """Replace the reservation of a call by its actual cost."""
        self._reserved.pop(number, None)
        self._ledger.commit(number, usage)

    def is_spent(self) -> bool:
        """Return whether the budget is spent."""
        return self._ledger.is_spent

    def take(self, bucket: str, amount: float, capacity: float, per_second: float) -> float:
        """Take from a bucket; return the seconds to wait before it may be used."""
        return self._rates.take(bucket, amount, capacity=capacity, per_second=per_second)

    def put_back(self, bucket: str, amount: float) -> None:
        """Return tokens that were not used to a bucket."""
        self._rates.put_back(bucket, amount)

    def look_up(self, realm: str, request: str, sample: int) -> str | None:
        """Return a kept answer as JSON."""
        kept = self._calls.with_namespace(realm).find(request, sample) if self._calls else None
        return json_text(kept) if kept else None

    def store(self, realm: str, request: str, sample: int, model: str, kept: str) -> None:
        """Keep an answer."""
        if self._calls:
            answer = KeptAnswer.model_validate_json(kept)
            self._calls.with_namespace(realm).keep(request, sample, model, answer)

    def forget(self, realm: str) -> None:
        """Delete the answers of a problem that has its line."""
        if self._calls:
            self._calls.with_namespace(realm).forget()

    def leave(self, *, keeps: bool) -> None:
        """Remove the files of a driver on another machine, except for answers that are needed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._calls and not keeps:
            self._calls.close()
            shutil.rmtree(self._calls.path.parent, ignore_errors=True)


class RemoteLedger(Ledger):
    """The budget of the cluster, as seen by a worker."""

    def __init__(self, books: Remote, caps: Caps, life: str = "") -> None:
        super().__init__(*caps)
        self._books = books
        self._life = life

    async def acquire(self, need: Need) -> Grant:
        """Reserve what a call may cost, as `Ledger` does."""
        import asyncio

        plain = PlainNeed.of(need)
        while True:
            reply: Grant | Refusal | None = await self._books.reserve.remote(self._life, plain)
            if isinstance(reply, Refusal):
                raise reply.error
            if reply is not None:
                return Grant(*reply)
            await asyncio.sleep(_POLL)

    def commit(self, call: int, usage: Usage) -> None:
        """Record the cost of a call, without waiting for the actor."""
        self._books.commit.remote(call, usage)

    def warning(self) -> str | None:
        """Return None: only the driver knows the usage of the cluster."""
        return None


_POLL = 0.1
"""Seconds between two attempts to reserve a budget that other calls have reserved."""


class DriverLedger(Ledger):
    """The budget of the cluster, as seen by the driver: only whether it is spent."""

    def __init__(self, caps: Caps, ask: Callable[[], bool]) -> None:
        super().__init__(*caps)
        self._ask = ask

    @property
    def is_spent(self) -> bool:
        """Whether no further call will be made."""
        return self._ask()


class RemoteRates:
    """The buckets of the whole cluster."""

    def __init__(self, books: Remote) -> None:
        self._books = books

    async def take(
        self, bucket: str, amount: float, *, capacity: float, per_second: float
    ) -> float:
        """Take from a bucket."""
        return cast("float", await self._books.take.remote(bucket, amount, capacity, per_second))

    def put_back(self, bucket: str, amount: float) -> None:
        """Return tokens that were not used to a bucket."""
        self._books.put_back.remote(bucket, amount)


class RemoteCache(CallCache):
    """A cache beside the driver, so that no answer is lost when a worker dies.

    A worker on the node of its file writes there itself: an answer that comes when the driver and
    its actors are just dying, or while the actor restarts, would be paid for again.
    """

    def __init__(self, books: Remote, realm: str = "", file: CacheFile | None = None) -> None:
        self._books = books
        self._realm = realm
        self._near = file
        self.replay = False

    def with_namespace(self, namespace: str) -> "RemoteCache":
        """Return a view of the cache whose answers are not shared with other namespaces."""
        return RemoteCache(self._books, namespace, self._near)

    def forget(self) -> None:
        """Delete the answers of this namespace, without waiting for the actor."""
        self._books.forget.remote(self._realm)

    def close(self) -> None:
        """Do nothing: the actor has the file."""

    async def look_up(self, request: str, sample: int) -> KeptAnswer | None:
        """Return a kept answer."""
        if self._near:
            with suppress(sqlite3.Error, OSError):
                near = self._near.read(self._realm + request, sample)
                return KeptAnswer.model_validate_json(near) if isinstance(near, str) else None
        text: str | None = await self._books.look_up.remote(self._realm, request, sample)
        return KeptAnswer.model_validate_json(text) if text else None

    async def store(self, request: str, sample: int, model: str, kept: KeptAnswer) -> None:
        """Store an answer; after that, it survives the death of the worker."""
        if self._near:
            with suppress(sqlite3.Error, OSError):
                self._near.write(self._realm + request, sample, model, json_text(kept))
                return
        await self._books.store.remote(self._realm, request, sample, model, json_text(kept))
