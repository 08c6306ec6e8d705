"""Draw n samples from a model in as few requests as its provider allows."""

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
from refinegraph.agents.models.sampling_defaults import with_defaults
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
    """The number of choices that a provider returns per request, as far as is known.

    >>> BatchSize(limit=3).split(8)
    [3, 3, 2]
    """

    limit: int | None = None
    """None until the provider has returned fewer choices than requested."""

    def split(self, n: int) -> list[int]:
        """Split n samples into requests."""
        if self.limit is None or n <= self.limit:
            return [n]
        whole, rest = divmod(n, self.limit)
        return [self.limit] * whole + [rest] * (rest > 0)

    def learn(self, requested: int, received: int) -> None:
        """Lower the limit if a provider returned fewer choices; an empty answer is ignored."""
        if 0 < received < requested:
            self.limit = received if self.limit is None else min(self.limit, received)


async def sample(
    model: ModelBackend,
    messages: Sequence[BaseMessage],
    *,
    n: int,
    sampling: Sampling,
    size: BatchSize,
) -> Generations:
    """Return n samples, in one request if the provider allows, otherwise in parallel requests.

    If some requests fail permanently, the samples of the others are returned. A provider that
    refuses several choices per request is asked for single ones from then on. Within a run,
    samples are first taken from the run's cache, and every new answer is stored in it. With a
    seed, repeating a request continues its sequence of samples.

    Raises:
        RefinegraphError: The error of the first request, if there is no sample at all.
    """
    series = _series(model, messages, with_defaults(sampling), n)
    if n == 1:
        return await series.part(_Part(0, 1))
    counts = size.split(n)
    parts = [_Part(*pair) for pair in zip(accumulate(counts, initial=0), counts, strict=False)]
    results = await series.all(parts)
    missing = [index for result in results for index in _learn(result, size)]
    if missing and not _hopeless(results):
        results += await series.all([_Part(index, 1) for index in missing])
    return _together(sorted(results, key=lambda result: result.part.start))


class _Part(NamedTuple):
    """A range of the requested samples."""

    start: int
    size: int


class _PartResult(NamedTuple):
    """The samples of one part, or the error that prevented them."""

    part: _Part
    outcome: Generations | BaseException


@dataclass(frozen=True)
class _Series:
    """The samples of one request, including those that a run took earlier."""

    model: ModelBackend
    messages: Sequence[BaseMessage]
    sampling: Sampling
    request: str = ""
    first: int = 0
    cache: CallCache | None = None

    async def part(self, part: _Part) -> Generations:
        start = self.first + part.start

        async def ask(offset: int, count: int) -> Generations:
            sampling = reseeded(self.sampling, start + offset)
            return await complete(self.model, self.messages, n=count, sampling=sampling)

        if self.cache is None:
            return await ask(0, part.size)
        name = self.model.endpoint.name
        return await self.cache.samples(self.request, name, start, part.size, ask)

    async def all(self, parts: Sequence[_Part]) -> list[_PartResult]:
        outcomes = await asyncio.gather(*map(self.part, parts), return_exceptions=True)
        return [_PartResult(*pair) for pair in zip(parts, outcomes, strict=True)]


def _series(
    model: ModelBackend, messages: Sequence[BaseMessage], sampling: Sampling, n: int
) -> _Series:
    scope = current_scope()
    if scope.sample_counts is None or (scope.cache is None and sampling.seed is None):
        return _Series(model, messages, sampling)
    key = request_key(model.endpoint, messages, sampling)
    return _Series(model, messages, sampling, key, scope.claim_samples(key, n), scope.cache)


def _learn(result: _PartResult, size: BatchSize) -> list[int]:
    """Update the provider's limit from a result; return the indices of the missing samples."""
    (start, count), outcome = result
    if isinstance(outcome, Generations):
        size.learn(count, len(outcome.choices))
        return list(range(start + len(outcome.choices), start + count))
    if count > 1 and _refuses_several(outcome):
        size.limit = 1
    return list(range(start, start + count))


def _hopeless(results: Sequence[_PartResult]) -> bool:
    errors = [r.outcome for r in results if isinstance(r.outcome, BaseException)]
    return any(not _refuses_several(error) for error in errors)


def _refuses_several(error: BaseException) -> bool:
    return isinstance(error, ModelRequestRefused) and bool(_SEVERAL.search(str(error)))


def reseeded(sampling: Sampling, before: int) -> Sampling:
    """Shift the seed by the number of earlier samples; equal seeds would repeat them."""
    if not before or sampling.seed is None:
        return sampling
    return sampling.model_copy(update={"seed": sampling.seed + before})


def _together(results: Sequence[_PartResult]) -> Generations:
    succeeded = [r.outcome for r in results if isinstance(r.outcome, Generations)]
    errors = [r.outcome for r in results if isinstance(r.outcome, BaseException)]
    bugs = [error for error in errors if not isinstance(error, RefinegraphError)]
    if bugs or not succeeded:
        raise (bugs or errors)[0]
    return Generations(
        choices=tuple(choice for samples in succeeded for choice in samples.choices),
        usage=reduce(add, (samples.usage for samples in succeeded), Usage()),
        limited_by_budget=any(samples.limited_by_budget for samples in succeeded),
    )
