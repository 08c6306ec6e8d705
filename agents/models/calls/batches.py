"""n samples of one model, in as few requests as its provider allows."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import add
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.backend import ModelBackend
from refinegraph.agents.models.calls.call import complete
from refinegraph.agents.models.run_context import current_scope
from refinegraph.agents.models.spending.call_cache import CallCache, request_key
from refinegraph.agents.models.types import Generations, Sampling
from refinegraph.errors import ModelRequestRefused, RefinegraphError
from refinegraph.schema import Usage

_SEVERAL = re.compile(
    r"""['"`]n['"`]|\bn\b.{0,30}(?:must|should|at most|only|support)"""
    r"""|candidate|(?:multiple|several)\s(?:choices|completions)""",
    re.IGNORECASE,
)


@dataclass
class BatchSize:
    """How many choices a provider returns for one request, as far as is known.

    >>> BatchSize(most=3).split(8)
    [3, 3, 2]
    """

    most: int | None = None
    """None until a provider returned fewer than it was asked for."""

    def split(self, n: int) -> list[int]:
        """SplitReasoning n samples into requests."""
        if self.most is None or n <= self.most:
            return [n]
        whole, rest = divmod(n, self.most)
        return [self.most] * whole + [rest] * (rest > 0)

    def learn(self, asked: int, got: int) -> None:
        """Remember a provider that returned fewer choices; none at all teaches nothing."""
        if 0 < got < asked:
            self.most = got if self.most is None else min(self.most, got)


async def sample(
    model: ModelBackend,
    messages: Sequence[BaseMessage],
    *,
    n: int,
    sampling: Sampling,
    size: BatchSize,
) -> Generations:
    """Return n samples: in one request where the provider can, the rest one by one in parallel.

    What came counts: where some requests fail for good and others do not, the samples of the
    others are returned. A provider that refuses to return several at once is asked for single
    ones, and remembered. Within a run, samples that the run's cache holds are taken from there,
    and every answer is kept as it comes; with a seed, a request that is made again goes on where
    the one before ended.

    Raises:
        RefinegraphError: What the first request raised, where not one sample came.
    """
    series = _series(model, messages, sampling, n)
    if n == 1:
        return await series.part(_Part(0, 1))
    counts = size.split(n)
    parts = [_Part(*each) for each in zip(accumulate(counts, initial=0), counts, strict=False)]
    ended = await series.all(parts)
    missing = [place for each in ended for place in _learn(each, size)]
    if missing and not _hopeless(ended):
        ended += await series.all([_Part(place, 1) for place in missing])
    return _together(sorted(ended, key=lambda each: each.part.start))


class _Part(NamedTuple):
    """Some of the samples that were asked for."""

    start: int
    size: int


class _Ended(NamedTuple):
    """What came of one part."""

    part: _Part
    result: Generations | BaseException


@dataclass(frozen=True)
class _Series:
    """The samples of one request, of which a run may have taken some before."""

    model: ModelBackend
    messages: Sequence[BaseMessage]
    sampling: Sampling
    request: str = ""
    first: int = 0
    cache: CallCache | None = None

    async def part(self, part: _Part) -> Generations:
        before = self.first + part.start

        async def ask(offset: int, count: int) -> Generations:
            sampling = reseeded(self.sampling, before + offset)
            return await complete(self.model, self.messages, n=count, sampling=sampling)

        if self.cache is None:
            return await ask(0, part.size)
        name = self.model.endpoint.name
        return await self.cache.samples(self.request, name, before, part.size, ask)

    async def all(self, parts: Sequence[_Part]) -> list[_Ended]:
        results = await asyncio.gather(*map(self.part, parts), return_exceptions=True)
        return [_Ended(*each) for each in zip(parts, results, strict=True)]


def _series(
    model: ModelBackend, messages: Sequence[BaseMessage], sampling: Sampling, n: int
) -> _Series:
    scope = current_scope()
    if scope.sample_counts is None or (scope.cache is None and sampling.seed is None):
        return _Series(model, messages, sampling)
    key = request_key(model.endpoint, messages, sampling)
    return _Series(model, messages, sampling, key, scope.claim_samples(key, n), scope.cache)


def _learn(ended: _Ended, size: BatchSize) -> list[int]:
    """Take from an answer what the provider can; return the places that are still empty."""
    (start, count), result = ended
    if isinstance(result, Generations):
        size.learn(count, len(result.choices))
        return list(range(start + len(result.choices), start + count))
    if count > 1 and _refuses_several(result):
        size.most = 1
    return list(range(start, start + count))


def _hopeless(ended: Sequence[_Ended]) -> bool:
    errors = [each.result for each in ended if isinstance(each.result, BaseException)]
    return any(not _refuses_several(error) for error in errors)


def _refuses_several(error: BaseException) -> bool:
    return isinstance(error, ModelRequestRefused) and bool(_SEVERAL.search(str(error)))


def reseeded(sampling: Sampling, before: int) -> Sampling:
    """Return the sampling for what follows so many samples: equal seeds would give equal ones."""
    if not before or sampling.seed is None:
        return sampling
    return sampling.model_copy(update={"seed": sampling.seed + before})


def _together(ended: Sequence[_Ended]) -> Generations:
    came = [each.result for each in ended if isinstance(each.result, Generations)]
    errors = [each.result for each in ended if isinstance(each.result, BaseException)]
    bugs = [each for each in errors if not isinstance(each, RefinegraphError)]
    if bugs or not came:
        raise (bugs or errors)[0]
    return Generations(
        choices=tuple(choice for each in came for choice in each.choices),
        usage=reduce(add, (each.usage for each in came), Usage()),
        curtailed=any(each.curtailed for each in came),
    )
