"""One request to a model: attempts, waits, deadline, the limit in flight, and what it cost."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from langchain_core.messages import AIMessage, BaseMessage
from tenacity import AsyncRetrying, RetryCallState

from refinegraph.agents.models.accounting import count, estimate_prompt
from refinegraph.agents.models.answer_limits import AnswerLimit
from refinegraph.agents.models.answers import Answer, Choice, Generations, Sampling, Tell
from refinegraph.agents.models.events import (
    BudgetLow,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    WordsWritten,
)
from refinegraph.agents.models.failures import Failure, is_control_flow, read_failure
from refinegraph.agents.models.ledger import Need
from refinegraph.agents.models.prefixes import joined
from refinegraph.agents.models.redaction import redact
from refinegraph.agents.models.reports import Endpoint, error_for
from refinegraph.agents.models.retrying import AttemptFailed, RetryPolicy, TryAgain, failure_of
from refinegraph.agents.models.scope import RunScope, current_scope, current_work
from refinegraph.charging import charge
from refinegraph.errors import BudgetExceeded, DeadlineExceeded, RefinegraphError
from refinegraph.schema import Usage
from refinegraph.tracing import Attributes, span

_numbers = itertools.count(1)
_POLL = 0.01
"""Seconds between two looks at a budget that other calls hold: short beside any call."""
_AT_NOBODY = 3
"""Attempts at a server that takes no connection: it is starting, or it is not there."""
_LONGEST_ANSWER = 2_048
"""Tokens that an answer is assumed to have, for the limit of tokens a minute, where nothing
bounds it; few answers of chat models are longer."""


class Asked(Protocol):
    """What answers requests: our own chat models, and an adapter round foreign ones."""

    retry: RetryPolicy

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        ...

    async def ask(self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling) -> Answer:
        """Make one attempt; raise whatever the client library raises.

        With a prefix, the choices hold what was written behind it.
        """
        ...

    async def ask_aloud(
        self, messages: Sequence[BaseMessage], *, sampling: Sampling, tell: Tell
    ) -> Answer:
        """Make one attempt for one choice, telling of its text as it comes."""
        ...

    async def count_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Return the tokens of a prompt, or an upper bound where they cannot be counted."""
        ...

    @property
    def limits_answers(self) -> bool:
        """Whether a request may be given a `max_tokens` that the caller did not ask for."""
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


@asynccontextmanager
async def streamed(
    model: Asked, messages: Sequence[BaseMessage], sampling: Sampling
) -> AsyncGenerator["StreamedRequest"]:
    """Account for one attempt that is streamed to somebody else, such as LangChain's `astream`.

    The budget is reserved before and settled after. What was written is charged, even if the
    reader stops in the middle.
    """
    made = _Request(model, messages, 1, sampling)
    async with made.accounted():
        yield StreamedRequest(made)


class StreamedRequest:
    """A stream that is accounted for."""

    def __init__(self, made: "_Request") -> None:
        self._made = made
        self.sampling = made.granted_sampling
        """The sampling that the budget leaves room for."""

    def answered(self, answer: Answer) -> None:
        """Note what was written."""
        self._made.count(answer)


_OUTER: ContextVar["_Request | None"] = ContextVar("refinegraph_outer_request", default=None)


@dataclass
class _Request:
    """One request while it is being made."""

    model: Asked
    messages: Sequence[BaseMessage]
    n: int
    sampling: Sampling
    scope: RunScope = field(default_factory=current_scope)
    outer: "_Request | None" = field(default_factory=_OUTER.get)
    """The request that this one serves, where a chat model asks another one of ours."""
    call: int = field(default_factory=lambda: next(_numbers))
    started: float = field(default_factory=time.monotonic)
    usage: Usage = field(default_factory=Usage)
    unsettled: Usage = field(default_factory=Usage)
    """The part of `usage` that was not charged yet."""
    inner: Usage = field(default_factory=Usage)
    """What requests cost that the latest attempt made through models of ours."""
    reservation: int | None = None
    limit: AnswerLimit = field(default_factory=AnswerLimit)
    failure: Failure | None = None
    is_late: bool = False
    """Whether the deadline left no time for another attempt."""

    async def run(self) -> Generations:
        if self.scope.remaining == 0:
            raise self.out_of_time()
        if self.scope.observers:
            work = current_work()
            self.scope.emit(CallStarted(call=self.call, model=self.name, n=self.n, work=work))
        async with self.accounted():
            with span("call", f"chat {self.name}", self.attributes()) as note:
                try:
                    outcome = await self.outcome()
                finally:
                    note(self.spent())
        if isinstance(outcome, BaseException):
            self.note_failure(outcome)
            raise outcome
        self.note_success(len(outcome))
        return Generations(choices=outcome, usage=self.usage, curtailed=self.limit.is_imposed)

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

    @asynccontextmanager
    async def accounted(self) -> AsyncGenerator[None]:
        """Reserve what the request may cost at most; charge what it cost, however it ends."""
        await self.reserve()
        try:
            yield
        finally:
            self.settle()

    async def reserve(self) -> None:
        """Reserve what one answer may cost, waiting for calls that may leave room.

        A request within another one spends what that one reserved.
        """
        ledger = self.scope.ledger
        if ledger is None or self.outer is not None:
            return
        need = Need(
            prompt=await self.prompt_bound() if ledger.counts_tokens else 0,
            answers=self.n,
            most=self.sampling.max_tokens,
            usd=self.usd,
        )
        while (grant := ledger.reserve(need)) is None:
            await asyncio.sleep(_POLL)
        self.reservation = grant.number
        if self.model.limits_answers:
            self.limit = AnswerLimit.of(self.model.endpoint, self.sampling, grant.most)

    def usd(self, prompt: int, written: int) -> float | None:
        return self.model.price(prompt, written, 0)

    async def prompt_bound(self) -> int:
        """Return the tokens of the prompt at most; a hedged request sends it twice."""
        copies = 2 if self.model.retry.hedge_after else 1
        return copies * await self.model.count_prompt(self.prompt)

    def settle(self) -> None:
        """Charge what was spent since the last time."""
        spent, self.unsettled = self.unsettled, Usage()
        if self.outer is not None:
            self.outer.inner += spent
            return
        charge(spent)
        if self.scope.ledger is not None and self.reservation is not None:
            self.scope.ledger.settle(self.reservation, spent)
            self.reservation = None
            if warning := self.scope.ledger.warning():
                self.scope.emit(BudgetLow(detail=warning))

    def spend(self, usage: Usage) -> None:
        self.usage += usage
        self.unsettled += usage

    @property
    def granted_sampling(self) -> Sampling:
        """The sampling with the limit that the budget imposes."""
        return self.limit.applied(self.sampling)

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
        self.settle()
        try:
            await self.reserve()
        except BudgetExceeded:
            return choices or (Choice(text=""),)
        self.note_retry("The answer had no text.", 1, 0.0)
        return await self.choices() or (Choice(text=""),)

    async def choices(self) -> tuple[Choice, ...]:
        return self.count(await self.answer())[: self.n]

    def count(self, answer: Answer) -> tuple[Choice, ...]:
        """Count what an answer cost; where models of ours wrote it, they counted already."""
        counted = count(answer, self.prompt, self.model.price)
        self.spend(self.inner if self.inner.llm_calls else counted.usage)
        self.inner = Usage()
        prefix = self.sampling.prefix
        return (
            tuple(joined(each, prefix) for each in counted.choices) if prefix else counted.choices
        )

    @cached_property
    def prompt(self) -> Sequence[BaseMessage]:
        """The messages with the text that the answer goes on from."""
        prefix = self.sampling.prefix
        return [*self.messages, AIMessage(prefix)] if prefix else self.messages

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
        self.spend(
            Usage(
                llm_calls=1,
                prompt_tokens=self.prompt_tokens,
                priced_usd=usd or 0.0,
                unpriced_calls=int(usd is None),
            )
        )

    async def one_attempt(self) -> Answer:
        if self.outer is not None:
            return await self.attempted()
        limits, endpoint = self.scope.in_flight, self.model.endpoint
        async with limits.turn(endpoint, run=self.scope.run, tokens=self.most_tokens) as turn:
            try:
                answer = await self.attempted()
            except AttemptFailed as failed:
                turn.failed(failed.failure)
                raise
            turn.answered((answer.prompt_tokens or 0) + (answer.completion_tokens or 0))
            return answer

    async def attempted(self) -> Answer:
        try:
            return await self.asked()
        except RefinegraphError:
            raise
        except Exception as error:
            if is_control_flow(error):
                raise
            self.failure = read_failure(error)
            failed = AttemptFailed(self.failure, error)
        if not self.limit.lower(self.model.endpoint, failed.failure):
            raise failed
        return await self.attempted()

    async def asked(self) -> Answer:
        token = _OUTER.set(self)
        try:
            if not self.streams:
                return await self.model.ask(self.messages, n=self.n, sampling=self.granted_sampling)
            return await self.model.ask_aloud(
                self.messages, sampling=self.granted_sampling, tell=self.tell_words
            )
        finally:
            _OUTER.reset(token)

    @property
    def streams(self) -> bool:
        """Whether the answer is told of while it is written: a single one, from its beginning."""
        several = self.n > 1 or self.model.retry.hedge_after is not None
        return self.scope.streams and not several and not self.sampling.prefix

    def tell_words(self, text: str) -> None:
        self.scope.emit(WordsWritten(call=self.call, model=self.name, text=text))

    @cached_property
    def prompt_tokens(self) -> int:
        return estimate_prompt(self.prompt)

    @property
    def most_tokens(self) -> int:
        """What the request may cost at most."""
        return self.prompt_tokens + self.n * (self.sampling.max_tokens or _LONGEST_ANSWER)

    def no_more_attempts(self, state: RetryCallState) -> bool:
        remaining = self.scope.remaining
        self.is_late = remaining is not None and state.upcoming_sleep >= remaining
        elapsed = time.monotonic() - self.started + state.upcoming_sleep
        impatient = elapsed >= self.model.retry.give_up_after
        return self.is_late or impatient or state.attempt_number >= self.attempts

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
        text = f"The run's time was up before {self.model.endpoint} answered.{last}"
        return DeadlineExceeded(self.clean(text))

    def note_retry(self, reason: str, attempt: int, delay: float) -> None:
        self.spend(Usage(retries=1))
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
