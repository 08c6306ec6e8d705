"""Budgets: the maximum cost of a call is reserved beforehand and settled afterwards."""

import asyncio
import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from refinegraph.errors import BudgetExceeded, InputError, SettingError
from refinegraph.schema import Usage

_WARN_AT = 0.8
"""Share of a cap at which observers are warned: early enough to raise the cap."""

_ROOMY = 4_096
"""Minimum answer length in tokens for a call without its own limit, if the budget allows it."""

_SHARE = 4
"""With a large budget, such an answer is granted one quarter of it: four calls can run in parallel,
and reasoning models, which write 10,000 tokens or more, are not cut off early in a run."""

_SHORTEST = 8
"""Minimum answer length in tokens; a call that can afford less is not made."""


class Need(NamedTuple):
    """The maximum cost of a call."""

    prompt: int
    """Prompt tokens."""
    answers: int
    max_tokens: int | None
    """Maximum tokens per answer; None if unlimited."""
    usd: Callable[[int, int], float | None]
    """Price in USD of prompt and completion tokens; None if unknown."""


class Grant(NamedTuple):
    """Permission to make a call."""

    number: int
    """Identifies the call when it is settled."""
    max_tokens: int | None
    """Maximum tokens per answer; None if no cap applies."""


class Reserved(NamedTuple):
    """The maximum cost of a call in progress."""

    tokens: int
    usd: float


@dataclass
class Ledger:
    """Caps on USD, tokens and calls, for everything that shares the ledger.

    The maximum cost of a call is reserved until the call has ended, and the last call is granted a
    shorter answer if only that fits. Spending therefore never exceeds a cap, in whatever order
    parallel calls end, provided that models respect `max_tokens` and prompts are no longer than
    estimated. A call that is not affordable is not made.

    >>> ledger = Ledger(tokens=100)
    >>> need = Need(prompt=30, answers=1, max_tokens=80, usd=lambda prompt, written: None)
    >>> grant = ledger.reserve(need)
    >>> grant.max_tokens
    70
    >>> ledger.commit(grant.number, Usage(llm_calls=1, prompt_tokens=30, completion_tokens=20))
    >>> ledger.spent.total_tokens, ledger.is_spent
    (50, False)
    """

    poll: ClassVar[float] = 0.01
    """Seconds between checks for freed reservations: short compared to a call."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    spent: Usage = field(default_factory=Usage)
    _reserved: dict[int, Reserved] = field(default_factory=dict[int, Reserved])
    _next: int = 0
    _warned: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Reject negative caps."""
        for name in ("usd", "tokens", "calls"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InputError(f"budget {name} must be at least 0, got {value!r}.")

    @property
    def counts_tokens(self) -> bool:
        """Whether the token counts of calls matter."""
        return self.tokens is not None or self.usd is not None

    @property
    def is_spent(self) -> bool:
        """Whether no further call will be made, whatever the calls in progress cost."""
        with self._hold():
            return any(cap is not None and spent >= cap for _, spent, cap in self._caps())

    def reserve(self, need: Need) -> Grant | None:
        """Reserve the cost of a call; return None if calls in progress may still free enough.

        Raises:
            BudgetExceeded: If too little is left for the call.
            SettingError: If USD are capped and the call's price is unknown.
        """
        with self._hold():
            if self.usd is not None and need.usd(need.prompt, 0) is None:
                raise SettingError(
                    "a budget in USD needs a model with a known price; give the price with "
                    "--prices, or use a budget in tokens."
                )
            room = self._room(need)
            wanted = self._wanted(need, room)
            granted = wanted if room >= wanted else math.floor(room)
            if granted < wanted and self._reserved:
                return None
            if granted < min(wanted, _SHORTEST):
                raise BudgetExceeded(self.refusal)
            return self._grant(need, granted)

    async def acquire(self, need: Need) -> Grant:
        """Reserve the cost of a call, waiting for calls in progress that may free enough.

        Raises what `reserve` raises.
        """
        while (grant := self.reserve(need)) is None:
            await asyncio.sleep(self.poll)
        return grant

    @contextmanager
    def _hold(self) -> Generator[None]:
        """Hold the lock while the account is read or changed."""
        with self._lock:
            yield

    def _room(self, need: Need) -> float:
        """Return the tokens available per answer; negative if no call may be made."""
        held = self._reserved.values()
        rooms = [math.inf]
        if self.calls is not None and self.spent.llm_calls + len(held) >= self.calls:
            return -1
        if self.tokens is not None:
            used = self.spent.total_tokens + sum(reservation.tokens for reservation in held)
            rooms.append(self.tokens - used - need.prompt if used < self.tokens else -1)
        if self.usd is not None:
            spent = self.spent.priced_usd + sum(reservation.usd for reservation in held)
            rooms.append(_affordable(self.usd - spent, need) if spent < self.usd else -1)
        return min(rooms) / need.answers

    def _wanted(self, need: Need, room: float) -> int:
        if need.max_tokens is not None:
            return need.max_tokens
        return _ROOMY if math.isinf(room) else max(_ROOMY, math.floor(room / _SHARE))

    def _grant(self, need: Need, max_tokens: int) -> Grant:
        written = need.answers * max_tokens
        usd = need.usd(need.prompt, written) or 0.0
        self._next += 1
        self._reserved[self._next] = Reserved(need.prompt + written, usd)
        return Grant(self._next, max_tokens if self.counts_tokens else None)

    @property
    def refusal(self) -> str:
        """The message for a call that is refused."""
        for name, spent, cap in self._caps():
            if cap is not None and spent >= cap:
                return f"the budget of {cap:,.6g} {name} is spent"
        caps = [(name, spent, cap) for name, spent, cap in self._caps() if cap]
        if not any(spent for _, spent, _ in caps):
            given = " and ".join(f"{cap:,.6g} {name}" for name, _, cap in caps)
            return f"the budget of {given} is too small for a single call"
        left = " and ".join(f"{cap - spent:,.6g} of {cap:,.6g} {name}" for name, spent, cap in caps)
        return f"the budget has only {left} left, too little for another call"

    def commit(self, call: int, usage: Usage) -> None:
        """Replace a reservation with the actual cost."""
        with self._hold():
            self._reserved.pop(call, None)
            self.spent += usage

    def warning(self) -> str | None:
        """Return a warning that most of a cap is spent, but only once."""
        with self._hold():
            if self._warned:
                return None
            for name, spent, cap in self._caps():
                if cap and spent >= _WARN_AT * cap:
                    self._warned = True
                    return f"{spent:,.6g} of {cap:,.6g} {name} are spent"
            return None

    def add_prior(self, usage: Usage) -> None:
        """Add what a resumed run spent before it was interrupted."""
        with self._hold():
            self.spent += usage

    def _caps(self) -> list[tuple[str, float, float | None]]:
        return [
            ("tokens", self.spent.total_tokens, self.tokens),
            ("USD", self.spent.priced_usd, self.usd),
            ("calls", self.spent.llm_calls, self.calls),
        ]


def _affordable(usd: float, need: Need) -> float:
    """Return the completion tokens that an amount in USD pays for, after the prompt."""
    prompt = need.usd(need.prompt, 0) or 0.0
    per_token = ((need.usd(need.prompt, 1000) or 0.0) - prompt) / 1000
    if usd < prompt:
        return -1
    # One token less, so that rounding cannot exceed the cap.
    return (usd - prompt) / per_token - 1 if per_token > 0 else math.inf
