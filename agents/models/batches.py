"""n samples of one model, in as few requests as its provider allows."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import add

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Generations, Sampling
from refinegraph.agents.models.requests import Asked, request
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
        """Split n samples into requests."""
        if self.most is None or n <= self.most:
            return [n]
        whole, rest = divmod(n, self.most)
        return [self.most] * whole + [rest] * (rest > 0)

    def learn(self, asked: int, got: int) -> None:
        """Remember a provider that returned fewer choices; none at all teaches nothing."""
        if 0 < got < asked:
            self.most = got if self.most is None else min(self.most, got)


async def sample(
    model: Asked,
    messages: Sequence[BaseMessage],
    *,
    n: int,
    sampling: Sampling,
    size: BatchSize,
) -> Generations:
    """Return n samples: in one request where the provider can, the rest one by one in parallel.

    What came counts: where some requests fail for good and others do not, the samples of the
    others are returned. A provider that refuses to return several at once is asked for single
    ones, and remembered.

    Raises:
        RefinegraphError: What the first request raised, where not one sample came.
    """
    if n == 1:
        return await request(model, messages, n=1, sampling=sampling)
    parts = size.split(n)
    ended = await _all(model, messages, parts, sampling, first=0)
    came = _learn(ended, parts, size)
    if came < n and not _hopeless(ended):
        ended += await _all(model, messages, [1] * (n - came), sampling, first=came)
    return _together(ended)


async def _all(
    model: Asked,
    messages: Sequence[BaseMessage],
    parts: Sequence[int],
    sampling: Sampling,
    *,
    first: int,
) -> list[Generations | BaseException]:
    starts = accumulate(parts, initial=first)
    requests = (
        request(model, messages, n=part, sampling=reseeded(sampling, start))
        for part, start in zip(parts, starts, strict=False)
    )
    return await asyncio.gather(*requests, return_exceptions=True)


def _learn(ended: list[Generations | BaseException], parts: Sequence[int], size: BatchSize) -> int:
    """Take from the answers what the provider can; return how many samples came."""
    came = 0
    for part, result in zip(parts, ended, strict=True):
        if isinstance(result, Generations):
            size.learn(part, len(result.choices))
            came += len(result.choices)
        elif part > 1 and _refuses_several(result):
            size.most = 1
    return came


def _hopeless(ended: list[Generations | BaseException]) -> bool:
    errors = [each for each in ended if isinstance(each, BaseException)]
    return any(not _refuses_several(error) for error in errors)


def _refuses_several(error: BaseException) -> bool:
    return isinstance(error, ModelRequestRefused) and bool(_SEVERAL.search(str(error)))


def reseeded(sampling: Sampling, before: int) -> Sampling:
    """Return the sampling for what follows so many samples: equal seeds would give equal ones."""
    if not before or sampling.seed is None:
        return sampling
    return sampling.model_copy(update={"seed": sampling.seed + before})


def _together(ended: list[Generations | BaseException]) -> Generations:
    came = [each for each in ended if isinstance(each, Generations)]
    errors = [each for each in ended if isinstance(each, BaseException)]
    bugs = [each for each in errors if not isinstance(each, RefinegraphError)]
    if bugs or not came:
        raise (bugs or errors)[0]
    return Generations(
        choices=tuple(choice for each in came for choice in each.choices),
        usage=reduce(add, (each.usage for each in came), Usage()),
    )
