"""What may be spent: reserved before a call is made, settled when it has ended."""

import threading
from dataclasses import dataclass, field

from refinegraph.errors import BudgetExceeded, InputError, SettingError
from refinegraph.schema import Usage


@dataclass
class Ledger:
    """Caps on USD, tokens and calls, for everything that shares the ledger.

    A call is made only while less than each cap is spent or reserved; then what it may cost at
    most is reserved until it has ended. So parallel calls can not overshoot together: what is spent
    passes a cap by one call's reservation at most, and with a cap of zero no call is made.

    >>> ledger = Ledger(tokens=100)
    >>> call = ledger.reserve(tokens=80, usd=None)
    >>> ledger.settle(call, Usage(llm_calls=1, prompt_tokens=30, completion_tokens=20))
    >>> ledger.spent.total_tokens, ledger.is_spent
    (50, False)
    """

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    spent: Usage = field(default_factory=Usage)
    _reserved: dict[int, tuple[int, float]] = field(default_factory=dict[int, tuple[int, float]])
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Refuse caps below zero."""
        for name in ("usd", "tokens", "calls"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InputError(
                    f"a budget of {value!r} {name} makes no sense; expected 0 or more."
                )

    @property
    def is_spent(self) -> bool:
        """Whether no further call will be made, whatever the calls under way will cost."""
        with self._lock:
            return self._ended(reserved=False) is not None

    @property
    def is_waiting(self) -> bool:
        """Whether a call has to wait for what calls under way will really cost."""
        with self._lock:
            return self._ended(reserved=False) is None and self._ended() is not None

    def reserve(self, *, tokens: int, usd: float | None) -> int:
        """Reserve what a call may cost at most; return the number to settle it by.

        Raises:
            BudgetExceeded: Where a cap is spent or reserved whole.
            SettingError: Where USD are capped and the call's price is not known.
        """
        with self._lock:
            if self.usd is not None and usd is None:
                raise SettingError(
                    "a budget in USD needs a model with a known price; give the budget in tokens."
                )
            ended = self._ended()
            if ended:
                raise BudgetExceeded(ended)
            self._next += 1
            self._reserved[self._next] = (tokens, usd or 0.0)
            return self._next

    def settle(self, call: int, usage: Usage) -> None:
        """Take what a call did cost in the place of what was reserved for it."""
        with self._lock:
            self._reserved.pop(call, None)
            self.spent += usage

    def carry(self, usage: Usage) -> None:
        """Count what was spent before, by a run that goes on."""
        with self._lock:
            self.spent += usage

    def _ended(self, *, reserved: bool = True) -> str | None:
        held = list(self._reserved.values()) if reserved else []
        tokens = self.spent.total_tokens + sum(each for each, _ in held)
        if self.tokens is not None and tokens >= self.tokens:
            return f"the budget of {self.tokens:,} tokens is spent"
        usd = self.spent.priced_usd + sum(each for _, each in held)
        if self.usd is not None and usd >= self.usd:
            return f"the budget of {self.usd:g} USD is spent"
        calls = self.spent.llm_calls + len(held)
        if self.calls is not None and calls >= self.calls:
            return f"the budget of {self.calls:,} calls is spent"
        return None
