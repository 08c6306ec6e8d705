"""Every call is charged once, to the innermost open account around it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from misbehaving_server import MisbehavingServer, answer, error, streamed

from refinegraph.agents.models import (
    CallCache,
    Choice,
    FallbackChatModel,
    Ledger,
    ScriptedChatModel,
    charge,
    charging,
    generate,
    resolve_model,
    run_scope,
)
from refinegraph.errors import BudgetExceeded, ModelError, ModelRequestRefused
from refinegraph.schema import Candidate, Problem, Usage
from refinegraph.tools import Sandbox
from refinegraph.tools.scorers import RewardModel

PROMPT = [HumanMessage("Count.")]
ONE = Usage(llm_calls=1)
pytestmark = pytest.mark.filterwarnings(r"ignore:Accessing the 'model_(computed_)?fields'")


async def test_the_innermost_account_is_charged_and_passes_nothing_on() -> None:
    model = ScriptedChatModel("x", cycle=True)
    with run_scope() as scope, charging() as outer:
        first = await generate(model, PROMPT)
        with charging() as inner:
            second = await generate(model, PROMPT)
    assert (outer.usage, inner.usage) == (first.usage, second.usage)
    assert scope.unaccounted.usage == Usage()


async def test_a_forwarding_account_charges_both() -> None:
    model = ScriptedChatModel("x", cycle=True)
    with charging() as outer, charging(forward=True) as inner:
        made = await generate(model, PROMPT, n=3)
    assert outer.usage == inner.usage == made.usage


async def test_calls_outside_any_account_are_found_on_the_run() -> None:
    model = ScriptedChatModel("x", cycle=True)
    with run_scope() as scope:
        made = await generate(model, PROMPT)
        with charging():
            await generate(model, PROMPT)
    assert scope.unaccounted.usage == made.usage


async def test_an_account_around_a_run_scope_is_charged() -> None:
    with charging() as account, run_scope() as scope:
        made = await generate(ScriptedChatModel("x"), PROMPT)
    assert account.usage == made.usage
    assert scope.unaccounted.usage == Usage()


async def test_parallel_branches_do_not_mix_their_accounts() -> None:
    model = ScriptedChatModel("x", cycle=True, latency=0.001)

    async def branch(calls: int) -> int:
        with charging() as account:
            await asyncio.gather(*(generate(model, PROMPT) for _ in range(calls)))
        return account.usage.llm_calls

    assert await asyncio.gather(*map(branch, range(6))) == list(range(6))


async def test_threads_with_our_context_are_charged() -> None:
    model = ScriptedChatModel("x", cycle=True)

    def judge() -> None:
        asyncio.run(generate(model, PROMPT))
        model.invoke(PROMPT)

    with charging() as account:
        await asyncio.gather(*(asyncio.to_thread(judge) for _ in range(4)))
        model.invoke(PROMPT)
    assert account.usage.llm_calls == len(model.calls) == 9


async def test_a_task_that_outlives_its_account_charges_the_one_around_it() -> None:
    go_on = asyncio.Event()

    async def late() -> None:
        await go_on.wait()
        charge(ONE)

    with charging() as outer:
        with charging() as inner:
            task = asyncio.create_task(late())
            await asyncio.sleep(0)
        go_on.set()
        await task
    assert (outer.usage, inner.usage) == (ONE, Usage())


async def test_failed_calls_are_charged_what_they_cost() -> None:
    with (
        MisbehavingServer(answer(""), error(500, "down")) as server,
        charging() as account,
        pytest.raises(ModelError),
    ):
        await generate(server.model(), PROMPT)
    assert (account.usage.llm_calls, account.usage.prompt_tokens) == (1, 10)
    assert account.usage.retries == len(server.requests) - 1


async def test_a_model_that_fell_back_is_charged_with_what_failed() -> None:
    paid = ScriptedChatModel([Choice(text=""), ModelRequestRefused("no")], name="paid")
    model = FallbackChatModel(models=(paid, ScriptedChatModel("x")))
    with charging() as account:
        await generate(model, PROMPT)
    assert (account.usage.llm_calls, account.usage.fallbacks) == (2, 1)


async def test_cached_answers_are_charged_what_they_cost(tmp_path: Path) -> None:
    model = ScriptedChatModel("one two three", cycle=True)
    cache = CallCache(tmp_path / "calls.sqlite")
    sums: list[Usage] = []
    for _ in range(2):
        with run_scope(cache=cache), charging() as account:
            made = await generate(model, PROMPT, n=2)
        assert account.usage == made.usage
        sums.append(account.usage)
    assert sums[0] == sums[1]
    assert len(model.calls) == 1


async def test_a_stream_of_langchain_is_charged() -> None:
    with MisbehavingServer(streamed("one ", "two")) as server, charging() as account:
        texts = [piece.text async for piece in server.model().astream(PROMPT)]
        async with aclosing(cast("AsyncGenerator[object]", server.model().astream(PROMPT))) as cut:
            await anext(cut)
    assert "".join(texts) == "one two"
    assert account.usage.llm_calls == len(server.requests) == 2
    assert account.usage.completion_tokens > 5


async def test_a_stream_of_langchain_is_held_to_the_budget() -> None:
    ledger = Ledger(calls=1)
    with MisbehavingServer(streamed("x")) as server, run_scope(ledger=ledger):
        assert [piece async for piece in server.model().astream(PROMPT)]
        with pytest.raises(BudgetExceeded):
            await anext(server.model().astream(PROMPT))
    assert len(server.requests) == ledger.spent.llm_calls == 1


async def test_the_model_of_the_package_is_charged_for_its_stream() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    with charging() as account:
        texts = [piece.text async for piece in resolve_model("embedded").astream(PROMPT)]
    assert account.usage.llm_calls == 1
    assert account.usage.completion_tokens >= len([text for text in texts if text]) > 0


async def test_a_sandbox_run_is_charged() -> None:
    with charging() as account:
        await Sandbox().check("def f(): return 1", "f", [((), 1)])
    assert account.usage == Usage(sandbox_runs=1)


async def test_a_reward_model_is_charged() -> None:
    with MisbehavingServer(answer()) as server, charging() as account:
        scorer = RewardModel(server.api_base, "reward", format="classify")
        pool = [Candidate(id="0.0", operator="solve", text="2", answer="2")]
        with pytest.raises(ModelError):
            await scorer(Problem(prompt="1 + 1?", kind="math"), pool)
    assert account.usage.llm_calls == len(server.requests) == 1


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_accounts_of_any_shape_add_up_to_all_calls(shape: int | list[object]) -> None:
    model = ScriptedChatModel("x", cycle=True)
    sums: list[Usage] = []

    async def run(part: object) -> None:
        with charging() as account:
            if isinstance(part, int):
                await asyncio.gather(*(generate(model, PROMPT) for _ in range(part)))
            elif isinstance(part, list):
                await asyncio.gather(*map(run, part))
        sums.append(account.usage)

    with run_scope() as scope:
        asyncio.run(run(shape))
    assert sum(sums, Usage()).llm_calls == len(model.calls)
    assert scope.unaccounted.usage == Usage()
