"""Ledgers within ledgers: what a request may spend, within what its client may."""

from dataclasses import dataclass, field

from refinegraph.agents.models import Ledger
from refinegraph.agents.models.spending.ledger import Grant, Need
from refinegraph.errors import BudgetExceeded
from refinegraph.schema import Usage


@dataclass
class NestedLedger(Ledger):
    """A ledger whose calls must be paid for by an outer ledger as well.

    >>> outer = Ledger(tokens=100)
    >>> inner = NestedLedger(tokens=500, outer=outer)
    >>> need = Need(prompt=30, answers=1, most=80, usd=lambda prompt, written: None)
    >>> grant = inner.reserve(need)
    >>> grant.most
    70
    >>> inner.commit(grant.number, Usage(llm_calls=1, prompt_tokens=30, completion_tokens=20))
    >>> outer.spent.total_tokens, inner.spent.total_tokens
    (50, 50)
    """

    outer: Ledger = field(default_factory=Ledger)
    _outside: dict[int, int] = field(default_factory=dict[int, int])
    """The outer ledger's number of each call, by this one's."""

    @property
    def counts_tokens(self) -> bool:
        """Whether the tokens of a call matter."""
        return super().counts_tokens or self.outer.counts_tokens

    @property
    def is_spent(self) -> bool:
        """Whether no further call will be made."""
        return super().is_spent or self.outer.is_spent

    @property
    def refusal(self) -> str:
        """What to say of a call that is not made."""
        return self.outer.refusal if self.outer.is_spent else super().refusal

    def reserve(self, need: Need) -> Grant | None:
        """Reserve what a call may cost here and outside; None while calls may still leave room."""
        own = super().reserve(need)
        if own is None:
            return None
        most = need.most if own.most is None else own.most
        try:
            outside = self.outer.reserve(need._replace(most=most))
        except BudgetExceeded:
            super().commit(own.number, Usage())
            raise
        if outside is None:
            super().commit(own.number, Usage())
            return None
        self._outside[own.number] = outside.number
        limits = [limit for limit in (own.most, outside.most) if limit is not None]
        return Grant(own.number, min(limits, default=None))

    def commit(self, call: int, usage: Usage) -> None:
        """Take what a call did cost, here and outside."""
        super().commit(call, usage)
        self.outer.commit(self._outside.pop(call), usage)
