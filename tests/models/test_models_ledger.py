"""Budgets: reserved before a call, never passed by more than one call, in any order of branches."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

import refinegraph as rg
from refinegraph.agents.models import (
    Choice,
    Ledger,
    Sampling,
    ScriptedChatModel,
    generate,
    run_scope,
)
from refinegraph.errors import BudgetExceeded, InputError, SettingError

PROMPT = [HumanMessage("Count.")]
MOST = Sampling(max_tokens=50)


async def spend(ledger: Ledger, sizes: list[int], seed: int) -> tuple[int, int]:
    rng = random.Random(seed)

    async def answer(size: int) -> Choice:
        await asyncio.sleep(rng.random() / 1000)
        return Choice(text="x " * (2 * size))

    async def one(size: int) -> bool:
        model = ScriptedChatModel(lambda messages, sampling: answer(size))
        try:
            await generate(model, PROMPT, sampling=MOST)
        except BudgetExceeded:
            return False
        return True

    with run_scope(ledger=ledger):
        made = await asyncio.gather(*map(one, sizes))
    return sum(made), len(made)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 400), st.integers(0, 9)
)
def test_parallel_calls_never_pass_the_cap_by_more_than_one(
    sizes: list[int], cap: int, seed: int
) -> None:
    ledger = Ledger(tokens=cap)
    made, asked = asyncio.run(spend(ledger, sizes, seed))
    one_call = 50 + 10
    assert ledger.spent.total_tokens < cap + one_call
    assert made == 0 if cap == 0 else made >= 1
    assert made == asked or ledger.is_spent


async def test_calls_are_counted_before_they_are_made() -> None:
    ledger = Ledger(calls=2)
    assert await spend(ledger, [1] * 5, 1) == (2, 5)


async def test_usd_need_a_known_price() -> None:
    model = ScriptedChatModel("x", usd_per_token=None)
    with run_scope(ledger=Ledger(usd=1.0)), pytest.raises(SettingError, match="known price"):
        await generate(model, PROMPT)


async def test_usd_are_reserved_for_the_longest_answer() -> None:
    model = ScriptedChatModel("word " * 10, cycle=True, usd_per_token=0.01)
    ledger = Ledger(usd=0.2)
    with run_scope(ledger=ledger):
        await generate(model, PROMPT, sampling=MOST)
        with pytest.raises(BudgetExceeded, match=r"0\.2 USD is spent"):
            for _ in range(9):
                await generate(model, PROMPT, sampling=MOST)
    assert 0.2 <= ledger.spent.priced_usd < 0.2 + 0.6


def test_the_best_so_far_is_returned_when_a_budget_ends() -> None:
    words = ["def f(x): return 1", "def f(x): return -x"]
    result = rg.solve(
        "Write f(x).",
        tests="assert f(1) == 1\nassert f(2) == 2",
        model=ScriptedChatModel(words, cycle=True),
        budget_tokens=60,
    )
    assert result.answer == words[0]
    assert result.stop_reason.rule == "budget"


def test_budgets_below_zero_are_refused() -> None:
    with pytest.raises(InputError, match="makes no sense"):
        Ledger(tokens=-1)
