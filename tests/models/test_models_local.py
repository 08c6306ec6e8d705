"""Local models: invalid files, log-probabilities, several samples, and cancellation."""

import asyncio
import struct
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from refinegraph.agents.models import Sampling, generate, resolve_model, run_scope
from refinegraph.agents.models.providers.gguf import read_gguf_header
from refinegraph.agents.models.providers.local_chat import WEIGHTS
from refinegraph.errors import ContextTooLong, SettingError

pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")

PROMPT = [HumanMessage("Write f(x) for a list of integers. Reverse the list.\nProgram:")]


def gguf(*entries: bytes, version: int = 3, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return b"GGUF" + struct.pack("<IQQ", version, 0, number) + b"".join(entries)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


NAME = text("general.name") + struct.pack("<I", 8) + text("tiny")
CONTEXT = text("llama.context_length") + struct.pack("<II", 4, 512)
TAGS = text("general.tags") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")


def test_header_is_read_past_lists(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(gguf(NAME, TAGS, CONTEXT))
    assert read_gguf_header(file) == ("tiny", 512, file.stat().st_size, "")


class Case(BaseModel):
    name: str
    content: bytes
    says: str


BROKEN = [
    Case(name="other format", content=b"PK\x03\x04" + bytes(40), says="is not a GGUF file"),
    Case(name="empty", content=b"", says="is not a GGUF file"),
    Case(name="cut off", content=gguf(NAME[:-2]), says="damaged"),
    Case(name="ends early", content=gguf(NAME, count=2), says="damaged"),
    Case(name="unknown version", content=gguf(NAME, version=9), says="damaged"),
    Case(name="unknown type", content=gguf(text("a") + b"\xff\0\0\0"), says="damaged"),
    Case(name="header alone", content=gguf(NAME, CONTEXT), says="cannot load the model file"),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
async def test_broken_files_get_one_sentence(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(case.content)
    with pytest.raises(SettingError, match=case.says):
        await generate(resolve_model(f"local/{file}"), PROMPT)


async def test_a_copied_file_answers_like_the_embedded_model(tmp_path: Path) -> None:
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(WEIGHTS.read_bytes())
    greedy = Sampling(temperature=0.0)
    own = await generate(resolve_model("embedded"), PROMPT, sampling=greedy)
    other = await generate(resolve_model(f"local/{copy}"), PROMPT, sampling=greedy)
    assert own.choices[0].text == other.choices[0].text != ""


async def test_samples_differ_and_are_counted_exactly() -> None:
    sampling = Sampling(temperature=3.0, logprobs=3, seed=1, max_tokens=60)
    generations = await generate(resolve_model("embedded"), PROMPT, n=20, sampling=sampling)
    assert len(generations.choices) == 20
    assert len({choice.text for choice in generations.choices}) == 20
    written = sum(choice.tokens for choice in generations.choices)
    assert written == generations.usage.completion_tokens
    assert generations.usage.priced_usd == generations.usage.unpriced_calls == 0


async def test_log_probabilities_are_those_of_the_tokens_written() -> None:
    sampling = Sampling(temperature=0.0, logprobs=5, max_tokens=40)
    [choice] = (await generate(resolve_model("embedded"), PROMPT, sampling=sampling)).choices
    assert choice.logprobs
    assert "".join(token.token for token in choice.logprobs).strip() == choice.text.strip()
    for token in choice.logprobs:
        assert token.logprob <= 0
        assert token.logprob == pytest.approx(max(top.logprob for top in token.top))


async def test_same_seed_gives_the_same_samples() -> None:
    model, sampling = resolve_model("embedded"), Sampling(temperature=1.0, seed=7)
    first, second = [await generate(model, PROMPT, n=4, sampling=sampling) for _ in range(2)]
    assert [choice.text for choice in first.choices] == [choice.text for choice in second.choices]


async def test_stop_texts_and_limits_end_an_answer() -> None:
    model = resolve_model("embedded")
    stopped = await generate(model, PROMPT, sampling=Sampling(temperature=0.0, stop=("return",)))
    short = await generate(model, PROMPT, sampling=Sampling(temperature=0.0, max_tokens=3))
    assert "return" not in stopped.choices[0].text
    assert short.choices[0].finish_reason == "length"
    assert short.usage.completion_tokens == 3


async def test_too_long_a_prompt_says_how_long_it_may_be() -> None:
    with pytest.raises(ContextTooLong, match="has a context of 1536 tokens"):
        await generate(resolve_model("embedded"), [HumanMessage("one " * 3000)])


async def test_a_cancelled_request_stops_writing() -> None:
    model = resolve_model("embedded")
    endless = Sampling(temperature=3.0, max_tokens=900)
    writing = [asyncio.ensure_future(generate(model, PROMPT, n=8, sampling=endless))]
    await asyncio.sleep(0.05)
    writing[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing[0]
    after = await generate(model, PROMPT, n=8, sampling=Sampling(max_tokens=2))
    assert len(after.choices) == 8


async def test_an_answer_is_streamed_token_by_token() -> None:
    model = resolve_model("embedded")
    pieces = [piece.text async for piece in model.astream(PROMPT, temperature=0.0)]
    [whole] = (await generate(model, PROMPT, sampling=Sampling(temperature=0.0))).choices
    assert len(pieces) > 5
    assert "".join(pieces).strip() == whole.text.strip()


async def test_many_requests_share_one_engine() -> None:
    model = resolve_model("embedded")
    asked = [generate(model, PROMPT, n=2, sampling=Sampling(max_tokens=8)) for _ in range(40)]
    assert all(len(answer.choices) == 2 for answer in await asyncio.gather(*asked))


def test_works_from_several_event_loops() -> None:
    sampling = Sampling(max_tokens=2)
    for _ in range(3):
        found = asyncio.run(generate(resolve_model("embedded"), PROMPT, sampling=sampling))
        assert found.usage.completion_tokens > 0


async def test_waves_of_one_run_bring_other_samples() -> None:
    model, sampling = resolve_model("embedded"), Sampling(temperature=3.0, seed=7, max_tokens=40)
    # At this temperature the last bits decide, and those of a prompt that is read for the first
    # time differ from those of one that is read from the cache.
    with run_scope():
        await generate(model, PROMPT, n=6, sampling=sampling)
    with run_scope():
        waves = [await generate(model, PROMPT, n=6, sampling=sampling) for _ in range(2)]
    with run_scope():
        again = await generate(model, PROMPT, n=6, sampling=sampling)
    texts = [[choice.text for choice in wave.choices] for wave in (*waves, again)]
    assert not set(texts[0]) & set(texts[1])
    assert texts[0] == texts[2]


async def test_a_header_at_the_end_is_continued() -> None:
    prompt = [HumanMessage("Reverse the list.\nProgram:\ndef turned_round(values):")]
    [choice] = (await generate(resolve_model("embedded"), prompt)).choices
    assert choice.text.startswith("def turned_round(values):\n")


async def test_what_a_prompt_shares_with_another_is_not_read_again() -> None:
    model, once = resolve_model("embedded"), Sampling(max_tokens=1)
    first = "Write f(x) for a list of integers. " * 8
    await generate(model, [HumanMessage(first)], sampling=once)
    again = (await generate(model, [HumanMessage(f"{first} Sort it.")], sampling=once)).usage
    assert 0 < again.prompt_tokens / 2 < again.cached_tokens < again.prompt_tokens


async def test_samples_of_one_request_count_their_prompt_once() -> None:
    model, once = resolve_model("embedded"), Sampling(max_tokens=1)
    prompt = [HumanMessage("Write g(x) that counts the words of a text, and then the letters.")]
    several = (await generate(model, prompt, n=8, sampling=once)).usage
    one = (await generate(model, prompt, sampling=once)).usage
    assert several.prompt_tokens == one.prompt_tokens
    assert several.cached_tokens < one.cached_tokens == one.prompt_tokens - 1
