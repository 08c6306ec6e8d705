"""Budgets and rates of several processes: enforced together, and released by dead processes."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

import refinegraph as rg
from refinegraph.agents.models import (
    Ledger,
    Sampling,
    ScriptedChatModel,
    generate,
    run_scope,
)
from refinegraph.agents.models.calls.fair_semaphore import Pace, TokenBucket
from refinegraph.agents.models.calls.shared_rates import SharedBucket
from refinegraph.agents.models.spending.ledger import Need
from refinegraph.agents.models.spending.ledger_file import LedgerFile
from refinegraph.agents.models.spending.shared_ledger import SharedLedger
from refinegraph.errors import BudgetExceeded, InputError
from refinegraph.schema import Usage

Make = Callable[..., Ledger]


@pytest.fixture(params=["one process", "several"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return ledgers that share one budget, for every kind of storage."""
    if request.param == "one process":
        return Ledger
    return lambda **caps: SharedLedger(LedgerFile(tmp_path / "ledger.sqlite"), **caps)


def need(prompt: int = 10, max_tokens: int = 10) -> Need:
    return Need(
        prompt=prompt, answers=1, max_tokens=max_tokens, usd=lambda read, written: read + written
    )


def used(tokens: int) -> Usage:
    return Usage(llm_calls=1, prompt_tokens=tokens, priced_usd=float(tokens))


def test_every_ledger_reserves_settles_and_refuses(make: Make) -> None:
    ledger = make(tokens=50, usd=45)
    first, second = ledger.reserve(need()), ledger.reserve(need())
    assert first and second
    assert ledger.reserve(need(prompt=40)) is None
    ledger.commit(first.number, used(12))
    ledger.commit(second.number, used(12))
    assert ledger.spent.total_tokens == 24
    third = ledger.reserve(need())
    assert third and third.max_tokens == 10
    ledger.commit(third.number, used(21))
    assert ledger.is_spent
    with pytest.raises(BudgetExceeded, match="the budget of 45 USD is spent"):
        ledger.reserve(need())


def test_every_ledger_warns_once(make: Make) -> None:
    ledger = make(calls=5)
    for _ in range(4):
        grant = ledger.reserve(need())
        assert grant
        ledger.commit(grant.number, used(1))
    assert ledger.warning() == "4 of 5 calls are spent"
    assert ledger.warning() is None


@settings(max_examples=20, deadline=None)
@given(
    costs=st.lists(st.integers(0, 20), min_size=1, max_size=30),
    workers=st.integers(1, 3),
    cap=st.integers(1, 200),
)
async def test_workers_never_pass_a_cap_together(
    costs: list[int], workers: int, cap: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    ledgers = [SharedLedger(LedgerFile(path), tokens=cap) for _ in range(workers)]

    async def call(number: int, cost: int) -> None:
        ledger = ledgers[number % workers]
        try:
            while (grant := ledger.reserve(need(prompt=10, max_tokens=10))) is None:
                await asyncio.sleep(0.001)
        except BudgetExceeded:
            return
        assert grant.max_tokens is not None
        await asyncio.sleep(0)
        ledger.commit(grant.number, used(min(cost, 10 + grant.max_tokens)))

    await asyncio.gather(*(call(number, cost) for number, cost in enumerate(costs)))
    assert SharedLedger(LedgerFile(path), tokens=cap).spent_now.total_tokens <= cap


async def test_a_model_is_asked_no_more_than_the_file_allows(tmp_path: Path) -> None:
    model = ScriptedChatModel("x", cycle=True)

    async def ask(ledger: Ledger) -> None:
        with run_scope(ledger=ledger):
            for _ in range(10):
                await generate(model, [HumanMessage("?")], sampling=Sampling(max_tokens=5))

    path = tmp_path / "ledger.sqlite"
    work = [ask(SharedLedger(LedgerFile(path), calls=7)) for _ in range(3)]
    ended = await asyncio.gather(*work, return_exceptions=True)
    assert all(isinstance(each, BudgetExceeded) for each in ended)
    assert len(model.calls) == 7


DYING = """
import os, sys
from pathlib import Path
from refinegraph.agents.models.spending.ledger import Need
from refinegraph.agents.models.spending.ledger_file import LedgerFile
from refinegraph.agents.models.spending.shared_ledger import SharedLedger
from refinegraph.schema import Usage
ledger = SharedLedger(LedgerFile(Path(sys.argv[1])), tokens=100)
need = Need(prompt=20, answers=1, max_tokens=30, usd=lambda read, written: None)
first = ledger.reserve(need)
ledger.commit(first.number, Usage(llm_calls=1, prompt_tokens=10))
ledger.reserve(need)
print("reserved", flush=True)
if sys.argv[2] == "dies":
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""


def worker(path: Path, how: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", DYING, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "reserved\n"
    return process


def test_what_a_dead_worker_held_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with worker(path, "dies") as process:
        process.wait()
    ledger = SharedLedger(LedgerFile(path), tokens=100)
    grant = ledger.reserve(need(prompt=50, max_tokens=20))
    assert grant
    assert ledger.spent_now == Usage(llm_calls=2, prompt_tokens=20)


def test_what_a_living_worker_holds_stays_reserved(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with worker(path, "lives") as process:
        ledger = SharedLedger(LedgerFile(path), tokens=100)
        assert ledger.reserve(need(prompt=50, max_tokens=20)) is None
        assert process.stdin
        process.stdin.close()
        process.wait()
        assert ledger.reserve(need(prompt=50, max_tokens=20))


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no database, but long enough to be read as one" * 100)
    with pytest.raises(InputError, match=r"cannot use the ledger '.*': file is not a database"):
        LedgerFile(path)
    with pytest.raises(rg.InputError, match="cannot use the ledger"):
        LedgerFile(path / "below")


@settings(max_examples=20, deadline=None)
@given(
    amounts=st.lists(st.integers(1, 20), min_size=1, max_size=40), per_minute=st.integers(60, 6000)
)
async def test_one_worker_waits_as_long_as_without_a_file(
    amounts: list[int], per_minute: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rates") / "ledger.sqlite"
    clock = Clock()
    file = LedgerFile(path, clock=clock)
    own, shared = TokenBucket(per_minute, now=0.0), SharedBucket(file, "x", per_minute)
    lease_seconds = (per_minute / 1000) / Pace.of(per_minute).per_second
    for amount in amounts:
        alone = own.delay(amount, now=clock.now)
        together = await shared.delay(amount, now=clock.now)
        assert together == pytest.approx(alone, abs=2 * lease_seconds + 1e-6)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@settings(max_examples=20, deadline=None)
@given(
    workers=st.integers(2, 4),
    per_minute=st.sampled_from([60, 600, 3000]),
    steps=st.lists(st.floats(0, 3), min_size=20, max_size=120),
)
async def test_workers_keep_a_rate_together(
    workers: int,
    per_minute: int,
    steps: list[float],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path, clock = tmp_path_factory.mktemp("rates") / "ledger.sqlite", Clock()
    buckets = [
        SharedBucket(LedgerFile(path, clock=clock), "requests", per_minute) for _ in range(workers)
    ]
    amount = max(1, per_minute // 60)
    sent: list[float] = []
    for number, step in enumerate(steps):
        clock.now += step / 10
        delay = await buckets[number % workers].delay(amount, now=clock.now)
        sent.append(clock.now + delay)
    for began in sent:
        inside = sum(amount for moment in sent if began <= moment < began + 60)
        assert inside <= per_minute * 1.01 + amount
