"""The cost of one request: reserved before it is sent, then counted, settled and charged."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property

from langchain_core.messages import AIMessage, BaseMessage

from refinegraph.agents.models.backend import ModelBackend
from refinegraph.agents.models.completions.prefixes import joined
from refinegraph.agents.models.events import BudgetLow
from refinegraph.agents.models.run_context import RunScope, current_scope
from refinegraph.agents.models.spending.answer_limits import AnswerLimit
from refinegraph.agents.models.spending.ledger import Need
from refinegraph.agents.models.spending.usage import count
from refinegraph.agents.models.types import Choice, Completion, Sampling
from refinegraph.charging import charge
from refinegraph.schema import Usage

_OUTER: ContextVar["Bill | None"] = ContextVar("refinegraph_outer_bill", default=None)


@dataclass
class Bill:
    """The cost of one request while it is in progress.

    A request made within another one, by a chat model that calls another of the package's models,
    is paid by the outer bill: it reserves nothing, and its cost replaces that of the outer answer.
    """

    model: ModelBackend
    messages: Sequence[BaseMessage]
    answers: int
    wanted: Sampling
    """The caller's sampling settings."""
    scope: RunScope = field(default_factory=current_scope)
    outer: "Bill | None" = field(default_factory=_OUTER.get)
    usage: Usage = field(default_factory=Usage)
    limit: AnswerLimit = field(default_factory=AnswerLimit)
    _unsettled: Usage = field(default_factory=Usage)
    """The part of `usage` that has not been charged yet."""
    _inner: Usage = field(default_factory=Usage)
    """The cost of inner requests since the last answer."""
    _reservation: int | None = None

    @property
    def sampling(self) -> Sampling:
        """The sampling settings that the budget allows."""
        return self.limit.applied(self.wanted)

    @cached_property
    def prompt(self) -> Sequence[BaseMessage]:
        """The messages, including the text that the answer continues."""
        prefix = self.wanted.prefix
        return [*self.messages, AIMessage(prefix)] if prefix else self.messages

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Bill"]:
        """Reserve the maximum cost of the request; charge the actual cost, however it ends."""
        await self.reserve()
        try:
            yield self
        finally:
            self.settle()

    @contextmanager
    def paying_inner_requests(self) -> Generator[None]:
        """Pay for the requests that are made inside the context."""
        token = _OUTER.set(self)
        try:
            yield
        finally:
            _OUTER.reset(token)

    async def reserve(self) -> None:
        """Reserve the cost of one answer, waiting for calls that may free part of the budget."""
        ledger = self.scope.ledger
        if ledger is None or self.outer is not None:
            return
        need = Need(
            prompt=await self._prompt_bound() if ledger.counts_tokens else 0,
            answers=self.answers,
            max_tokens=self.wanted.max_tokens,
            usd=self._usd,
        )
        grant = await ledger.acquire(need)
        self._reservation = grant.number
        if self.model.limits_answers:
            self.limit = AnswerLimit.of(self.model.endpoint, self.wanted, grant.max_tokens)

    def spend(self, usage: Usage) -> None:
        """Add usage to the bill."""
        self.usage += usage
        self._unsettled += usage

    def count(self, answer: Completion) -> tuple[Choice, ...]:
        """Add an answer to the bill; return its choices with token counts and prefix."""
        counted = count(answer, self.prompt, self.model.price)
        self.spend(self._inner if self._inner.llm_calls else counted.usage)
        self._inner = Usage()
        prefix = self.wanted.prefix
        if not prefix:
            return counted.choices
        return tuple(joined(choice, prefix) for choice in counted.choices)

    def settle(self) -> None:
        """Charge the cost since the last time, including inner requests of failed attempts."""
        self.spend(self._inner)
        spent, self._unsettled, self._inner = self._unsettled, Usage(), Usage()
        if self.outer is not None:
            self.outer._inner += spent
            return
        charge(spent)
        if self.scope.ledger is not None and self._reservation is not None:
            self.scope.ledger.commit(self._reservation, spent)
            self._reservation = None
            if warning := self.scope.ledger.warning():
                self.scope.emit(BudgetLow(detail=warning))

    def _usd(self, prompt: int, written: int) -> float | None:
        return self.model.price(prompt, written, 0)

    async def _prompt_bound(self) -> int:
        """Return an upper bound on the prompt's tokens; a hedged request sends it twice."""
        copies = 2 if self.model.retry.hedge_after else 1
        return copies * await self.model.count_prompt(self.prompt)
