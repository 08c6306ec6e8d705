"""Rate limits: fair, respected, lowered when a provider is overloaded, and never stuck."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from misbehaving_server import MisbehavingServer, Reply, answer, error

from refinegraph.agents.models import (
    CallRetried,
    FallbackChatModel,
    FellBack,
    Ledger,
    RateLimits,
    RetryPolicy,
    ScriptedChatModel,
    generate,
    run_scope,
)
from refinegraph.agents.models.calls.fair_semaphore import FairSemaphore, TokenBucket
from refinegraph.errors import BudgetExceeded, InputError, ModelError

PROMPT = [HumanMessage("Hi.")]
PATIENT = RetryPolicy(attempts=12, initial_wait=0.01, max_wait=0.05)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=30),
    st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_slots_never_exceed_the_limit_and_every_run_is_served(
    calls: list[tuple[int, bool]], limit: int
) -> None:
    turns = FairSemaphore(limit)
    most = served = 0

    async def one(run: int, cancelled: bool) -> None:
        nonlocal most, served
        await turns.take(run)
        try:
            most = max(most, turns.taken)
            await asyncio.sleep(0)
            served += 1
        finally:
            turns.give_back()

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(one(*call)) for call in calls]
        await asyncio.sleep(0)
        for task, (_, cancelled) in zip(tasks, calls, strict=True):
            if cancelled:
                task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)

    asyncio.run(all_of_them())
    assert most <= limit
    assert turns.taken == 0
    assert served >= sum(not cancelled for _, cancelled in calls)


async def test_a_run_that_asks_for_much_does_not_keep_the_others_waiting() -> None:
    order: list[str] = []
    limit = RateLimits(1)

    async def run(name: str, calls: int) -> None:
        def answer(messages: object, sampling: object) -> str:
            order.append(name)
            return "x"

        model = ScriptedChatModel(answer, latency=0.002)
        with run_scope(rate_limits=limit):
            await asyncio.gather(*(generate(model, PROMPT) for _ in range(calls)))

    await asyncio.gather(run("greedy", 20), run("modest", 2))
    assert order.index("modest") < 3
    assert [at for at, name in enumerate(order) if name == "modest"][1] < 6


@given(st.floats(60, 6000), st.lists(st.tuples(st.floats(0, 5), st.integers(1, 40)), max_size=60))
@settings(max_examples=80, deadline=None)
def test_in_no_minute_flows_more_than_the_limit(
    per_minute: float, calls: list[tuple[float, int]]
) -> None:
    flow, now, used = TokenBucket(per_minute, now=0.0), 0.0, list[tuple[float, int]]()
    for wait, amount in calls:
        now += wait
        used.append((now + flow.delay(amount, now=now), amount))
    for at, _ in used:
        window = sum(amount for when, amount in used if at <= when < at + 60)
        assert window <= per_minute + 40 + 1e-6


async def test_requests_a_minute_are_kept_to() -> None:
    model = ScriptedChatModel("x", cycle=True)
    began = time.monotonic()
    with run_scope(rate_limits=RateLimits(8, requests_per_minute=600)):
        await asyncio.gather(*(generate(model, PROMPT) for _ in range(9)))
    assert time.monotonic() - began >= 0.3


@given(st.integers(100, 10_000), st.integers(2, 5))
def test_a_long_run_uses_its_limit_but_for_one_percent(per_minute: int, minutes: int) -> None:
    flow = TokenBucket(per_minute, now=0.0)
    asked = range(2 * per_minute * minutes)
    sent = sum(flow.delay(1, now=0.0) <= 60 * minutes for _ in asked)
    assert 0.985 * per_minute * minutes <= sent <= per_minute * minutes


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_a_minute_is_refused(limit: float) -> None:
    with pytest.raises(InputError, match="must be above 0"):
        TokenBucket(limit, now=0.0)


async def test_an_overloaded_provider_is_asked_less_then_more_again() -> None:
    busy = [error(429, "slow down")] * 12
    with MisbehavingServer(*busy, answer("ok")) as server:
        limits, model = RateLimits(16), server.model(retry=PATIENT)
        with run_scope(rate_limits=limits):
            await asyncio.gather(*(generate(model, PROMPT) for _ in range(16)))
            slowed = limits.allowed(model.endpoint)
            await asyncio.gather(*(generate(model, PROMPT) for _ in range(150)))
        assert slowed < 16
        assert limits.allowed(model.endpoint) > slowed
    assert len(server.requests) == 12 + 16 + 150


async def test_retry_after_holds_every_request_to_that_provider() -> None:
    first = error(429, "slow down", ("retry-after", "0.4"))
    with MisbehavingServer(first, answer("ok")) as server:
        with run_scope(rate_limits=RateLimits(1)):
            began = time.monotonic()
            await asyncio.gather(*(generate(server.model(), PROMPT) for _ in range(3)))
        assert time.monotonic() - began >= 0.4


async def test_a_slow_request_is_hedged_and_both_prompts_are_charged() -> None:
    slow, quick = answer("slow")._replace(delay=60.0), answer("quick")
    with MisbehavingServer(slow, quick) as server:
        model = server.model(timeout=60, retry=RetryPolicy(hedge_after=0.1))
        began = time.monotonic()
        made = await generate(model, PROMPT)
        assert time.monotonic() - began < 30
    assert made.choices[0].text == "quick"
    assert made.usage.llm_calls == 2
    assert made.usage.prompt_tokens > 10


async def test_an_answer_in_time_gets_no_twin() -> None:
    with MisbehavingServer(answer("quick")) as server:
        made = await generate(server.model(retry=RetryPolicy(hedge_after=5)), PROMPT)
    assert (made.usage.llm_calls, len(server.requests)) == (1, 1)


async def test_a_hedge_of_failing_requests_fails_like_one() -> None:
    with MisbehavingServer(error(500, "broken")._replace(delay=0.1)) as server:
        model = server.model(retry=RetryPolicy(attempts=1, hedge_after=0.02))
        with pytest.raises(ModelError, match="server error"):
            await generate(model, PROMPT)
    assert len(server.requests) == 2


async def test_a_fallback_model_is_used_and_reported() -> None:
    told: list[Any] = []
    with MisbehavingServer(error(500, "broken")) as broken, MisbehavingServer(answer("ok")) as good:
        model = FallbackChatModel(models=(broken.model(), good.model()))
        with run_scope(on_event=told.append):
            made = await generate(model, PROMPT, n=2)
    assert [choice.text for choice in made.choices] == ["ok", "ok"]
    assert made.usage.fallbacks == 1
    fell = [each for each in told if isinstance(each, FellBack)]
    assert "server error" in fell[0].reason


async def test_the_last_failure_is_raised_where_every_model_fails() -> None:
    models = [ScriptedChatModel([ModelError(text)]) for text in ("first", "second")]
    with pytest.raises(ModelError, match="second"):
        await generate(FallbackChatModel(models=tuple(models)), PROMPT)


async def test_a_spent_budget_goes_to_no_other_model() -> None:
    other = ScriptedChatModel("x")
    model = FallbackChatModel(models=(ScriptedChatModel("x"), other))
    with run_scope(ledger=Ledger(calls=0)), pytest.raises(BudgetExceeded):
        await generate(model, PROMPT)
    assert not other.calls


async def test_a_price_that_is_given_is_taken() -> None:
    with MisbehavingServer(answer("ok", usage=(1_000_000, 500_000))) as server:
        made = await generate(server.model().model_copy(update={"prices": (0.5, 2.0)}), PROMPT)
    assert made.usage.cost_usd == pytest.approx(1.5)


STORM: tuple[Callable[[str], Reply], ...] = (
    lambda text: answer(text),
    lambda text: error(429, "slow down", ("retry-after", "0.01")),
    lambda text: error(500, "broken"),
    lambda text: answer(text)._replace(delay=0.05),
    lambda text: answer(text)._replace(cut_off=True),
    lambda text: Reply(body="{"),
    lambda text: Reply(body="<html>busy</html>", content_type="text/html"),
    lambda text: error(503, "overloaded"),
    *[lambda text: answer(text)] * 20,
)


async def test_a_thousand_problems_through_a_storm_end_once_each() -> None:
    seen: Counter[str] = Counter()

    def storm(request: dict[str, Any]) -> Reply:
        text = request["messages"][-1]["content"]
        seen[text] += 1
        return STORM[crc32(f"{text} {seen[text]}".encode()) % len(STORM)](text)

    retried: list[CallRetried] = []

    def handle(event: Any) -> None:
        if isinstance(event, CallRetried):
            retried.append(event)

    async def one(number: int) -> str:
        try:
            made = await generate(model, [HumanMessage(f"Number {number}.")])
        except ModelError as named:
            return f"failed: {named}"
        return made.choices[0].text

    with MisbehavingServer(storm) as server:
        model = server.model(retry=PATIENT)
        with run_scope(rate_limits=RateLimits(64), on_event=handle):
            ended = await asyncio.gather(*map(one, range(1000)))
        assert server.peak <= 64
    wrong = [
        (number, text)
        for number, text in enumerate(ended)
        if text != f"Number {number}." and not text.startswith("failed: ")
    ]
    assert not wrong
    assert sum(text.startswith("failed") for text in ended) < 100
    assert len(server.requests) == 1000 + len(retried)
