"""Budgets: what a call may cost is reserved before it is made and settled when it has ended."""

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
"""The part of a cap at which observers are warned: early enough to raise it in time."""

_ROOMY = 4_096
"""Tokens that an answer without a limit of its own gets at least, where they are left."""

_SHARE = 4
"""Of a large budget such an answer gets a quarter: four calls can be made side by side, and
reasoning models, which write 10,000 tokens and more, are not cut off early in a run."""

_SHORTEST = 8
"""Tokens below which an answer is not worth its prompt; the call is not made."""


class Need(NamedTuple):
    """What a call may cost at most."""

    prompt: int
    """Tokens."""
    answers: int
    most: int | None
    """Tokens of one answer; None where nothing bounds it."""
    usd: Callable[[int, int], float | None]
    """The price of so many prompt and completion tokens; None where it is unknown."""


class Grant(NamedTuple):
    """Leave to make a call."""

    number: int
    """Settle the call by this number."""
    most: int | None
    """Tokens that one answer may have; None where no cap bounds them."""


class Reserved(NamedTuple):
    """What a call under way may cost at most."""

    tokens: int
    usd: float


@dataclass
class Ledger:
    """Caps on USD, tokens and calls, for everything that shares the ledger.

    What a call may cost at most is reserved until it has ended, and the last call is granted a
    shorter answer where only that fits. So spending never passes a cap, in whatever order parallel
    calls end, as long as models keep to `max_tokens` and prompts have no more tokens than was
    assumed. A call that cannot be paid for is not made.

    >>> ledger = Ledger(tokens=100)
    >>> need = Need(prompt=30, answers=1, most=80, usd=lambda prompt, written: None)
    >>> grant = ledger.reserve(need)
    >>> grant.most
    70
    >>> ledger.commit(grant.number, Usage(llm_calls=1, prompt_tokens=30, completion_tokens=20))
    >>> ledger.spent.total_tokens, ledger.is_spent
    (50, False)
    """

    poll: ClassVar[float] = 0.01
    """Seconds between two looks at what other calls hold: short beside any call."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    spent: Usage = field(default_factory=Usage)
    _reserved: dict[int, Reserved] = field(default_factory=dict[int, Reserved])
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
    def counts_tokens(self) -> bool:
        """Whether the tokens of a call matter."""
        return self.tokens is not None or self.usd is not None

    @property
    def is_spent(self) -> bool:
        """Whether no further call will be made, whatever the calls under way will cost."""
        with self._hold():
            return any(cap is not None and spent >= cap for _, spent, cap in self._caps())

    def reserve(self, need: Need) -> Grant | None:
        """Reserve what a call may cost; return None while calls under way may still leave room.

        Raises:
            BudgetExceeded: Where too little is left for the call.
            SettingError: Where USD are capped and the call's price is not known.
        """
        with self._hold():
            if self.usd is not None and need.usd(need.prompt, 0) is None:
                raise SettingError(
                    "a budget in USD needs a model with a known price; give it by --prices, or the "
                    "budget in tokens."
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
        """Reserve what a call may cost, waiting for calls under way that may leave room.

        Raises what `reserve` raises.
        """
        while (grant := self.reserve(need)) is None:
            await asyncio.sleep(self.poll)
        return grant

    @contextmanager
    def _hold(self) -> Generator[None]:
        """Keep others out while the account is looked at or changed."""
        with self._lock:
            yield

    def _room(self, need: Need) -> float:
        """Return the tokens that each answer may have; below zero where no call may be made."""
        held = self._reserved.values()
        rooms = [math.inf]
        if self.calls is not None and self.spent.llm_calls + len(held) >= self.calls:
            return -1
        if self.tokens is not None:
            used = self.spent.total_tokens + sum(each.tokens for each in held)
            rooms.append(self.tokens - used - need.prompt if used < self.tokens else -1)
        if self.usd is not None:
            spent = self.spent.priced_usd + sum(each.usd for each in held)
            rooms.append(_affordable(self.usd - spent, need) if spent < self.usd else -1)
        return min(rooms) / need.answers

    def _wanted(self, need: Need, room: float) -> int:
        if need.most is not None:
            return need.most
        return _ROOMY if math.isinf(room) else max(_ROOMY, math.floor(room / _SHARE))

    def _grant(self, need: Need, most: int) -> Grant:
        written = need.answers * most
        usd = need.usd(need.prompt, written) or 0.0
        self._next += 1
        self._reserved[self._next] = Reserved(need.prompt + written, usd)
        return Grant(self._next, most if self.counts_tokens else None)

    @property
    def refusal(self) -> str:
        """What to say of a call that is not made."""
        for name, spent, cap in self._caps():
            if cap is not None and spent >= cap:
                return f"the budget of {cap:,.6g} {name} is spent"
        left = " and ".join(
            f"{cap - spent:,.6g} of {cap:,.6g} {name}" for name, spent, cap in self._caps() if cap
        )
        return f"the budget is spent but for {left}, too little for another call"

    def commit(self, call: int, usage: Usage) -> None:
        """Take what a call did cost in the place of what was reserved for it."""
        with self._hold():
            self._reserved.pop(call, None)
            self.spent += usage

    def warning(self) -> str | None:
        """Return, once, a sentence that says that most of a cap is spent."""
        with self._hold():
            if self._warned:
                return None
            for name, spent, cap in self._caps():
                if cap and spent >= _WARN_AT * cap:
                    self._warned = True
                    return f"{spent:,.6g} of {cap:,.6g} {name} are spent"
            return None

    def add_prior(self, usage: Usage) -> None:
        """Count what was spent before, by a run that goes on."""
        with self._hold():
            self.spent += usage

    def _caps(self) -> list[tuple[str, float, float | None]]:
        return [
            ("tokens", self.spent.total_tokens, self.tokens),
            ("USD", self.spent.priced_usd, self.usd),
            ("calls", self.spent.llm_calls, self.calls),
        ]


def _affordable(usd: float, need: Need) -> float:
    """Return the completion tokens that so many USD pay for, after the prompt."""
    prompt = need.usd(need.prompt, 0) or 0.0
    a_token = ((need.usd(need.prompt, 1000) or 0.0) - prompt) / 1000
    if usd < prompt:
        return -1
    # Less one: rounding must not let the sum pass the cap.
    return (usd - prompt) / a_token - 1 if a_token > 0 else math.inf
