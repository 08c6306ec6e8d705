"""Accounts to which model calls, reward servers and sandbox runs are charged."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from refinegraph.schema import Usage
from refinegraph.schema.usage import NOTHING_SPENT


class Account:
    """A sum of charges; safe to charge from several threads and event loops."""

    def __init__(
        self, *, parent: "Account | None" = None, forwards: bool = False, totals: bool = False
    ) -> None:
        self.parent = parent
        self.forwards = forwards
        self.totals = totals
        self._usage = NOTHING_SPENT
        self._closed = False
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """The charges so far, including those of failed calls."""
        with self._lock:
            return self._usage

    def add(self, usage: Usage) -> bool:
        """Add to the sum unless the account is closed; return whether it was open."""
        with self._lock:
            if not self._closed:
                self._usage += usage
            return not self._closed

    def close(self) -> None:
        """Accept no more charges; later ones go to the nearest enclosing open account."""
        with self._lock:
            self._closed = True


_ACCOUNT: ContextVar[Account | None] = ContextVar("refinegraph_account", default=None)
_UNACCOUNTED: ContextVar[Account] = ContextVar("refinegraph_unaccounted", default=Account())  # noqa: B039 - shared on purpose


def charge(usage: Usage) -> None:
    """Charge the innermost open account, or the run's unaccounted sum if there is none.

    Model calls through `generate` or one of this package's chat models, requests of a `RewardModel`
    and sandbox runs charge themselves. Call this only for a cost that the package cannot see, such
    as a request to your own service.
    """
    if not _charge(_ACCOUNT.get(), usage):
        _UNACCOUNTED.get().add(usage)


@contextmanager
def charging(*, forward: bool = False, total: bool = False) -> Generator[Account]:
    """Open an account for everything that is spent inside the context.

    A call is charged to the innermost account when it ends, whether it succeeds, fails or is
    cancelled. Answers from a cache are charged with their original cost. Tasks and
    `asyncio.to_thread` calls started inside belong to the account; a bare `threading.Thread` does
    not, because threads do not inherit context variables. A task that outlives the account charges
    the nearest enclosing account that is still open.

    Nested accounts do not pass charges on, so the sums of sibling accounts and of the account
    around them can be added without counting a call twice. With `forward`, every charge also goes
    to the enclosing account, for code that needs its own sum while a caller does the bookkeeping.
    With `total`, the account also receives the charges of the accounts inside it, for code that
    runs a whole graph and has to charge its cost even if the graph fails.

    >>> with charging() as node:
    ...     charge(Usage(llm_calls=1))
    ...     with charging() as operator:
    ...         charge(Usage(llm_calls=2))
    >>> node.usage.llm_calls, operator.usage.llm_calls
    (1, 2)
    """
    account = Account(parent=_ACCOUNT.get(), forwards=forward, totals=total)
    token = _ACCOUNT.set(account)
    try:
        yield account
    finally:
        _ACCOUNT.reset(token)
        account.close()


@contextmanager
def collecting_unaccounted() -> Generator[Account]:
    """Collect charges that no account receives; `run_scope` does this for a run."""
    account = Account()
    token = _UNACCOUNTED.set(account)
    try:
        yield account
    finally:
        _UNACCOUNTED.reset(token)


def current_unaccounted() -> Account:
    """Return the account of charges that no other account receives."""
    return _UNACCOUNTED.get()


def _charge(account: Account | None, usage: Usage) -> bool:
    while account is not None:
        if account.add(usage):
            if account.forwards:
                _charge(account.parent, usage)
            else:
                _add_to_total(account.parent, usage)
            return True
        account = account.parent
    return False


def _add_to_total(account: Account | None, usage: Usage) -> None:
    """Add a charge to the nearest enclosing account that keeps a total."""
    while account is not None and not account.totals:
        account = account.parent
    if account is not None:
        account.add(usage)
        _add_to_total(account.parent, usage)
