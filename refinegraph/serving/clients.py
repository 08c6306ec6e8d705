"""The clients of a server: their keys and daily budgets."""

import hashlib
import json
import logging
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from refinegraph.agents.models import Ledger
from refinegraph.errors import InputError
from refinegraph.schema import Usage
from refinegraph.serving.refusals import Refusal, too_busy
from refinegraph.support.private_files import make_private_folder, write_private

_log = logging.getLogger("refinegraph.serving")
_DAY = 86_400
"""Seconds."""
_SHORTEST_KEY = 16
"""Minimum number of characters of a key: shorter ones could be guessed."""


class Client(BaseModel):
    """A client: its key and its budget per day (UTC). None means no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[str, Field(min_length=_SHORTEST_KEY, repr=False)]
    """The secret that it sends as `Authorization: Bearer KEY`."""
    budget_tokens: Annotated[int, Field(ge=1)] | None = None
    """Prompt and completion tokens of all calls made for it, including hidden ones."""
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """USD; requires that the prices of all models are known."""
    budget_calls: Annotated[int, Field(ge=1)] | None = None
    """Model calls."""

    @property
    def is_bounded(self) -> bool:
        """Whether the client has any limit."""
        return (self.budget_tokens, self.budget_usd, self.budget_calls) != (None, None, None)


class ClientBook:
    """The clients of a server, and what each of them has spent today.

    Without clients everybody may use the server, without a budget. What was spent is kept in
    `spent`, a file of JSON, so that a restart of the server forgives nothing.

    >>> book = ClientBook({"alice": Client(key="a-key-that-is-long", budget_tokens=1000)})
    >>> book.name_of("Bearer a-key-that-is-long")
    'alice'
    """

    def __init__(self, clients: Mapping[str, Client] | None = None, spent: Path | None = None):
        self.clients = dict(clients or {})
        self._names = {_digest(client.key): name for name, client in self.clients.items()}
        self._file = spent
        self._day = -1
        self._ledgers: dict[str, Ledger] = {}

    @classmethod
    def read(cls, path: Path, spent: Path | None = None) -> "ClientBook":
        """Read a TOML file with a table of each client; raises `InputError` for an invalid file."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            clients = TypeAdapter(dict[str, Client]).validate_python(data)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"--keys {str(path)!r} cannot be read: {reason}.") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(f"--keys {str(path)!r}: {place}: {first['msg'].lower()}.") from None
        if not clients:
            raise InputError(f"--keys {str(path)!r} names no client; expected [NAME] and a key.")
        _refuse_shared_keys(path, clients)
        return cls(clients, spent)

    def name_of(self, authorization: str | None) -> str | None:
        """Return the client of a request; None if the server needs no keys.

        Raises `Refusal` for a missing or unknown key.
        """
        if not self.clients:
            return None
        scheme, _, key = (authorization or "").partition(" ")
        # Looking up a digest takes the same time for every key, so timing reveals nothing.
        name = self._names.get(_digest(key.strip())) if scheme.lower() == "bearer" else None
        if name is None:
            what = "is not known" if authorization else "is missing"
            raise Refusal(
                f"the key {what}; send one of this server's as 'Authorization: Bearer KEY'.",
                status=401,
                type="authentication_error",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        return name

    def ledger_of(self, name: str | None) -> Ledger | None:
        """Return the budget that a client has left today; None if it has no limit.

        Raises `Refusal` with the seconds until tomorrow if the budget is spent.
        """
        client = self.clients.get(name or "")
        if name is None or client is None or not client.is_bounded:
            return None
        self._turn_the_day()
        ledger = self._ledgers[name]
        if ledger.is_spent:
            raise too_busy(
                f"client {name!r} has spent its budget of this day; it begins anew at 00:00 UTC.",
                seconds=_DAY - time.time() % _DAY,
                code="budget_exceeded",
            )
        return ledger

    def save(self) -> None:
        """Save today's spending; blocks for about a millisecond.

        If the file cannot be written, the error is logged and the answer is still sent.
        """
        if self._file is None or not self._ledgers:
            return
        spent = {name: ledger.spent.model_dump() for name, ledger in self._ledgers.items()}
        try:
            make_private_folder(self._file.parent)
            write_private(self._file, [json.dumps({"day": self._day, "spent": spent})])
        except OSError as error:
            _log.warning("what clients spent cannot be kept in %s: %s", self._file, error.strerror)

    def _turn_the_day(self) -> None:
        today = int(time.time() // _DAY)
        if today == self._day:
            return
        before = self._kept(today) if self._day < 0 else {}
        self._day = today
        self._ledgers = {
            name: Ledger(
                usd=client.budget_usd,
                tokens=client.budget_tokens,
                calls=client.budget_calls,
                spent=before.get(name, Usage()),
            )
            for name, client in self.clients.items()
            if client.is_bounded
        }

    def _kept(self, today: int) -> dict[str, Usage]:
        """Return today's spending according to the file; empty if the file is damaged."""
        try:
            text = self._file.read_text(encoding="utf-8") if self._file else "{}"
            data = json.loads(text)
            if data.get("day") != today:
                return {}
            return {name: Usage.model_validate(usage) for name, usage in data["spent"].items()}
        except (OSError, ValueError, KeyError, AttributeError):
            return {}


def _refuse_shared_keys(path: Path, clients: Mapping[str, Client]) -> None:
    keys: Sequence[str] = [client.key for client in clients.values()]
    if len(set(keys)) < len(keys):
        raise InputError(f"--keys {str(path)!r} gives two clients the same key; make another one.")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
