"""`solve_many`: every problem has exactly one outcome, independent of the others."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage

import refinegraph as rg
from refinegraph.agents.models import RetryPolicy, Sampling, ScriptedChatModel
from refinegraph.batches import BatchRecord
from refinegraph.batches.inputs import ProblemLike
from refinegraph.support.shards import Shard


def counted(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Answer with the number in the question."""
    text = messages[-1].text
    if "broken" in text:
        raise ValueError("this one breaks the model")
    found = re.search(r"What is (\d+)", text)
    return f"The answer is \\boxed{{{found[1] if found else 0}}}"


def sums(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"prompt": f"What is {n}?", "kind": "math", "page": n} for n in range(start, count)]


def model(**settings: Any) -> ScriptedChatModel:
    return ScriptedChatModel(counted, **settings)


async def solved(problems: Any, **options: Any) -> list[BatchRecord]:
    options = {"model": model(), "strategy": "single", **options}
    return [record async for record in rg.solve_many(problems, **options)]


async def test_a_problem_may_be_a_text_a_problem_or_columns() -> None:
    given: list[ProblemLike] = [
        "What is 1?",
        rg.Problem(id="two", prompt="What is 2?", kind="math"),
        {"prompt": "What is 3?", "id": "three", "mine": [1, None]},
    ]
    records = await solved(given, kind="math", in_order=True)
    assert [(each.index, each.id, each.answer) for each in records] == [
        (0, "problem/0", "1"),
        (1, "two", "2"),
        (2, "three", "3"),
    ]
    assert records[2].columns == given[2]
    assert all(each.result and each.error is None for each in records)


async def test_one_failure_sinks_none_of_the_others() -> None:
    problems: list[ProblemLike] = [*sums(3), {"nothing": 1}, "broken", *sums(6, start=3)]
    records = await solved(problems, kind="math", in_order=True)
    assert [each.error.kind if each.error else each.answer for each in records] == [
        *("0", "1", "2"),
        *("input", "unexpected"),
        *("3", "4", "5"),
    ]
    assert "no column 'prompt' among 'nothing'" in records[3].report.error.detail  # type: ignore[union-attr]


async def test_an_async_source_is_read_only_while_there_is_room() -> None:
    read: list[int] = []

    async def source() -> AsyncIterator[Mapping[str, Any]]:
        for problem in sums(1_000_000):
            read.append(problem["page"])
            yield problem
            await asyncio.sleep(0)

    async with aclosing(
        rg.solve_many(source(), model=model(), strategy="single", concurrency=2)
    ) as records:
        taken = [await anext(records) for _ in range(3)]
    assert len(taken) == 3
    assert len(read) <= 12


async def test_a_slow_problem_holds_back_a_bounded_number_in_order() -> None:
    slow, begun = asyncio.Event(), 0

    async def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        nonlocal begun
        begun += 1
        if "What is 0?" in messages[-1].text:
            await slow.wait()
        if begun == 8:
            slow.set()
        return counted(messages, sampling)

    patient = ScriptedChatModel(answer)
    records = await solved(sums(100), model=patient, in_order=True, concurrency=2)
    assert [each.index for each in records] == list(range(100))


def test_limits_hold_over_the_whole_batch() -> None:
    records = asyncio.run(solved(sums(20), budget_calls=7, concurrency=3))
    answered = [each for each in records if each.error is None]
    assert len(answered) == 7
    assert all(each.error.kind == "budget" for each in records if each.error)


async def test_a_model_that_never_answers_ends_the_batch() -> None:
    def refuse(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        raise ConnectionError("nobody there")

    with pytest.raises(rg.ModelError, match="nobody there"):
        model = ScriptedChatModel(refuse, retry=RetryPolicy(attempts=1))
        await solved(sums(20), model=model, concurrency=1)


async def test_resuming_solves_what_is_missing_and_repeats_what_failed(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = await solved([*sums(2), "broken"], kind="math", out=out)
    assert len(first) == len(out.read_text().splitlines()) == 3
    asked = model()
    second = await solved(
        [*sums(2), "broken", *sums(4, start=2)], kind="math", out=out, resume=True, model=asked
    )
    assert [each.index for each in second if each.error is None] == [3, 4]
    assert len(asked.calls) == 3
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(line["refinegraph"]["index"] for line in lines) == [0, 1, 2, 3, 4]
    assert [line["page"] for line in lines if "page" in line] == [0, 1, 2, 3]


async def test_answers_of_an_interrupted_problem_are_not_paid_for_again(tmp_path: Path) -> None:
    out, stuck, calls = tmp_path / "out.jsonl", asyncio.Event(), 0

    async def hang(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        nonlocal calls
        calls += 1
        if calls > 4:
            stuck.set()
            await asyncio.Event().wait()
        return counted(messages, sampling)

    more = {"strategy": "self-refine", "out": out, "concurrency": 1, "rounds": 2}
    task = asyncio.create_task(solved(sums(3), model=ScriptedChatModel(hang), **more))
    await stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    whole, again = model(), model()
    await solved(sums(3), model=whole, **{**more, "out": None})
    await solved(sums(3), model=again, resume=True, **more)
    assert len(again.calls) == len(whole.calls) - 4


async def test_what_an_interrupted_problem_cost_counts_for_the_limit(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    more = {"out": out, "concurrency": 1, "strategy": "self-refine", "rounds": 2}
    await solved(sums(3), budget_calls=4, **more)
    asked = model()
    await solved(sums(3), model=asked, budget_calls=4, resume=True, **more)
    assert not asked.calls


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"strategy": "best-of-n"}, r"other options \(strategy was 'single'"),
        ({"shard": "1/2"}, "without --shard, not with --shard 1/2"),
        (
            {"model": ScriptedChatModel(counted, name="other")},
            "with the models scripted, not other",
        ),
        ({"column": "mine"}, "with --column refinegraph, not with --column mine"),
    ],
)
async def test_an_output_is_never_mixed_with_another_batch(
    changed: dict[str, Any], says: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    await solved(sums(2), out=out)
    with pytest.raises(rg.InputError, match="go on with --resume"):
        await solved(sums(2), out=out)
    with pytest.raises(rg.InputError, match=says):
        await solved(sums(2), out=out, resume=True, **changed)


async def test_a_problem_that_changed_since_it_was_answered_is_noticed(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    await solved(sums(3), out=out)
    with pytest.raises(rg.InputError, match="'problem/0' at position 0 of the input is not"):
        await solved(sums(3, start=1), out=out, resume=True)


async def test_a_torn_line_is_written_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    await solved(sums(3), out=out)
    whole = out.read_bytes()
    out.write_bytes(whole[:-20])
    assert len(await solved(sums(3), out=out, resume=True)) == 1
    assert sorted(out.read_bytes().splitlines()) == sorted(whole.splitlines())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text().filter(
            lambda name: (
                name
                not in (
                    "prompt",
                    "refinegraph",
                    "id",
                    "kind",
                    "task_id",
                    "question_id",
                    "problem_id",
                    "unique_id",
                    "ID",
                    "tests",
                    "entry_point",
                    "preamble",
                )
            )
        ),
        JSON,
        max_size=4,
    )
)
def test_columns_are_returned_unchanged(columns: dict[str, Any]) -> None:
    (record,) = asyncio.run(solved([{"prompt": "What is 1?", "kind": "math", **columns}]))
    line = json.loads(record.line().encode())
    assert line.pop("refinegraph")["answer"] == "1"
    assert line == {"prompt": "What is 1?", "kind": "math", **columns}


@given(st.integers(1, 20), st.integers(0, 200))
def test_shards_share_all_positions_without_overlap(count: int, total: int) -> None:
    shards = [Shard(number, count) for number in range(1, count + 1)]
    held = [[at for at in range(total) if shard.holds(at)] for shard in shards]
    assert sorted(chain(*held)) == list(range(total))
    assert [len(each) for each in held] == [shard.share_of(total) for shard in shards]


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "1/0", "-1/3", "a/b", "1/2/3"])
def test_invalid_shards_are_refused(text: str) -> None:
    with pytest.raises(rg.InputError, match="shard"):
        Shard.read(text)


async def test_what_yields_no_problems_is_refused() -> None:
    with pytest.raises(rg.InputError, match="problems='one' is not an iterable of problems"):
        rg.solve_many("one")

    def numbers() -> Iterator[Any]:
        yield 1

    with pytest.raises(rg.InputError, match="problem 0 is 1; expected text, a Problem"):
        await solved(numbers())
