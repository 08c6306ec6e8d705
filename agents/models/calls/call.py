"""One request to a model with its attempts, waits, deadline, rate limits and cost."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from langchain_core.messages import BaseMessage
from tenacity import AsyncRetrying, RetryCallState

from refinegraph.agents.models.backend import ModelBackend
from refinegraph.agents.models.calls.hedging import hedged
from refinegraph.agents.models.calls.retry import AttemptFailed, TryAgain, failure_of
from refinegraph.agents.models.calls.spans import request_attributes, usage_attributes
from refinegraph.agents.models.error_messages import error_for
from refinegraph.agents.models.events import (
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    TokensStreamed,
)
from refinegraph.agents.models.failures import Failure, is_control_flow, read_failure
from refinegraph.agents.models.run_context import RunScope, current_scope, current_work
from refinegraph.agents.models.spending.billing import Bill
from refinegraph.agents.models.spending.usage import estimate_prompt
from refinegraph.agents.models.types import Choice, Completion, Generations, Sampling
from refinegraph.errors import BudgetExceeded, DeadlineExceeded, RefinegraphError
from refinegraph.schema import Usage
from refinegraph.support.redaction import redact
from refinegraph.telemetry.tracing import span

_call_ids = itertools.count(1)
_MAX_UNREACHABLE_ATTEMPTS = 3
"""Attempts at a server that refuses connections: either it is starting, or it does not exist."""
_LONGEST_ANSWER = 2_048
"""Assumed length of an unlimited answer in tokens, for the limit of tokens per minute; few answers
of chat models are longer."""


async def complete(
    model: ModelBackend, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
) -> Generations:
    """Make one request within the run's scope, retrying according to the model's policy.

    An answer without text is requested once more and then accepted. Returns at most `n` choices;
    possibly fewer, or none if several were requested.

    Raises:
        ModelError: If no attempt succeeded. The message is one sentence without keys.
        DeadlineExceeded: If the run's deadline passed first; nothing is sent after it.
    """
    return await _Call(model, messages, n, sampling).run()


@dataclass
class _Call:
    """The state of one request."""

    model: ModelBackend
    messages: Sequence[BaseMessage]
    n: int
    sampling: Sampling
    scope: RunScope = field(default_factory=current_scope)
    call: int = field(default_factory=lambda: next(_call_ids))
    started: float = field(default_factory=time.monotonic)
    bill: Bill = field(init=False)
    failure: Failure | None = None
    is_late: bool = False
    """Whether the deadline left no time for another attempt."""

    def __post_init__(self) -> None:
        self.bill = Bill(self.model, self.messages, self.n, self.sampling)

    @cached_property
    def prompt_tokens(self) -> int:
        return estimate_prompt(self.bill.prompt)

    @property
    def usage(self) -> Usage:
        return self.bill.usage

    async def run(self) -> Generations:
        if self.scope.remaining == 0:
            raise self.out_of_time()
        if self.scope.observers:
            work = current_work()
            self.scope.emit(CallStarted(call=self.call, model=self.name, n=self.n, work=work))
        async with self.bill.open():
            attributes = request_attributes(self.name, self.n, self.sampling)
            with span("call", f"chat {self.name}", attributes) as note:
                try:
                    outcome = await self.outcome()
                finally:
                    note(usage_attributes(self.usage))
        if isinstance(outcome, BaseException):
            self.note_failure(outcome)
            raise outcome
        self.note_success(len(outcome))
        return Generations(
            choices=outcome, usage=self.usage, limited_by_budget=self.bill.limit.is_imposed
        )

    async def outcome(self) -> tuple[Choice, ...] | BaseException:
        """Return the choices, or an error; raising it here would attach its causes."""
        limit = asyncio.timeout(self.scope.remaining)
        try:
            async with limit:
                return await self.choices_with_text()
        except AttemptFailed as failed:
            return self.give_up(failed)
        except TimeoutError as error:
            return self.out_of_time() if limit.expired() else error
        except BaseException as error:
            return error

    async def choices_with_text(self) -> tuple[Choice, ...]:
        choices = await self.choices()
        if any(choice.text or choice.reasoning for choice in choices):
            return choices
        if self.n > 1 and not choices:
            return ()
        self.bill.settle()
        try:
            await self.bill.reserve()
        except BudgetExceeded:
            return choices or (Choice(text=""),)
        self.note_retry("The answer had no text.", 1, 0.0)
        return await self.choices() or (Choice(text=""),)

    async def choices(self) -> tuple[Choice, ...]:
        return self.bill.count(await self.answer())[: self.n]

    async def answer(self) -> Completion:
        try:
            return await self.attempt()
        except AttemptFailed as failed:
            first = failed
        return await self.answer_after(first)

    async def answer_after(self, first: AttemptFailed) -> Completion:
        """Retry after the first failure; a successful first attempt avoids the cost of tenacity."""
        failures = iter([first])

        async def attempt() -> Completion:
            for failed in failures:
                raise failed
            return await self.attempt()

        again = TryAgain(self.model.retry)
        retrying = AsyncRetrying(
            stop=self.no_more_attempts,
            wait=again.wait,
            retry=again.worth_it,
            before_sleep=self.before_sleep,
            reraise=True,
        )
        return await retrying(attempt)

    async def attempt(self) -> Completion:
        """Make one attempt, duplicated if it takes longer than the policy's hedging delay."""
        after = self.model.retry.hedge_after
        if after is None:
            return await self.one_attempt()
        return await hedged(self.one_attempt, after=after, on_hedge=self.note_hedge)

    def note_hedge(self) -> None:
        """Charge the duplicated prompt; the output of the slower attempt is never known."""
        usd = self.model.price(self.prompt_tokens, 0, 0)
        self.bill.spend(
            Usage(
                llm_calls=1,
                prompt_tokens=self.prompt_tokens,
                priced_usd=usd or 0.0,
                unpriced_calls=int(usd is None),
            )
        )

    async def one_attempt(self) -> Completion:
        if self.bill.outer is not None:
            return await self.attempted()
        limits, endpoint = self.scope.rate_limits, self.model.endpoint
        async with limits.slot(endpoint, run=self.scope.run, tokens=self.max_tokens) as slot:
            try:
                answer = await self.attempted()
            except AttemptFailed as failed:
                slot.failed(failed.failure)
                raise
            slot.answered((answer.prompt_tokens or 0) + (answer.completion_tokens or 0))
            return answer

    async def attempted(self) -> Completion:
        try:
            return await self.completion()
        except RefinegraphError:
            raise
        except Exception as error:
            if is_control_flow(error):
                raise
            self.failure = read_failure(error)
            failed = AttemptFailed(self.failure, error)
        if not self.bill.limit.lower(self.model.endpoint, failed.failure):
            raise failed
        return await self.attempted()

    async def completion(self) -> Completion:
        with self.bill.paying_inner_requests():
            if not self.streams:
                return await self.model.ask(self.messages, n=self.n, sampling=self.bill.sampling)
            return await self.model.ask_streaming(
                self.messages, sampling=self.bill.sampling, on_text=self.report_tokens
            )

    @property
    def streams(self) -> bool:
        """Whether the answer is streamed: only a single answer without prefix or hedging."""
        several = self.n > 1 or self.model.retry.hedge_after is not None
        return self.scope.streams and not several and not self.sampling.prefix

    def report_tokens(self, text: str) -> None:
        self.scope.emit(TokensStreamed(call=self.call, model=self.name, text=text))

    @property
    def max_tokens(self) -> int:
        """The maximum number of tokens that the request may use."""
        return self.prompt_tokens + self.n * (self.sampling.max_tokens or _LONGEST_ANSWER)

    def no_more_attempts(self, state: RetryCallState) -> bool:
        remaining = self.scope.remaining
        self.is_late = remaining is not None and state.upcoming_sleep >= remaining
        elapsed = time.monotonic() - self.started + state.upcoming_sleep
        impatient = elapsed >= self.model.retry.give_up_after
        return self.is_late or impatient or state.attempt_number >= self.attempts

    @property
    def attempts(self) -> int:
        """The maximum number of attempts, which is lower for an unreachable server."""
        attempts = self.model.retry.attempts
        unreachable = self.failure is not None and self.failure.kind == "unreachable"
        return min(attempts, _MAX_UNREACHABLE_ATTEMPTS) if unreachable else attempts

    def before_sleep(self, state: RetryCallState) -> None:
        failure = failure_of(state)
        reason = failure.detail if failure else ""
        self.note_retry(reason, state.attempt_number, state.upcoming_sleep)

    def give_up(self, failed: AttemptFailed) -> Exception:
        failure = failed.failure
        if failure.kind == "unknown" and not self.model.endpoint.opaque:
            return failed.error
        attempts = self.usage.retries + 1
        if self.is_late and attempts < self.attempts:
            return self.out_of_time()
        return error_for(failure, self.model.endpoint, attempts=attempts)

    @property
    def name(self) -> str:
        return self.model.endpoint.name

    def clean(self, text: str) -> str:
        return redact(text, self.model.endpoint.secret)

    def out_of_time(self) -> DeadlineExceeded:
        last = f" The last failure: {self.failure.detail}" if self.failure else ""
        text = f"The run's time limit expired before {self.model.endpoint} answered.{last}"
        return DeadlineExceeded(self.clean(text))

    def note_retry(self, reason: str, attempt: int, delay: float) -> None:
        self.bill.spend(Usage(retries=1))
        if self.scope.observers:
            self.scope.emit(
                CallRetried(
                    call=self.call,
                    model=self.name,
                    reason=self.clean(reason),
                    attempt=attempt,
                    delay=delay,
                )
            )

    def note_failure(self, error: BaseException) -> None:
        if self.scope.observers:
            text = self.clean(str(error) or type(error).__name__)
            seconds = time.monotonic() - self.started
            self.scope.emit(
                CallFailed(
                    call=self.call, model=self.name, error=text, usage=self.usage, seconds=seconds
                )
            )

    def note_success(self, choices: int) -> None:
        if self.scope.observers:
            seconds = time.monotonic() - self.started
            self.scope.emit(
                CallFinished(
                    call=self.call,
                    model=self.name,
                    usage=self.usage,
                    choices=choices,
                    seconds=seconds,
                )
            )
