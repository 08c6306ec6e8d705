"""A budget shared by all processes of a machine."""

from collections.abc import Generator
from contextlib import contextmanager

from refinegraph.agents.models.spending.ledger import Grant, Ledger, Need, Reserved
from refinegraph.agents.models.spending.ledger_file import Book, LedgerFile, Reservation
from refinegraph.schema import Usage


class SharedLedger(Ledger):
    """Caps on USD, tokens and calls for every process that uses the same file.

    The cost of a call is reserved in the file until the call has ended, so that all processes
    together never exceed a cap. The reservations of a process that dies are released; each of its
    calls in progress is charged with the mean cost of a call, because it may have been billed. The
    file keeps the spending of earlier runs, including resumed ones: a new budget needs a new file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> file = LedgerFile(Path(tempfile.mkdtemp(), "ledger.sqlite"))
    >>> one, other = SharedLedger(file, calls=1), SharedLedger(file, calls=1)
    >>> need = Need(prompt=10, answers=1, max_tokens=10, usd=lambda prompt, written: None)
    >>> grant = one.reserve(need)
    >>> other.reserve(need) is None
    True
    >>> one.commit(grant.number, Usage(llm_calls=1))
    >>> other.is_spent
    True
    """

    poll = 0.1
    """Longer than for a single process, because every check is a transaction."""

    def __init__(
        self,
        file: LedgerFile,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
    ) -> None:
        self._file = file
        super().__init__(usd=usd, tokens=tokens, calls=calls)

    def reserve(self, need: Need) -> Grant | None:
        """Reserve the cost of a call, like `Ledger`, for all processes."""
        grant = super().reserve(need)
        if grant is None and self._release_dead():
            return super().reserve(need)
        return grant

    @property
    def has_begun(self) -> bool:
        """Whether anything was ever recorded in the file."""
        with self._hold():
            return self._next > 0 or self.spent != Usage()

    @property
    def spent_now(self) -> Usage:
        """The current spending of all processes; `spent` is the state at the last access."""
        with self._hold():
            return self.spent

    def add_prior(self, usage: Usage) -> None:
        """Do nothing, because the file already contains earlier spending."""

    def _release_dead(self) -> bool:
        """Release the reservations of dead processes; return whether there were any."""
        dead = self._file.dead_workers()
        if not dead:
            return False
        with self._hold():
            for number, owner in list(self._owners.items()):
                if owner in dead:
                    del self._reserved[number], self._owners[number]
                    self.spent += mean_cost(self.spent)
            for worker in dead:
                self._file.forget_worker(worker)
        return True

    @contextmanager
    def _hold(self) -> Generator[None]:
        with self._lock, self._file.transaction():
            before = self._file.read()
            self._load(before)
            yield
            self._file.write(before, self._as_book())

    def _load(self, book: Book) -> None:
        self.spent, self._next = book.spent, book.last
        self._reserved = {
            number: Reserved(reservation.tokens, reservation.usd)
            for number, reservation in book.reserved.items()
        }
        self._owners = {number: reservation.worker for number, reservation in book.reserved.items()}

    def _as_book(self) -> Book:
        own = self._file.worker
        reserved = {
            number: Reservation(self._owners.get(number, own), reservation.tokens, reservation.usd)
            for number, reservation in self._reserved.items()
        }
        return Book(self.spent, reserved, self._next)


def mean_cost(spent: Usage) -> Usage:
    """Return the mean cost of a call so far."""
    calls = max(1, spent.llm_calls)
    return Usage(
        llm_calls=1,
        prompt_tokens=spent.prompt_tokens // calls,
        completion_tokens=spent.completion_tokens // calls,
        priced_usd=spent.priced_usd / calls,
    )
