"""A cache of model answers by request and sample number, so that samples differ."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from pathlib import Path
from types import TracebackType

from langchain_core.messages import BaseMessage
from pydantic import ValidationError

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.spending.cache_file import CacheFile, CacheState
from refinegraph.agents.models.types import Choice, Generations, Sampling
from refinegraph.charging import charge
from refinegraph.errors import InputError, ModelError
from refinegraph.schema import Frozen, Usage
from refinegraph.support.json_text import json_text
from refinegraph.support.redaction import without_credentials

_LOGGER = logging.getLogger("refinegraph")

Ask = Callable[[int, int], Awaitable[Generations]]
"""Requests samples; the arguments are the offset of the first one and their number."""


class KeptAnswer(Frozen):
    """One sample of a request."""

    choice: Choice
    usage: Usage
    """This sample's share of the request's cost."""


class CallCache:
    """Model answers in an SQLite file, shared by processes and readable only by its owner.

    A run asks for the first sample of a request, then for the second, and so on; a later run
    receives the same samples in the same order without a call. The cost of an answer is stored
    with it and counted again, so that a replayed run reports the original spending. Keys and
    credentials in addresses are not stored, and neither are answers that a budget cut short.

    A file that fails during use, for example because the disk is full, never aborts a run: one
    warning is logged, and the run continues without a cache.

    With `replay`, nothing is requested, and a missing answer raises `ModelError`. `max_bytes` and
    `max_age_days` limit the contents; the oldest answers are deleted first. With `file`, answers
    are stored there, and the path only names it in messages.

    Raises:
        InputError: If the file is not a cache of this version, or cannot be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        replay: bool = False,
        max_bytes: int = 1 << 30,
        max_age_days: float = 365,
        file: CacheFile | None = None,
    ) -> None:
        self.path = path
        self.replay = replay
        self.max_bytes = max_bytes
        self.max_age_days = max_age_days
        self._namespace = ""
        if file is None and replay and not path.exists():
            raise InputError(f"--replay: there is no file {str(path)!r}; record one with --cache.")
        self._guard = _Guard(path, replay)
        self._file = file or self._guard.opened()

    def close(self) -> None:
        """Close the file after deleting what exceeds the limits on age and size."""
        if self._file is None:
            return
        if not self.replay:
            with self._guard:
                self._file.shrink(max_bytes=self.max_bytes, max_age_days=self.max_age_days)
        with self._guard:
            self._file.close()

    def with_namespace(self, namespace: str) -> "CallCache":
        """Return a view of the cache whose answers are not shared with other namespaces.

        Operations on the whole cache, such as `close`, remain with the original object.
        """
        view = copy(self)
        view._namespace = namespace
        return view

    def state(self) -> CacheState:
        """Return a summary of the contents."""
        return self._usable().state()

    def clear(self) -> int:
        """Delete all answers; return their number."""
        return self._usable().clear()

    def forget(self) -> None:
        """Delete the answers of this namespace, which will not be requested again."""
        if self._file is not None and not self._guard.broken:
            with self._guard:
                self._file.delete(self._namespace)

    def spent(self) -> Usage:
        """Return the total cost of the stored answers, in every namespace."""
        total = Usage()
        if self._file is not None and not self._guard.broken:
            with self._guard:
                for text in self._file.answers():
                    kept = _read(text)
                    total += kept.usage if kept else Usage()
        return total

    def find(self, request: str, sample: int) -> KeptAnswer | None:
        """Return a stored answer, or None if it is missing or cannot be parsed."""
        text: object = None
        if self._file is not None and not self._guard.broken:
            with self._guard:
                text = self._file.read(self._namespace + request, sample)
        return _read(text) if isinstance(text, str) else None

    def keep(self, request: str, sample: int, model: str, kept: KeptAnswer) -> None:
        """Store an answer unless another process has stored it in the meantime."""
        if self._file is not None and not self._guard.broken:
            with self._guard:
                self._file.write(self._namespace + request, sample, model, json_text(kept))

    async def look_up(self, request: str, sample: int) -> KeptAnswer | None:
        """Return a stored answer, like `find`; overridden by caches on another machine."""
        return self.find(request, sample)

    async def store(self, request: str, sample: int, model: str, kept: KeptAnswer) -> None:
        """Store an answer, like `keep`; overridden by caches on another machine."""
        self.keep(request, sample, model, kept)

    async def samples(self, request: str, model: str, first: int, n: int, ask: Ask) -> Generations:
        """Return n samples of a request starting at `first`, requesting only missing ones."""
        stored = {offset: await self.look_up(request, first + offset) for offset in range(n)}
        kept = {offset: answer for offset, answer in stored.items() if answer is not None}
        usage = sum((answer.usage for answer in kept.values()), Usage())
        charge(usage)
        choices = {offset: answer.choice for offset, answer in kept.items()}
        missing = [offset for offset in range(n) if offset not in kept]
        limited_by_budget = False
        if missing:
            fresh = await self._ask(model, ask, missing)
            limited_by_budget = fresh.limited_by_budget
            usage += fresh.usage
            for offset, answer in zip(missing, _parts(fresh), strict=False):
                choices[offset] = answer.choice
                if not (limited_by_budget and answer.choice.truncated):
                    await self.store(request, first + offset, model, answer)
        ordered = tuple(choices[offset] for offset in sorted(choices))
        return Generations(choices=ordered, usage=usage, limited_by_budget=limited_by_budget)

    async def _ask(self, model: str, ask: Ask, missing: Sequence[int]) -> Generations:
        if self.replay:
            raise ModelError(
                f"--replay: {str(self.path)!r} contains no answer of {model!r} to a request; the "
                "problem, the settings or this library's version differ from the recorded run."
            )
        return await ask(missing[0], len(missing))

    def _usable(self) -> CacheFile:
        if self._file is None:
            raise InputError(self._guard.broken)
        return self._file


class _Guard:
    """Turns the first failure of a file into a warning and suppresses later ones."""

    def __init__(self, path: Path, replay: bool) -> None:
        self.path = path
        self.replay = replay
        self.broken = ""
        """The reason why the file is no longer used, in one sentence."""

    def opened(self) -> CacheFile | None:
        """Open the file; return None if the failure may be temporary."""
        try:
            return CacheFile(self.path)
        except sqlite3.OperationalError as error:
            self.__exit__(type(error), error, None)
            return None
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"cannot use the cache {str(self.path)!r}: {error}.") from None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, (sqlite3.Error, OSError)):
            return False
        reason = f"cannot use the cache {str(self.path)!r}: {error}"
        if self.replay:
            raise InputError(f"{reason}.") from None
        if not self.broken:
            self.broken = f"{reason}; the run continues without it."
            _LOGGER.warning("%s", self.broken)
        return True


def _read(text: str) -> KeptAnswer | None:
    """Parse a stored answer; reject impossible numbers, because the file is untrusted."""
    try:
        kept = KeptAnswer.model_validate_json(text)
    except ValidationError:
        return None
    numbers = (*kept.usage.model_dump().values(), kept.choice.tokens)
    return kept if all(number >= 0 for number in numbers) else None


def request_key(endpoint: Endpoint, messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Return a hash of model, address, messages and sampling settings, without credentials."""
    base = without_credentials(endpoint.api_base) if endpoint.api_base else None
    parts = [endpoint.name, base, as_dicts(messages), sampling.model_dump(exclude_none=True)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _parts(generations: Generations) -> list[KeptAnswer]:
    """Divide the cost of a request among its samples; the parts sum to the exact total.

    Each sample carries its own tokens and an equal share of the price. The first one also carries
    the rest: the prompt, retries, and earlier answers without text that were charged.
    """
    usage, choices = generations.usage, generations.choices
    others = [
        Usage(completion_tokens=choice.tokens, priced_usd=usage.priced_usd / len(choices))
        for choice in choices[1:]
    ]
    first = usage.model_copy(
        update={
            "completion_tokens": usage.completion_tokens
            - sum(other.completion_tokens for other in others),
            "priced_usd": usage.priced_usd - sum(other.priced_usd for other in others),
        }
    )
    return [
        KeptAnswer(choice=choice, usage=part)
        for choice, part in zip(choices, [first, *others], strict=False)
    ]
