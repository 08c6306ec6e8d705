"""Answers that are kept: by request and by the number of the sample, so that samples differ."""

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
"""Asks for so many samples, of which so many were there before."""


class KeptAnswer(Frozen):
    """One sample of a request."""

    choice: Choice
    usage: Usage
    """What this sample's part of the request cost."""


class CallCache:
    """Model answers in an SQLite file, shared by processes, readable by this user alone.

    A run asks for the same request's first sample, then for its second one, and so on; a later
    run gets the same ones in the same order, without a call. What an answer cost is kept with it
    and counted again, so that a replayed run reports what the first one spent. Keys and addresses'
    credentials are no part of it. Answers that a budget cut short are not kept.

    A file that fails while it is used, because its disk is full, it is locked or its folder was
    removed, never ends a run: one warning is logged, and the run goes on without a cache.

    With `replay` nothing is asked for: a request that is not there is a `ModelError`. `most_bytes`
    and `most_days` bound what is kept, the oldest goes first. With `file`, answers are kept there,
    and the path is only its name in messages.

    Raises:
        InputError: Where the file is not a cache of this version, or cannot be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        replay: bool = False,
        most_bytes: int = 1 << 30,
        most_days: float = 365,
        file: CacheFile | None = None,
    ) -> None:
        self.path = path
        self.replay = replay
        self.most_bytes = most_bytes
        self.most_days = most_days
        self._realm = ""
        if file is None and replay and not path.exists():
            raise InputError(f"--replay: there is no file {str(path)!r}; record one with --cache.")
        self._guard = _Guard(path, replay)
        self._file = file or self._guard.opened()

    def close(self) -> None:
        """Close the file, after what is too old or too much is deleted."""
        if self._file is None:
            return
        if not self.replay:
            with self._guard:
                self._file.shrink(most_bytes=self.most_bytes, most_days=self.most_days)
        with self._guard:
            self._file.close()

    def apart(self, realm: str) -> "CallCache":
        """Return the same cache for answers that are not to be shared with other realms.

        What the whole cache answers to, such as `close`, stays with the one it was made from.
        """
        twin = copy(self)
        twin._realm = realm
        return twin

    def state(self) -> CacheState:
        """Count what is kept."""
        return self._usable().state()

    def clear(self) -> int:
        """Forget everything; return how many answers that were."""
        return self._usable().clear()

    def forget(self) -> None:
        """Delete the answers of this realm, which nobody will ask for again."""
        if self._file is not None and not self._guard.broken:
            with self._guard:
                self._file.delete(self._realm)

    def spent(self) -> Usage:
        """Return what the answers that are kept have cost, in every realm."""
        total = Usage()
        if self._file is not None and not self._guard.broken:
            with self._guard:
                for text in self._file.answers():
                    kept = _read(text)
                    total += kept.usage if kept else Usage()
        return total

    def find(self, request: str, sample: int) -> KeptAnswer | None:
        """Return a kept answer; one that cannot be read counts as missing."""
        text: object = None
        if self._file is not None and not self._guard.broken:
            with self._guard:
                text = self._file.read(self._realm + request, sample)
        return _read(text) if isinstance(text, str) else None

    def keep(self, request: str, sample: int, model: str, kept: KeptAnswer) -> None:
        """Keep an answer; one that another process kept meanwhile stays."""
        if self._file is not None and not self._guard.broken:
            with self._guard:
                self._file.write(self._realm + request, sample, model, json_text(kept))

    async def look_up(self, request: str, sample: int) -> KeptAnswer | None:
        """Return a kept answer, as `find`; for caches whose file is elsewhere."""
        return self.find(request, sample)

    async def store(self, request: str, sample: int, model: str, kept: KeptAnswer) -> None:
        """Keep an answer, as `keep`; for caches whose file is elsewhere."""
        self.keep(request, sample, model, kept)

    async def samples(self, request: str, model: str, first: int, n: int, ask: Ask) -> Generations:
        """Return n samples of a request from the `first`, asking only for those not kept."""
        found = {offset: await self.look_up(request, first + offset) for offset in range(n)}
        kept = {offset: answer for offset, answer in found.items() if answer is not None}
        usage = sum((answer.usage for answer in kept.values()), Usage())
        charge(usage)
        choices = {offset: answer.choice for offset, answer in kept.items()}
        missing = [offset for offset in range(n) if offset not in kept]
        curtailed = False
        if missing:
            fresh = await self._ask(model, ask, missing)
            curtailed = fresh.curtailed
            usage += fresh.usage
            for offset, answer in zip(missing, _parts(fresh), strict=False):
                choices[offset] = answer.choice
                if not (curtailed and answer.choice.truncated):
                    await self.store(request, first + offset, model, answer)
        ordered = tuple(choices[offset] for offset in sorted(choices))
        return Generations(choices=ordered, usage=usage, curtailed=curtailed)

    async def _ask(self, model: str, ask: Ask, missing: Sequence[int]) -> Generations:
        if self.replay:
            raise ModelError(
                f"--replay: {model!r} was asked something that {str(self.path)!r} does not hold; "
                "the problem, the settings or this library's version differ from the recorded run."
            )
        return await ask(missing[0], len(missing))

    def _usable(self) -> CacheFile:
        if self._file is None:
            raise InputError(self._guard.broken)
        return self._file


class _Guard:
    """Turn the first failure of a file into a warning, and all later ones into nothing."""

    def __init__(self, path: Path, replay: bool) -> None:
        self.path = path
        self.replay = replay
        self.broken = ""
        """Why the file is not used any more, in one sentence."""

    def opened(self) -> CacheFile | None:
        """Open the file; return None where that may succeed at another time."""
        try:
            return CacheFile(self.path)
        except sqlite3.OperationalError as error:
            self.__exit__(type(error), error, None)
            return None
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"the cache {str(self.path)!r} cannot be used: {error}.") from None

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
        reason = f"the cache {str(self.path)!r} cannot be used: {error}"
        if self.replay:
            raise InputError(f"{reason}.") from None
        if not self.broken:
            self.broken = f"{reason}; the run goes on without it."
            _LOGGER.warning("%s", self.broken)
        return True


def _read(text: str) -> KeptAnswer | None:
    """Read a kept answer; the file is data, so numbers that cannot be are not believed."""
    try:
        kept = KeptAnswer.model_validate_json(text)
    except ValidationError:
        return None
    numbers = (*kept.usage.model_dump().values(), kept.choice.tokens)
    return kept if all(number >= 0 for number in numbers) else None


def request_key(endpoint: Endpoint, messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Return what a request is known by: model, address, messages and sampling, nothing secret."""
    base = without_credentials(endpoint.api_base) if endpoint.api_base else None
    told = [endpoint.name, base, as_dicts(messages), sampling.model_dump(exclude_none=True)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _parts(generations: Generations) -> list[KeptAnswer]:
    """Share the cost of a request among its samples; the parts add up exactly.

    Each sample costs its own tokens and an equal part of the price. The first one carries the rest:
    the prompt, retries, and answers without text that were paid for before.
    """
    usage, choices = generations.usage, generations.choices
    others = [
        Usage(completion_tokens=choice.tokens, priced_usd=usage.priced_usd / len(choices))
        for choice in choices[1:]
    ]
    first = usage.model_copy(
        update={
            "completion_tokens": usage.completion_tokens
            - sum(each.completion_tokens for each in others),
            "priced_usd": usage.priced_usd - sum(each.priced_usd for each in others),
        }
    )
    return [
        KeptAnswer(choice=choice, usage=part)
        for choice, part in zip(choices, [first, *others], strict=False)
    ]
