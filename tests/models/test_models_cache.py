"""The cache of model answers: distinct samples, identical replays, harmless damage."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

import refinegraph as rg
from refinegraph.agents.models import (
    CallCache,
    Choice,
    Generations,
    Ledger,
    LiteLLMChatModel,
    Sampling,
    ScriptedChatModel,
    charging,
    generate,
    run_scope,
)
from refinegraph.agents.models.spending.call_cache import request_key
from refinegraph.errors import InputError, ModelError
from refinegraph.schema import RefinementResult, Usage

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

    def run(answers: list[str], cache: CallCache) -> RefinementResult:
        return rg.solve(
            "Write f(x).",
            tests="assert f(1) == 1",
            strategy="self-refine",
            model=ScriptedChatModel(answers),
            cache=cache,
        )

    with closing(CallCache(path)) as cache:
        first = run(words, cache)
    with closing(CallCache(path, replay=True)) as cache:
        again = run([], cache)
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
        model = LiteLLMChatModel(model="openai/x", api_base=base, api_key=SecretStr(secret))
        return request_key(model.endpoint, PROMPT, Sampling())

    plain = key("one", "http://host/v1")
    assert plain == key("two", "http://user:secret@host/v1")
    assert plain != key("one", "http://other/v1")


def test_files_that_are_no_cache_are_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary " * 200)
    with pytest.raises(InputError, match="cannot use the cache"):
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
    with closing(CallCache(path, max_bytes=1)) as cache:
        await ask(ScriptedChatModel(["x" * 1000] * 40), cache, n=40)
        before = cache.state().answers
    with closing(CallCache(path)) as cache:
        assert cache.state().answers < before
        assert cache.clear() < before
        assert cache.state().answers == 0


def damage(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def lock(path: Path) -> None:
    holder = sqlite3.connect(path, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    _HELD.append(holder)


_HELD: list[sqlite3.Connection] = []


@pytest.mark.parametrize("fail", [damage, lock, lambda path: shutil.rmtree(path.parent)])
async def test_a_cache_that_fails_while_in_use_is_done_without(
    fail: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "home" / "calls.sqlite"
    model = ScriptedChatModel("x" * 50_000, cycle=True)
    with closing(CallCache(path)) as cache:
        await ask(model, cache)
        fail(path)
        for number in range(3):
            with run_scope(cache=cache):
                await generate(model, [HumanMessage(f"Another {number}.")])
    while _HELD:
        _HELD.pop().close()
    assert len(model.calls) == 4
    assert len(caplog.records) <= 1


def test_a_locked_cache_is_done_without_from_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "calls.sqlite"
    CallCache(path).close()
    lock(path)
    with closing(CallCache(path)) as cache:
        assert cache.find("request", 0) is None
        with pytest.raises(InputError, match="continues without it"):
            cache.state()
    _HELD.pop().close()
    (record,) = caplog.records
    assert "is locked" in record.getMessage()


def test_a_full_disk_is_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A limit on file sizes simulates a full disk."""
    program = """
        import resource, signal, sys
        from pathlib import Path
        import refinegraph as rg
        from refinegraph.agents.models import CallCache, ScriptedChatModel
        cache = CallCache(Path(sys.argv[1]))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        model = ScriptedChatModel("def f(x):\\n    return x\\n" + "# x\\n" * 9_000, cycle=True)
        for number in range(3):
            made = rg.solve(f"{number}", tests="assert f(1) == 1", model=model, cache=cache)
        cache.close()
        print(len(made.candidates) > 0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "calls.sqlite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.strip() == "True", ended.stderr
    assert ended.stderr.count("cannot use the cache") == 1


def test_a_cache_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = tmp_path / "new" / "home" / "calls.sqlite"
        cache = CallCache(path)
    finally:
        os.umask(before)
    files = [*path.parent.iterdir(), path.parent, path.parent.parent]
    assert len(files) > 3
    cache.close()
    assert not any(file.stat().st_mode & 0o077 for file in files if file.exists())


async def test_what_a_cache_holds_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    model = ScriptedChatModel("x", cycle=True)
    with closing(CallCache(path)) as cache:
        await ask(model, cache)
    negative = """replace(answer, '"llm_calls":1', '"llm_calls":-9')"""
    changes = [negative, "x'00ff'", "7", "'{'"]
    for calls, change in enumerate(changes, 2):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f"UPDATE answers SET answer = {change}")
        with closing(CallCache(path)) as cache, run_scope(cache=cache), charging() as account:
            await generate(model, PROMPT)
        assert account.usage.llm_calls == 1
        assert len(model.calls) == calls


async def test_what_was_paid_for_answers_without_text_is_kept_too(tmp_path: Path) -> None:
    model = ScriptedChatModel(["", "one two three"], cycle=True, usd_per_token=0.01)
    sums: list[Usage] = []
    for _ in range(2):
        with closing(CallCache(tmp_path / "calls.sqlite")) as cache, run_scope(cache=cache):
            sums.append((await generate(model, PROMPT)).usage)
    assert sums[0] == sums[1]
    assert (sums[0].llm_calls, sums[0].retries) == (2, 1)


async def test_answers_that_a_budget_cut_short_are_not_kept(tmp_path: Path) -> None:
    async def write(messages: object, sampling: Sampling) -> Choice:
        cut = sampling.max_tokens is not None
        return Choice(text="half" if cut else "whole", finish_reason="length" if cut else "stop")

    model = ScriptedChatModel(write)
    with closing(CallCache(tmp_path / "calls.sqlite")) as cache:
        with run_scope(cache=cache, ledger=Ledger(tokens=60)):
            assert (await generate(model, PROMPT)).choices[0].text == "half"
        with run_scope(cache=cache):
            assert (await generate(model, PROMPT)).choices[0].text == "whole"
