"""What may be spent: reserved before a call is made, settled when it has ended."""

import threading
from dataclasses import dataclass, field

from refinegraph.errors import BudgetExceeded, InputError, SettingError
from refinegraph.schema import Usage

_MOST = 0.8
"""The part of a cap at which it is said that little is left."""


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
    _warned: bool = False
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
                    "a budget in USD needs a model with a known price; give it by --prices, or the "
                    "budget in tokens."
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

    def warning(self) -> str | None:
        """Return, once, a sentence that says that most of a cap is spent."""
        with self._lock:
            if self._warned:
                return None
            for name, spent, cap in self._caps():
                if cap and spent >= _MOST * cap:
                    self._warned = True
                    return f"{spent:,.6g} of {cap:,.6g} {name} are spent"
            return None

    def carry(self, usage: Usage) -> None:
        """Count what was spent before, by a run that goes on."""
        with self._lock:
            self.spent += usage

    def _ended(self, *, reserved: bool = True) -> str | None:
        for name, spent, cap in self._caps(reserved=reserved):
            if cap is not None and spent >= cap:
                return f"the budget of {cap:,.6g} {name} is spent"
        return None

    def _caps(self, *, reserved: bool = False) -> list[tuple[str, float, float | None]]:
        held = list(self._reserved.values()) if reserved else []
        return [
            ("tokens", self.spent.total_tokens + sum(each for each, _ in held), self.tokens),
            ("USD", self.spent.priced_usd + sum(each for _, each in held), self.usd),
            ("calls", self.spent.llm_calls + len(held), self.calls),
        ]
