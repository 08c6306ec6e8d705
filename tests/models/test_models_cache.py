"""The cache of model answers: samples differ, replays are the same, damage is harmless."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

import refinegraph as rg
from refinegraph.agents.models import (
    CallCache,
    Generations,
    LiteLLMChatModel,
    Sampling,
    ScriptedChatModel,
    generate,
    run_scope,
)
from refinegraph.agents.models.call_cache import request_key
from refinegraph.errors import InputError, ModelError

PROMPT = [HumanMessage("Count.")]


async def ask(model: ScriptedChatModel, cache: CallCache, *, n: int = 1) -> Generations:
    with run_scope(cache=cache):
        return await generate(model, PROMPT, n=n)


def texts(generations: Generations) -> list[str]:
    return [choice.text for choice in generations.choices]


async def test_a_second_run_makes_no_call_and_costs_the_same(tmp_path: Path) -> None:
    with closing(CallCache(tmp_path / "calls.sqlite")) as cache:
        first = await ask(ScriptedChatModel(["one", "two"]), cache, n=2)
        again = await ask(ScriptedChatModel([]), cache, n=2)
    assert texts(first) == texts(again) == ["one", "two"]
    assert first.usage == again.usage


async def test_samples_of_one_run_differ(tmp_path: Path) -> None:
    model = ScriptedChatModel(["one", "two", "three"])
    with closing(CallCache(tmp_path / "calls.sqlite")) as cache:
        with run_scope(cache=cache):
            found = [texts(await generate(model, PROMPT, n=n)) for n in (1, 2)]
        with run_scope(cache=cache):
            again = texts(await generate(ScriptedChatModel([]), PROMPT, n=3))
    assert found == [["one"], ["two", "three"]]
    assert again == ["one", "two", "three"]


async def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    model = ScriptedChatModel(["two", "three"])
    with closing(CallCache(tmp_path / "calls.sqlite")) as cache:
        await ask(ScriptedChatModel(["one"]), cache)
        assert texts(await ask(model, cache, n=3)) == ["one", "two", "three"]
    assert [call.n for call in model.calls] == [2]


async def test_a_replay_never_calls_and_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    with closing(CallCache(path)) as cache:
        await ask(ScriptedChatModel(["one"]), cache)
    model = ScriptedChatModel(["other"], cycle=True)
    with closing(CallCache(path, replay=True)) as cache:
        assert texts(await ask(model, cache)) == ["one"]
        with pytest.raises(ModelError, match="differ from the recorded run"):
            await ask(model, cache, n=2)
    assert not model.calls


def test_a_whole_run_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    words = ["def f(x): return -x", "VERDICT: wrong\nCHANGE: no minus", "def f(x): return x"]
    problem = {"tests": "assert f(1) == 1", "strategy": "self-refine"}
    with closing(CallCache(path)) as cache:
        first = rg.solve("Write f(x).", model=ScriptedChatModel(words), cache=cache, **problem)
    with closing(CallCache(path, replay=True)) as cache:
        again = rg.solve("Write f(x).", model=ScriptedChatModel([]), cache=cache, **problem)
    same = {"wall_seconds": 0.0}
    assert first.usage.model_copy(update=same) == again.usage.model_copy(update=same)
    assert (first.answer, first.solved) == (again.answer, again.solved) == (words[2], True)


async def test_two_processes_may_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    with closing(CallCache(path)) as one, closing(CallCache(path)) as other:
        await asyncio.gather(
            ask(ScriptedChatModel(["a"]), one), ask(ScriptedChatModel(["b"]), other)
        )
        assert texts(await ask(ScriptedChatModel([]), one)) in (["a"], ["b"])


def test_keys_are_no_part_of_what_is_kept() -> None:
    def key(secret: str, base: str) -> str:
        model = LiteLLMChatModel(model="openai/x", api_base=base, api_key=secret)
        return request_key(model.endpoint, PROMPT, Sampling())

    plain = key("one", "http://host/v1")
    assert plain == key("two", "http://user:secret@host/v1")
    assert plain != key("one", "http://other/v1")


def test_files_that_are_no_cache_are_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary " * 200)
    with pytest.raises(InputError, match="cannot be used"):
        CallCache(file)
    assert file.read_text().startswith("dear diary")
    newer = tmp_path / "newer.sqlite"
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(InputError, match="version 99"):
        CallCache(newer)
    with pytest.raises(InputError, match="record one with --cache"):
        CallCache(tmp_path / "none.sqlite", replay=True)


async def test_a_cache_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    with closing(CallCache(path, most_bytes=1)) as cache:
        await ask(ScriptedChatModel(["x" * 1000] * 40), cache, n=40)
        before = cache.state().answers
    with closing(CallCache(path)) as cache:
        assert cache.state().answers < before
        assert cache.clear() < before
        assert cache.state().answers == 0
