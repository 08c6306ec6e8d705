"""Rewards for right, wrong and forged programs, in every form of call."""

import asyncio
import inspect
import time
from types import SimpleNamespace
from typing import Any

import pytest

import refinegraph as rg
from refinegraph import rewards
from refinegraph.tools.sandbox.conformance import CASES, HostileCase

RIGHT = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return 3"
TESTS = "assert add(1, 2) == 3\nassert add(2, 2) == 4"


def reward(**settings: Any) -> rewards.TestsPassed:
    return rewards.tests_passed(**settings)


async def test_a_trainer_gets_a_list_with_a_reward_for_each_completion() -> None:
    completions = [RIGHT, WRONG, "I do not know.", RIGHT]
    logged: dict[str, float] = {}
    found = await reward()(
        prompts=["?"] * 4,
        completions=completions,
        completion_ids=[[1]] * 4,
        trainer_state=SimpleNamespace(global_step=1),
        log_extra=lambda column, values: None,
        log_metric=logged.__setitem__,
        tests=[TESTS, TESTS, TESTS, ""],
        page=[1, 2, 3, 4],
    )
    assert found == [1.0, 0.0, 0.0, None]
    assert logged == {
        "tests_passed/passed": 0.25,
        "tests_passed/failed": 0.25,
        "tests_passed/no_program": 0.25,
    }


async def test_messages_and_lists_of_tests_are_read() -> None:
    completions = [[{"role": "assistant", "content": f"Sure.\n```python\n{RIGHT}\n```"}]] * 2
    lists = [TESTS.splitlines(), ["assert add(1, 1) == 3"]]
    assert await reward()(None, completions, tests=lists) == [1.0, 0.0]
    assert await reward(tests="cases")(None, completions[:1], cases=[TESTS]) == [1.0]


async def test_one_object_serves_every_caller() -> None:
    paid = reward()
    assert await paid(completion=RIGHT, tests=TESTS) == 1.0
    assert await paid(completion=RIGHT, info={"tests": TESTS}) == 1.0
    row = SimpleNamespace(tests=TESTS, entry_point="add")
    trace = SimpleNamespace(last_reply=WRONG, task=SimpleNamespace(data=row))
    assert await paid(trace=trace) == 0.0
    assert paid.sync(completions=[RIGHT], tests=[TESTS]) == [1.0]


def test_trl_recognises_the_reward_as_async_and_its_sync_form_as_plain() -> None:
    # What TRL asks of a reward function, in `trl.trainer.utils.is_async_callable`.
    paid = reward()
    assert inspect.iscoroutinefunction(type(paid).__call__)
    assert not inspect.iscoroutinefunction(paid.sync)
    assert paid.__name__ == "tests_passed"


def test_trl_calls_it_as_documented() -> None:
    utils = pytest.importorskip("trl.trainer.utils", reason="trl is not installed")
    assert utils.is_async_callable(reward())
    assert utils.get_callable_name(reward()) == "tests_passed"


async def test_part_of_the_tests_is_part_of_the_reward_if_asked() -> None:
    partly, wholly = reward(partial=True), reward()
    assert await partly(completion=WRONG, tests=TESTS) == 0.5
    assert await wholly(completion=WRONG, tests=TESTS) == 0.0
    assert await partly(completion=RIGHT, tests=TESTS) == 1.0


async def test_a_row_without_tests_is_refused_where_it_is_the_only_one() -> None:
    with pytest.raises(rg.InputError, match="there are no tests in a column 'tests'"):
        await reward()(completion=RIGHT)
    with pytest.raises(rg.InputError, match="pars"):
        await reward()(completion=RIGHT, tests="assert add(1,")


FORGERIES = [
    case
    for case in CASES
    if case.quick and case.how in ("check", "test") and "passed" not in case.expected
    # Reading an answer takes null bytes out, and what is left of the first is right. The test of
    # the second asks for any true value, and gets one.
    if case.name not in ("null byte", "test: object that compares as it likes")
]


def columns_of(case: HostileCase) -> dict[str, Any]:
    if case.how == "test":
        return {"tests": case.tests, "preamble": case.preamble, "entry_point": case.entry_point}
    expected = case.calls or (((), case.value),)
    lines = [
        f"assert f({', '.join(map(repr, arguments))}) == {value!r}"
        for arguments, value in expected
        if is_plain(value)
    ]
    return {"tests": "\n".join(lines), "entry_point": "f", "preamble": ""}


def is_plain(value: object) -> bool:
    return isinstance(value, str | int | bool | list | tuple | dict | None)


async def test_no_forgery_of_the_conformance_suite_is_paid() -> None:
    cases = [(case, columns_of(case)) for case in FORGERIES]
    cases = [(case, columns) for case, columns in cases if columns["tests"].strip()]
    assert len(cases) > 50
    paid = reward(timeout=3.0, partial=True)
    found = await asyncio.gather(*(paid.attempt(case.source, **columns) for case, columns in cases))
    assert [case.name for (case, _), got in zip(cases, found, strict=True) if got.passed] == []
    assert all(got.share < 1 for got in found)


async def test_hanging_programs_do_not_hold_up_the_others() -> None:
    waiting = "import time\ndef add(a, b):\n    time.sleep(60)"
    computing = "def add(a, b):\n    while True: pass"
    began = time.monotonic()
    completions = [waiting, computing, *[RIGHT] * 14]
    found = await reward(timeout=1.0)(None, completions, tests=[TESTS] * 16)
    assert found == [0.0, 0.0, *[1.0] * 14]
    assert time.monotonic() - began < 60


async def test_the_rewards_of_all_turns_add_up_to_the_last_share() -> None:
    environment = rewards.repair_environment(max_turns=3)()
    environment.reset(tests="assert add(1, 2) == 3", hidden_tests=TESTS, page=1)
    assert await environment.get_reward() == 0.0
    assert "It passed all 1 tests." in await environment.submit(WRONG)
    assert "could not be run" in await environment.submit("no program")
    assert "It passed all 1 tests." in await environment.submit(RIGHT)
    assert [turn.reward for turn in environment.turns] == [0.5, -0.5, 1.0]
    assert await environment.get_reward() == 1.0
    assert "already passed" in await environment.submit(RIGHT)
    assert len(environment.turns) == 3
    environment.reset(tests=TESTS)
    assert environment.turns == []
    review = await environment.submit(WRONG)
    assert "Failing case: add(2, 2)" in review


async def test_turns_end_and_rows_need_tests() -> None:
    environment = rewards.RepairEnvironment(max_turns=1)
    environment.reset(tests=TESTS)
    await environment.submit(WRONG)
    assert await environment.submit(RIGHT) == "No turns are left."
    assert await environment.get_reward() == 0.0
    with pytest.raises(rg.InputError, match="no column 'tests'"):
        environment.reset(page=1)
    with pytest.raises(rg.InputError, match="max_turns=0"):
        rewards.RepairEnvironment(max_turns=0)


def test_only_the_tools_of_an_environment_are_its_methods() -> None:
    # TRL offers every public method but `reset` and `get_reward` to the model as a tool.
    names = [name for name, _ in inspect.getmembers(rewards.RepairEnvironment, inspect.isfunction)]
    assert [name for name in names if not name.startswith("_")] == [
        "get_reward",
        "reset",
        "submit",
    ]
