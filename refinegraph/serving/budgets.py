"""Nested ledgers: the budget of a request within the budget of its client."""

from dataclasses import dataclass, field

from refinegraph.agents.models import Ledger
from refinegraph.agents.models.spending.ledger import Grant, Need
from refinegraph.errors import BudgetExceeded
from refinegraph.schema import Usage


@dataclass
class NestedLedger(Ledger):
    """A ledger whose calls are charged to an outer ledger as well.

    >>> outer = Ledger(tokens=100)
    >>> inner = NestedLedger(tokens=500, outer=outer)
    >>> need = Need(prompt=30, answers=1, max_tokens=80, usd=lambda prompt, written: None)
    >>> grant = inner.reserve(need)
    >>> grant.max_tokens
    70
    >>> inner.commit(grant.number, Usage(llm_calls=1, prompt_tokens=30, completion_tokens=20))
    >>> outer.spent.total_tokens, inner.spent.total_tokens
    (50, 50)
    """

    outer: Ledger = field(default_factory=Ledger)
    _outside: dict[int, int] = field(default_factory=dict[int, int])
    """The outer ledger's number of each call, by the number in this ledger."""

    @property
    def counts_tokens(self) -> bool:
        """Whether the tokens of a call are limited."""
        return super().counts_tokens or self.outer.counts_tokens

    @property
    def is_spent(self) -> bool:
        """Whether the budget leaves room for no further call."""
        return super().is_spent or self.outer.is_spent

    @property
    def refusal(self) -> str:
        """The reason for which a call is refused."""
        return self.outer.refusal if self.outer.is_spent else super().refusal

    def reserve(self, need: Need) -> Grant | None:
        """Reserve a call's cost here and outside; None while active calls may still leave room."""
        own = super().reserve(need)
        if own is None:
            return None
        max_tokens = need.max_tokens if own.max_tokens is None else own.max_tokens
        try:
            outside = self.outer.reserve(need._replace(max_tokens=max_tokens))
        except BudgetExceeded:
            super().commit(own.number, Usage())
            raise
        if outside is None:
            super().commit(own.number, Usage())
            return None
        self._outside[own.number] = outside.number
        limits = [limit for limit in (own.max_tokens, outside.max_tokens) if limit is not None]
        return Grant(own.number, min(limits, default=None))

    def commit(self, call: int, usage: Usage) -> None:
        """Record the actual cost of a call in both ledgers."""
        super().commit(call, usage)
        self.outer.commit(self._outside.pop(call), usage)
