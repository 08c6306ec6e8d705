"""Limits, observers and deadlines are shared within a `run_scope`."""

import asyncio
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from misbehaving_server import MisbehavingServer, answer

from refinegraph.agents.models import (
    CallFailed,
    ModelEvent,
    RateLimits,
    ScriptedChatModel,
    current_scope,
    generate,
    run_scope,
)
from refinegraph.errors import InputError

PROMPT = [HumanMessage("Hi.")]


async def test_a_limit_is_shared_by_runs() -> None:
    limit = RateLimits(3)

    async def run(server: MisbehavingServer) -> None:
        with run_scope(rate_limits=limit):
            await generate(server.model(), PROMPT)

    with MisbehavingServer(answer("x")._replace(delay=0.02)) as server:
        await asyncio.gather(*(run(server) for _ in range(12)))
    assert len(server.requests) == 12
    assert server.peak == 3


def test_a_limit_works_in_several_event_loops_at_once() -> None:
    limit = RateLimits(2)

    async def run() -> None:
        model = ScriptedChatModel(lambda messages, sampling: "x", latency=0.005)
        with run_scope(rate_limits=limit):
            await asyncio.gather(*(generate(model, PROMPT) for _ in range(8)))

    threads = [threading.Thread(target=asyncio.run, args=(run(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    asyncio.run(run())
    assert not any(thread.is_alive() for thread in threads)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        RateLimits(0)


async def test_scopes_nest() -> None:
    outer: list[ModelEvent] = []
    inner: list[ModelEvent] = []
    with run_scope(deadline=100.0, on_event=outer.append, rate_limits=5):
        with run_scope(deadline=200.0, on_event=inner.append) as scope:
            assert scope.deadline == 100.0
            assert scope.rate_limits.limit == 5
        deadline = time.monotonic() + 60
    with run_scope(deadline=deadline, on_event=outer.append), run_scope(on_event=inner.append):
        await generate(ScriptedChatModel("x"), PROMPT)
    assert outer == inner
    assert len(outer) == 2
    assert current_scope().observers == ()


async def test_a_cancelled_call_is_reported_and_frees_its_slot() -> None:
    events: list[ModelEvent] = []
    limit = RateLimits(1)
    with run_scope(on_event=events.append, rate_limits=limit):
        task = asyncio.create_task(generate(ScriptedChatModel("x", latency=60), PROMPT))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await generate(ScriptedChatModel("x"), PROMPT)
    assert isinstance(events[1], CallFailed)


async def test_an_observer_may_end_a_call() -> None:
    def refuse(event: ModelEvent) -> None:
        raise InputError("no more")

    model = ScriptedChatModel("x")
    with run_scope(on_event=refuse), pytest.raises(InputError, match="no more"):
        await generate(model, PROMPT)
    assert not model.calls


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_every_sample_comes_once_under_any_limit(wanted: list[int], limit: int) -> None:
    model = ScriptedChatModel([str(i) for i in range(sum(wanted))])

    async def run() -> list[str]:
        with run_scope(rate_limits=limit):
            all_of_them = await asyncio.gather(*(generate(model, PROMPT, n=n) for n in wanted))
        return [choice.text for each in all_of_them for choice in each.choices]

    assert sorted(asyncio.run(run()), key=int) == [str(i) for i in range(sum(wanted))]
