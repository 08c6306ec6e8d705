"""One budget for all processes of a machine."""

from collections.abc import Generator
from contextlib import contextmanager

from refinegraph.agents.models.spending.ledger import Grant, Ledger, Need, Reserved
from refinegraph.agents.models.spending.ledger_file import Book, LedgerFile, Reservation
from refinegraph.schema import Usage


class SharedLedger(Ledger):
    """Caps on USD, tokens and calls for every process that names the same file.

    What a call may cost is reserved in the file until it has ended, so that all processes together
    never pass a cap. Where a process dies, its reservations end; each of its calls under way then
    counts with the mean cost of the calls so far, since nobody knows whether it was billed. The
    file remembers what was spent, also by runs that are resumed: a new budget takes a new file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> file = LedgerFile(Path(tempfile.mkdtemp(), "ledger.sqlite"))
    >>> one, other = SharedLedger(file, calls=1), SharedLedger(file, calls=1)
    >>> need = Need(prompt=10, answers=1, most=10, usd=lambda prompt, written: None)
    >>> grant = one.reserve(need)
    >>> other.reserve(need) is None
    True
    >>> one.commit(grant.number, Usage(llm_calls=1))
    >>> other.is_spent
    True
    """

    poll = 0.1
    """Longer than that of a budget of one process: each look is a transaction."""

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
        """Reserve what a call may cost, as `Ledger` does, for all processes."""
        grant = super().reserve(need)
        if grant is None and self._bury():
            return super().reserve(need)
        return grant

    @property
    def spent_now(self) -> Usage:
        """What all processes have spent; `spent` is what was known when this one last looked."""
        with self._hold():
            return self.spent

    def add_prior(self, usage: Usage) -> None:
        """Do nothing: the file knows what was spent before."""

    def _bury(self) -> bool:
        """End the reservations of processes that died; return whether there were any."""
        dead = self._file.dead_workers()
        if not dead:
            return False
        with self._hold():
            for number, each in list(self._owners.items()):
                if each in dead:
                    del self._reserved[number], self._owners[number]
                    self.spent += mean_cost(self.spent)
            for worker in dead:
                self._file.forget_worker(worker)
        return True

    @contextmanager
    def _hold(self) -> Generator[None]:
        with self._lock, self._file.transaction():
            before = self._file.read()
            self._take_over(before)
            yield
            self._file.write(before, self._as_book())

    def _take_over(self, book: Book) -> None:
        self.spent, self._next = book.spent, book.last
        self._reserved = {
            number: Reserved(each.tokens, each.usd) for number, each in book.reserved.items()
        }
        self._owners = {number: each.worker for number, each in book.reserved.items()}

    def _as_book(self) -> Book:
        own = self._file.worker
        reserved = {
            number: Reservation(self._owners.get(number, own), each.tokens, each.usd)
            for number, each in self._reserved.items()
        }
        return Book(self.spent, reserved, self._next)


def mean_cost(spent: Usage) -> Usage:
    """Return what a call has cost on average."""
    calls = max(1, spent.llm_calls)
    return Usage(
        llm_calls=1,
        prompt_tokens=spent.prompt_tokens // calls,
        completion_tokens=spent.completion_tokens // calls,
        priced_usd=spent.priced_usd / calls,
    )
