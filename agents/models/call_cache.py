"""Answers that are kept: by request and by the number of the sample, so that samples differ."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple

from langchain_core.messages import BaseMessage
from pydantic import ValidationError

from refinegraph.agents.models.answers import Choice, Generations, Sampling
from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.redaction import without_credentials
from refinegraph.agents.models.reports import Endpoint
from refinegraph.charging import charge
from refinegraph.errors import InputError, ModelError
from refinegraph.json_text import json_text
from refinegraph.schema import Frozen, Usage

_VERSION = 1
_SCHEMA = """\
CREATE TABLE IF NOT EXISTS answers (
    request TEXT NOT NULL, sample INTEGER NOT NULL, model TEXT NOT NULL,
    made REAL NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (request, sample)
) WITHOUT ROWID
"""
_PATIENCE = 30.0

Ask = Callable[[int, int], Awaitable[Generations]]
"""Asks for so many samples, of which so many were there before."""


class _Kept(Frozen):
    choice: Choice
    usage: Usage
    """What this sample's part of the request cost."""


class CacheState(NamedTuple):
    """What a cache holds."""

    answers: int
    models: int
    bytes: int
    oldest: float | None
    """Seconds since 1970."""


class CallCache:
    """Model answers in an SQLite file, shared by processes.

    A run asks for the same request's first sample, then for its second one, and so on; a later
    run gets the same ones in the same order, without a call. What an answer cost is kept with it
    and counted again, so that a replayed run reports what the first one spent. Keys and addresses'
    credentials are no part of it.

    With `replay` nothing is asked for: a request that is not there is a `ModelError`. `most_bytes`
    and `most_days` bound what is kept, the oldest goes first.

    Raises:
        InputError: Where the file cannot be opened, or is not a cache of this version.
    """

    def __init__(
        self,
        path: Path,
        *,
        replay: bool = False,
        most_bytes: int = 1 << 30,
        most_days: float = 365,
    ) -> None:
        self.path = path
        self.replay = replay
        self.most_bytes = most_bytes
        self.most_days = most_days
        self._realm = ""
        if replay and not path.exists():
            raise InputError(f"--replay: there is no file {str(path)!r}; record one with --cache.")
        self._database = _opened(path)

    def close(self) -> None:
        """Let the file go, after what is too old or too much is forgotten."""
        if not self.replay:
            self._forget()
        self._database.close()

    def apart(self, realm: str) -> "CallCache":
        """Return the same cache for answers that are not to be shared with other realms.

        What the whole cache answers to, such as `close`, stays with the one it was made from.
        """
        twin = copy(self)
        twin._realm = realm
        return twin

    def state(self) -> CacheState:
        """Count what is kept."""
        answers, models, oldest = self._database.execute(
            "SELECT count(*), count(DISTINCT model), min(made) FROM answers"
        ).fetchone()
        return CacheState(answers, models, self.path.stat().st_size, oldest)

    def clear(self) -> int:
        """Forget everything; return how many answers that were."""
        with self._database:
            count = self._database.execute("DELETE FROM answers").rowcount
        self._database.execute("VACUUM")
        return int(count)

    def find(self, request: str, sample: int) -> _Kept | None:
        """Return a kept answer; one that cannot be read counts as missing."""
        row = self._database.execute(
            "SELECT answer FROM answers WHERE request = ? AND sample = ?",
            (self._realm + request, sample),
        ).fetchone()
        try:
            return _Kept.model_validate_json(row[0]) if row else None
        except ValidationError:
            return None

    def keep(self, request: str, sample: int, model: str, kept: _Kept) -> None:
        """Keep an answer; one that another process kept meanwhile stays."""
        with self._database:
            self._database.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                (self._realm + request, sample, model, time.time(), json_text(kept)),
            )

    async def samples(self, request: str, model: str, first: int, n: int, ask: Ask) -> Generations:
        """Return n samples of a request from the `first`, asking only for those not kept."""
        found = [self.find(request, first + offset) for offset in range(n)]
        charge(_together([each for each in found if each is not None]).usage)
        missing = [offset for offset, each in enumerate(found) if each is None]
        if missing and self.replay:
            raise ModelError(
                f"--replay: {model!r} was asked something that {str(self.path)!r} does not hold; "
                "the problem, the settings or this library's version differ from the recorded run."
            )
        if missing:
            fresh = _parts(await ask(missing[0], len(missing)))
            for offset, kept in zip(missing, fresh, strict=False):
                self.keep(request, first + offset, model, kept)
                found[offset] = kept
        return _together([each for each in found if each is not None])

    def _forget(self) -> None:
        with self._database:
            self._database.execute(
                "DELETE FROM answers WHERE made < ?", (time.time() - self.most_days * 86_400,)
            )
        size = self.path.stat().st_size
        if size > self.most_bytes:
            with self._database:
                self._database.execute(
                    "DELETE FROM answers WHERE made <= (SELECT made FROM answers ORDER BY made "
                    "LIMIT 1 OFFSET (SELECT count(*) / 2 FROM answers))"
                )
            self._database.execute("VACUUM")


def request_key(endpoint: Endpoint, messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Return what a request is known by: model, address, messages and sampling, nothing secret."""
    base = without_credentials(endpoint.api_base) if endpoint.api_base else None
    told = [endpoint.name, base, as_dicts(messages), sampling.model_dump(exclude_none=True)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _parts(generations: Generations) -> list[_Kept]:
    """Share the cost of a request among its samples; the parts add up exactly."""
    usage, count = generations.usage, len(generations.choices)
    kept: list[_Kept] = []
    for place, choice in enumerate(generations.choices):
        first = place == 0
        kept.append(
            _Kept(
                choice=choice,
                usage=Usage(
                    llm_calls=usage.llm_calls if first else 0,
                    prompt_tokens=usage.prompt_tokens if first else 0,
                    completion_tokens=choice.tokens,
                    priced_usd=usage.priced_usd / count,
                    unpriced_calls=usage.unpriced_calls if first else 0,
                    retries=usage.retries if first else 0,
                ),
            )
        )
    return kept


def _together(kept: Sequence[_Kept]) -> Generations:
    usage = Usage()
    for each in kept:
        usage += each.usage
    return Generations(choices=tuple(each.choice for each in kept), usage=usage)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            database.close()
            raise InputError(
                f"{str(path)!r} is a cache of version {version}, and this is {_VERSION}; name "
                "another file."
            )
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version={_VERSION}")
    except (sqlite3.Error, OSError) as error:
        raise InputError(f"the cache {str(path)!r} cannot be used: {error}.") from None
    return database
