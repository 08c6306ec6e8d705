"""One request to a model: attempts, waits, deadline, the limit in flight, and what it cost."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from langchain_core.messages import BaseMessage
from tenacity import AsyncRetrying, RetryCallState

from refinegraph.agents.models.accounting import count, estimate_prompt
from refinegraph.agents.models.answers import Answer, Choice, Generations, Sampling, Tell
from refinegraph.agents.models.events import (
    BudgetLow,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    WordsWritten,
)
from refinegraph.agents.models.failures import Failure, read_failure
from refinegraph.agents.models.redaction import redact
from refinegraph.agents.models.reports import Endpoint, error_for
from refinegraph.agents.models.retrying import AttemptFailed, RetryPolicy, TryAgain, failure_of
from refinegraph.agents.models.scope import RunScope, current_scope, current_work
from refinegraph.charging import charge
from refinegraph.errors import DeadlineExceeded, RefinegraphError
from refinegraph.schema import Usage
from refinegraph.tracing import Attributes, span

_numbers = itertools.count(1)
_POLL = 0.01
_AT_NOBODY = 3
"""Attempts at a server that takes no connection: it is starting, or it is not there."""
_LONGEST_ANSWER = 2_048
"""Tokens reserved for a sample where nothing bounds it."""


class Asked(Protocol):
    """What answers requests: our own chat models, and an adapter round foreign ones."""

    retry: RetryPolicy

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        ...

    async def ask(self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling) -> Answer:
        """Make one attempt; raise whatever the client library raises."""
        ...

    async def ask_aloud(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, tell: Tell
    ) -> Answer:
        """Make one attempt for one choice, telling of its text as it comes."""
        ...

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return USD; None where the price is unknown."""
        ...


async def request(
    model: Asked, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
) -> Generations:
    """Make one request, retrying as the model's policy says, within the run's scope.

    An answer without any text is asked for once more and then taken as it is. The choices may be
    fewer than `n`, or none where several were asked for; never more.

    Raises:
        ModelError: When no attempt brought an answer, in one sentence without keys.
        DeadlineExceeded: When the run's time was up first; nothing is sent after that.
    """
    return await _Request(model, messages, n, sampling).run()


@dataclass
class _Request:
    """One request while it is being made."""

    model: Asked
    messages: Sequence[BaseMessage]
    n: int
    sampling: Sampling
    scope: RunScope = field(default_factory=current_scope)
    call: int = field(default_factory=lambda: next(_numbers))
    started: float = field(default_factory=time.monotonic)
    usage: Usage = field(default_factory=Usage)
    failure: Failure | None = None

    async def run(self) -> Generations:
        if self.scope.remaining == 0:
            raise self.out_of_time()
        if self.scope.observers:
            work = current_work()
            self.scope.emit(CallStarted(call=self.call, model=self.name, n=self.n, work=work))
        reservation = await self.reserve()
        with span("call", f"chat {self.name}", self.attributes()) as note:
            try:
                outcome = await self.outcome()
            finally:
                self.settle(reservation)
                charge(self.usage)
                note(self.spent())
        if isinstance(outcome, BaseException):
            self.note_failure(outcome)
            raise outcome
        self.note_success(len(outcome))
        return Generations(choices=outcome, usage=self.usage)

    def attributes(self) -> Attributes:
        """Say what is asked, by OpenTelemetry's conventions."""
        provider, _, model = self.name.rpartition("/")
        told: dict[str, str | int | float | None] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider.partition("/")[0] or "refinegraph",
            "gen_ai.request.model": model,
            "gen_ai.request.choice.count": self.n,
            "gen_ai.request.temperature": self.sampling.temperature,
            "gen_ai.request.top_p": self.sampling.top_p,
            "gen_ai.request.max_tokens": self.sampling.max_tokens,
            "gen_ai.request.seed": self.sampling.seed,
        }
        return {key: value for key, value in told.items() if value is not None}

    def spent(self) -> Attributes:
        """Say what it cost, likewise."""
        return {
            "gen_ai.usage.input_tokens": self.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": self.usage.completion_tokens,
            "refinegraph.usage.usd": self.usage.priced_usd,
            "refinegraph.usage.unpriced_calls": self.usage.unpriced_calls,
            "refinegraph.usage.retries": self.usage.retries,
        }

    async def reserve(self) -> int | None:
        """Reserve what the request may cost at most, waiting for calls that may leave room."""
        ledger = self.scope.ledger
        if ledger is None:
            return None
        while ledger.is_waiting:
            await asyncio.sleep(_POLL)
        prompt, most = self.prompt_tokens, self.most_tokens
        usd = self.model.price(prompt, most - prompt, 0) if ledger.usd is not None else None
        return ledger.reserve(tokens=most, usd=usd)

    def settle(self, reservation: int | None) -> None:
        if self.scope.ledger is not None and reservation is not None:
            self.scope.ledger.settle(reservation, self.usage)
            if warning := self.scope.ledger.warning():
                self.scope.emit(BudgetLow(detail=warning))

    async def outcome(self) -> tuple[Choice, ...] | BaseException:
        """Return the choices, or the error to raise: raised here it would drag its causes along."""
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
        self.note_retry("The answer had no text.", 1, 0.0)
        return await self.choices() or (Choice(text=""),)

    async def choices(self) -> tuple[Choice, ...]:
        answer = await self.answer()
        counted = count(answer, self.messages, self.model.price)
        self.usage += counted.usage
        return counted.choices[: self.n]

    async def answer(self) -> Answer:
        try:
            return await self.attempt()
        except AttemptFailed as failed:
            first = failed
        return await self.answer_after(first)

    async def answer_after(self, first: AttemptFailed) -> Answer:
        """Go on from the first failure; tenacity costs more than a good first attempt does."""
        failures = iter([first])

        async def attempt() -> Answer:
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

    async def attempt(self) -> Answer:
        """Make one attempt; one that takes longer than the policy's hedge gets a twin."""
        hedge = self.model.retry.hedge_after
        if hedge is None:
            return await self.one_attempt()
        first = asyncio.ensure_future(self.one_attempt())
        tasks = [first]
        try:
            await asyncio.wait(tasks, timeout=hedge)
            if first.done():
                return first.result()
            self.note_hedge()
            tasks.append(asyncio.ensure_future(self.one_attempt()))
            return await _first_good(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def note_hedge(self) -> None:
        """Count the prompt that is sent twice; what the slower one writes is never known."""
        usd = self.model.price(self.prompt_tokens, 0, 0)
        self.usage += Usage(
            llm_calls=1,
            prompt_tokens=self.prompt_tokens,
            priced_usd=usd or 0.0,
            unpriced_calls=int(usd is None),
        )

    async def one_attempt(self) -> Answer:
        limits, endpoint = self.scope.in_flight, self.model.endpoint
        async with limits.turn(endpoint, run=self.scope.run, tokens=self.most_tokens) as turn:
            try:
                answer = await self.asked()
            except RefinegraphError:
                raise
            except Exception as error:
                self.failure = read_failure(error)
                turn.failed(self.failure)
                raise AttemptFailed(self.failure, error) from None
            turn.answered((answer.prompt_tokens or 0) + (answer.completion_tokens or 0))
            return answer

    async def asked(self) -> Answer:
        if self.n > 1 or not self.scope.streams or self.model.retry.hedge_after:
            return await self.model.ask(self.messages, n=self.n, sampling=self.sampling)
        return await self.model.ask_aloud(
            self.messages, sampling=self.sampling, tell=self.tell_words
        )

    def tell_words(self, text: str) -> None:
        self.scope.emit(WordsWritten(call=self.call, model=self.name, text=text))

    @cached_property
    def prompt_tokens(self) -> int:
        return estimate_prompt(self.messages)

    @property
    def most_tokens(self) -> int:
        """What the request may cost at most."""
        return self.prompt_tokens + self.n * (self.sampling.max_tokens or _LONGEST_ANSWER)

    def no_more_attempts(self, state: RetryCallState) -> bool:
        remaining = self.scope.remaining
        if remaining is not None and state.upcoming_sleep >= remaining:
            return True
        return state.attempt_number >= self.attempts

    @property
    def attempts(self) -> int:
        """How often the request is made at most: less often where nobody is there."""
        most = self.model.retry.attempts
        unreachable = self.failure is not None and self.failure.kind == "unreachable"
        return min(most, _AT_NOBODY) if unreachable else most

    def before_sleep(self, state: RetryCallState) -> None:
        failure = failure_of(state)
        reason = failure.detail if failure else ""
        self.note_retry(reason, state.attempt_number, state.upcoming_sleep)

    def give_up(self, failed: AttemptFailed) -> Exception:
        failure = failed.failure
        if failure.kind == "unknown" and not self.model.endpoint.opaque:
            return failed.error
        attempts = self.usage.retries + 1
        retried = TryAgain(self.model.retry)
        if retried.may_cure(failure) and attempts < self.attempts:
            return self.out_of_time()
        return error_for(failure, self.model.endpoint, attempts=attempts)

    @property
    def name(self) -> str:
        return self.model.endpoint.name

    def clean(self, text: str) -> str:
        return redact(text, self.model.endpoint.secret)

    def out_of_time(self) -> DeadlineExceeded:
        last = f" The last failure: {self.failure.detail}" if self.failure else ""
        text = f"The run's time was up before {self.model.endpoint} answered.{last}"
        return DeadlineExceeded(self.clean(text))

    def note_retry(self, reason: str, attempt: int, delay: float) -> None:
        self.usage += Usage(retries=1)
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


async def _first_good(tasks: Sequence[asyncio.Task[Answer]]) -> Answer:
    """Return the first answer that comes; raise the last failure where none does."""
    last: AttemptFailed | None = None
    for ended in asyncio.as_completed(tasks):
        try:
            return await ended
        except AttemptFailed as failed:
            last = failed
    assert last is not None
    raise last
