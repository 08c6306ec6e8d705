"""Budgets are reserved before a call and never exceeded, in whatever order branches end."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from misbehaving_server import MisbehavingServer, Reply, answer, error

import refinegraph as rg
from refinegraph.agents.models import (
    Choice,
    Ledger,
    Sampling,
    ScriptedChatModel,
    SimulatedChatModel,
    allow_real_calls,
    charging,
    generate,
    resolve_model,
    run_scope,
)
from refinegraph.errors import BudgetExceeded, ContextTooLong, InputError, SettingError

PROMPT = [HumanMessage("Count.")]
MOST = Sampling(max_tokens=50)
PRICE = 0.01


def words(tokens: int) -> str:
    """Return a text with so many tokens, as estimated without a server's count."""
    return "x " * (2 * tokens)


def scripted(tokens: int) -> BaseChatModel:
    async def write(messages: object, sampling: Sampling) -> Choice:
        await asyncio.sleep(random.random() / 1000)
        return Choice(text=words(min(tokens, sampling.max_tokens or tokens)))

    return ScriptedChatModel(write, usd_per_token=PRICE)


class LangChainAdapter(SimpleChatModel):
    """A model of another package that respects `max_tokens`."""

    tokens: int
    max_tokens: int | None = None

    def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
        most = kwargs.get("max_tokens") or self.max_tokens or self.tokens
        return words(min(self.tokens, most))

    @property
    def _llm_type(self) -> str:
        return "foreign"


BACKENDS: dict[str, Callable[[int], BaseChatModel]] = {
    "scripted": scripted,
    "simulated": lambda tokens: SimulatedChatModel(),
    "foreign": lambda tokens: LangChainAdapter(tokens=tokens),
    "embedded": lambda tokens: resolve_model("embedded"),
}


async def spend_all(
    make: Callable[[int], BaseChatModel], sizes: list[int], sampling: Sampling
) -> int:
    """Make one concurrent call per size; return the number of answers."""

    async def one(size: int) -> bool:
        prompt = [
            HumanMessage(f"Simulated problem {size}. Write f(x). " + "Sort it. " * (size % 7))
        ]
        try:
            await generate(make(size), prompt, n=1 + size % 3, sampling=sampling)
        except BudgetExceeded:
            return False
        return True

    return sum(await asyncio.gather(*map(one, sizes)))


@pytest.mark.parametrize("name", BACKENDS)
@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    cap=st.integers(0, 900),
    most=st.sampled_from([None, 1, 20, 150]),
)
def test_spending_never_exceeds_a_cap(
    name: str, sizes: list[int], cap: int, most: int | None
) -> None:
    if name == "embedded":
        pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    ledger = Ledger(tokens=cap)
    with allow_real_calls(), run_scope(ledger=ledger), charging() as account:
        made = asyncio.run(spend_all(BACKENDS[name], sizes, Sampling(max_tokens=most)))
    assert ledger.spent.total_tokens <= cap
    assert ledger.spent == account.usage
    assert made == 0 or ledger.spent.total_tokens > 0


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    cents=st.integers(0, 900),
    calls=st.integers(0, 5),
)
def test_usd_and_calls_are_never_passed(sizes: list[int], cents: int, calls: int) -> None:
    ledger = Ledger(usd=cents * PRICE, calls=calls)
    with run_scope(ledger=ledger):
        asyncio.run(spend_all(scripted, sizes, Sampling()))
    assert ledger.spent.priced_usd <= cents * PRICE + 1e-9
    assert ledger.spent.llm_calls <= calls


async def test_a_budget_limits_max_tokens_of_requests() -> None:
    with MisbehavingServer(answer("x", usage=(10, 30))) as server:
        with run_scope(ledger=Ledger(tokens=100)):
            await generate(server.model(), PROMPT)
            await generate(server.model(), PROMPT)
        await generate(server.model(), PROMPT)
    limits = [request.get("max_tokens", 0) for request in server.requests]
    assert 80 < limits[0] < 100
    assert limits[1] == limits[0] - 40
    assert limits[2] == 0


async def test_a_limit_that_a_server_finds_too_large_is_lowered() -> None:
    def at_most_8k(request: dict[str, Any]) -> Reply:
        if request.get("max_tokens", 0) > 8_000:
            return error(400, "maximum context length is 8000 tokens, you requested more")
        return answer("x")

    with MisbehavingServer(at_most_8k) as server, run_scope(ledger=Ledger(tokens=1_000_000)):
        assert (await generate(server.model(), PROMPT)).choices[0].text == "x"
        await generate(server.model(), PROMPT)
    limits = [request["max_tokens"] for request in server.requests]
    assert limits[0] > 8_000
    assert limits[1:] == [4_096, 4_096]


async def test_a_prompt_that_is_too_long_is_refused_all_the_same() -> None:
    with (
        MisbehavingServer(error(400, "maximum context length is 10 tokens")) as server,
        run_scope(ledger=Ledger(tokens=1_000_000)),
        pytest.raises(ContextTooLong),
    ):
        await generate(server.model(), PROMPT)
    assert len(server.requests) == 2


async def test_parallel_calls_go_on_at_once_where_there_is_room() -> None:
    slow = MisbehavingServer(answer("x")._replace(delay=0.1))
    with slow as server, run_scope(ledger=Ledger(tokens=100_000)):
        await asyncio.gather(*(generate(server.model(), PROMPT) for _ in range(4)))
    assert server.peak == 4


async def test_an_answer_without_text_is_not_asked_for_again_beyond_the_budget() -> None:
    ledger = Ledger(calls=1)
    model = ScriptedChatModel("", cycle=True)
    with run_scope(ledger=ledger):
        made = await generate(model, PROMPT)
    assert [choice.text for choice in made.choices] == [""]
    assert len(model.calls) == ledger.spent.llm_calls == 1


async def test_a_model_that_asks_another_one_is_counted_once() -> None:
    inner = ScriptedChatModel("one two three", cycle=True)

    async def write(messages: object, sampling: Sampling) -> str:
        return (await generate(inner, PROMPT)).choices[0].text

    ledger = Ledger(tokens=1_000, calls=1)
    with run_scope(ledger=ledger, rate_limits=1), charging() as account:
        made = await generate(ScriptedChatModel(write), PROMPT)
    assert made.choices[0].text == "one two three"
    assert len(inner.calls) == made.usage.llm_calls == account.usage.llm_calls == 1
    assert ledger.spent == account.usage


async def test_calls_are_counted_before_they_are_made() -> None:
    with run_scope(ledger=Ledger(calls=2)):
        assert await spend_all(scripted, [1] * 5, MOST) == 2


async def test_usd_need_a_known_price() -> None:
    model = ScriptedChatModel("x", usd_per_token=None)
    with run_scope(ledger=Ledger(usd=1.0)), pytest.raises(SettingError, match="known price"):
        await generate(model, PROMPT)


async def test_what_is_left_is_said_where_it_is_too_little() -> None:
    model = ScriptedChatModel("word " * 10, cycle=True, usd_per_token=PRICE)
    ledger = Ledger(usd=0.2)
    with run_scope(ledger=ledger):
        await generate(model, PROMPT, sampling=MOST)
        with pytest.raises(BudgetExceeded, match=r"of 0\.2 USD left, too little for another call"):
            for _ in range(9):
                await generate(model, PROMPT, sampling=MOST)


def test_the_best_so_far_is_returned_when_a_budget_ends() -> None:
    answers = ["def f(x): return 1", "def f(x): return -x"]
    result = rg.solve(
        "Write f(x).",
        tests="assert f(1) == 1\nassert f(2) == 2",
        model=ScriptedChatModel(answers, cycle=True),
        budget_tokens=500,
    )
    assert result.answer == answers[0]
    assert result.stop_reason.rule == "budget"
    assert result.usage.total_tokens <= 500


def test_budgets_below_zero_are_refused() -> None:
    with pytest.raises(InputError, match="must be at least 0"):
        Ledger(tokens=-1)
