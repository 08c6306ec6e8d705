"""What scorers spend, charged as it is spent, whatever becomes of the score."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from refinegraph.schema import Usage


class Spending:
    """The sum of what was spent while it was in force."""

    def __init__(self) -> None:
        self.usage = Usage()


_SPENDING: ContextVar[tuple[Spending, ...]] = ContextVar("refinegraph_spending", default=())


def spend(usage: Usage) -> None:
    """Charge every `spending` that is in force; outside any, nothing is kept."""
    for each in _SPENDING.get():
        each.usage += usage


@contextmanager
def spending() -> Generator[Spending]:
    """Sum up what is charged inside, failed calls' part included.

    A scorer returns what it cost beside its scores; one that fails in the middle returns nothing,
    and what it had spent by then is still known here. Tasks started inside belong to it, and it
    nests.

    >>> with spending() as spent:
    ...     spend(Usage(llm_calls=2))
    >>> spent.usage.llm_calls
    2
    """
    spent = Spending()
    token = _SPENDING.set((*_SPENDING.get(), spent))
    try:
        yield spent
    finally:
        _SPENDING.reset(token)
