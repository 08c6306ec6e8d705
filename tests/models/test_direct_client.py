"""The direct client: connections, proxies, certificates, sizes and prices."""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from misbehaving_server import QUICK, MisbehavingServer, Reply, answer, error, streamed

from refinegraph.agents.models import (
    DirectChatModel,
    LiteLLMChatModel,
    RetryPolicy,
    allow_real_calls,
    generate,
    resolve_model,
    run_scope,
)
from refinegraph.agents.models.providers.listed_prices import listed_price
from refinegraph.agents.models.providers.litellm_prices import price_of
from refinegraph.agents.models.providers.openai_stream import WholeBody, event_data
from refinegraph.errors import ModelError, ModelRequestRefused, SettingError

PROMPT = [HumanMessage("Hi.")]
ONCE = RetryPolicy(attempts=1)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("streams", [False, True])
async def test_a_cancelled_call_closes_its_connection(streams: bool) -> None:
    asked, closed = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if streams:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: ")
        asked.set()
        while await reader.read(4096):
            pass
        closed.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        model = resolve_model("openai/m", api_base=f"http://127.0.0.1:{port}/v1")
        with run_scope(streams=streams):
            call = asyncio.create_task(generate(model, PROMPT))
            await asked.wait()
        call.cancel()
        await asyncio.wait_for(closed.wait(), 30)
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_calls_share_connections() -> None:
    with MisbehavingServer(answer("x")) as server:
        model = server.model()
        for _ in range(5):
            await generate(model, PROMPT)
        assert server.connections == 1


async def test_an_answer_that_never_ends_is_given_up() -> None:
    reply = Reply(body='"' + "x" * 2**20, sized=False, repeats=True)
    too_long = pytest.raises(ModelError, match="an answer of more than 64 MB")
    with MisbehavingServer(reply) as server, too_long:
        await generate(server.model(retry=ONCE), PROMPT)


async def test_a_redirect_to_another_server_does_not_take_the_key_along() -> None:
    with MisbehavingServer(answer("x")) as other:
        elsewhere = ("location", f"{other.api_base}/chat/completions")
        with MisbehavingServer(Reply(307, headers=(elsewhere,))) as server:
            await generate(server.model(), PROMPT)
    assert server.authorizations == ["Bearer sk-test-key"]
    assert other.authorizations == [""]
    assert other.requests == server.requests


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MisbehavingServer(answer("x")) as proxy:
        monkeypatch.setenv(variable, proxy.api_base.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "example.org")
        model = resolve_model("openai/m", api_base="http://127.0.0.1:9/v1", retry=QUICK)
        await generate(model, PROMPT)
    assert proxy.paths == ["http://127.0.0.1:9/v1/chat/completions"]


async def test_no_proxy_is_used_where_the_environment_excepts_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with MisbehavingServer(answer("x")) as server:
        found = await generate(server.model(), PROMPT)
    assert found.choices[0].text == "x"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Create a certificate for the loopback address, in one file with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", file),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + key.read_text())
    return file


def test_a_certificate_is_checked_and_one_of_your_own_can_be_named(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with MisbehavingServer(answer("x"), tls=tls) as server:
        base = server.api_base.replace("http:", "https:")
        model = resolve_model("openai/m", api_base=base, retry=QUICK)
        with allow_real_calls(base):
            with pytest.raises(ModelRequestRefused, match="check its certificate"):
                asyncio.run(generate(model, PROMPT))
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            made = asyncio.run(generate(model, PROMPT))
    assert made.choices[0].text == "x"


async def test_credentials_of_an_address_are_sent_in_place_of_a_key() -> None:
    with MisbehavingServer(answer("x")) as server:
        base = server.api_base.replace("//", "//me:hush@")
        with allow_real_calls(base):
            await generate(resolve_model("openai/m", api_base=base), PROMPT)
    assert server.authorizations == ["Basic bWU6aHVzaA=="]


CACHED: dict[str, dict[str, Any]] = {
    "OpenAI and vLLM": {"usage": {"prompt_tokens_details": {"cached_tokens": 7}}},
    "DeepSeek": {"usage": {"prompt_cache_hit_tokens": 7}},
    "llama.cpp": {"timings": {"cache_n": 7}},
}


@pytest.mark.parametrize("form", CACHED)
@pytest.mark.parametrize("streams", [False, True])
async def test_cached_tokens_are_counted(form: str, streams: bool) -> None:
    counted = {"prompt_tokens": 10, "completion_tokens": 4, **CACHED[form].get("usage", {})}
    said = {**CACHED[form], "usage": counted}
    plain = Reply(body=json.dumps({**json.loads(answer("x").body), **said}))
    chunk = json.dumps({"choices": [], **said})
    stream = streamed("x", usage=None, after=f"data: {chunk}\n\ndata: [DONE]\n\n")
    with MisbehavingServer(stream if streams else plain) as server, run_scope(streams=streams):
        made = await generate(server.model(), PROMPT)
    assert (made.usage.prompt_tokens, made.usage.cached_tokens) == (10, 7)
    assert made.usage.completion_tokens == 4


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("streams", [False, True])
async def test_reasoning_is_kept_apart(name: str, streams: bool) -> None:
    message = {"role": "assistant", "content": "4", name: "two and two"}
    choice = {"index": 0, "finish_reason": "stop"}
    plain = Reply(body=json.dumps({"choices": [{**choice, "message": message}]}))
    body = "data: " + json.dumps({"choices": [{**choice, "delta": message}]}) + "\n\n"
    stream = Reply(body=body, content_type="text/event-stream")
    with MisbehavingServer(stream if streams else plain) as server, run_scope(streams=streams):
        made = await generate(server.model(), PROMPT)
    assert (made.choices[0].text, made.choices[0].reasoning) == ("4", "two and two")


async def test_a_server_that_never_streams_is_asked_once() -> None:
    with MisbehavingServer(answer("x")) as server, run_scope(streams=True):
        made = await generate(server.model(), PROMPT)
    assert made.choices[0].text == "x"
    assert made.usage.llm_calls == len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"detail": "Not Found"}', "status 404: Not Found"),
        ('{"message": "no such route"}', "status 404: no such route"),
        ('{"error": "model \'m\' not found"}', "status 404: model 'm' not found"),
        ("nothing here", "status 404: nothing here"),
        ("", "status 404: Not Found"),
    ],
)
async def test_what_a_server_says_of_an_error_is_quoted(body: str, says: str) -> None:
    with MisbehavingServer(Reply(404, body)) as server, pytest.raises(ModelError) as raised:
        await generate(server.model(), PROMPT)
    assert str(raised.value).endswith(says)


async def test_openai_is_asked_under_the_name_that_all_its_models_take() -> None:
    with MisbehavingServer(error(400, "stop here")) as server:
        model = server.model()
        with pytest.raises(ModelError):
            await generate(model, PROMPT, max_tokens=5)
    assert server.requests[0]["max_tokens"] == 5


EVENTS = ["{}", '{"text": "caf\u00e9 \U0001f600"}', "[DONE]"]
STREAM = "".join(f": ping\r\n\r\nevent: x\ndata: {event}\n\n" for event in EVENTS).encode()


async def parts(body: bytes, cuts: Sequence[int]) -> AsyncGenerator[bytes]:
    places = [0, *sorted(cuts), len(body)]
    for start, end in pairwise(places):
        yield body[start:end]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_how_a_body_is_cut(cuts: list[int]) -> None:
    async def read() -> list[str]:
        return [data async for data in event_data(parts(STREAM, cuts))]

    assert asyncio.run(read()) == EVENTS


@given(st.sampled_from([b"{}", b" [1]", b"<html>", b"plain"]), st.lists(st.integers(0, 5)))
def test_a_body_that_is_no_stream_comes_back_whole(body: bytes, cuts: list[int]) -> None:
    async def read() -> None:
        async for _ in event_data(parts(body, [min(cut, len(body)) for cut in cuts])):
            raise AssertionError("no event was sent")

    with pytest.raises(WholeBody) as raised:
        asyncio.run(read())
    assert raised.value.body == body


LISTED = ["openai/gpt-4o", "gpt-4o-mini", "openai/o3", "hosted_vllm/gpt-4.1", "openai/gpt-5"]


@pytest.mark.parametrize("name", [*LISTED, "ollama/llama2", "openai/nobody-knows-me"])
@pytest.mark.parametrize("tokens", [(1000, 500, 0), (1000, 500, 900), (300_000, 9, 100)])
def test_prices_are_those_that_litellm_computes(name: str, tokens: tuple[int, int, int]) -> None:
    assert listed_price(name, *tokens) == pytest.approx(price_of(name, *tokens))


def test_auto_chooses_by_name_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    own = "http://127.0.0.1:8000/v1"
    chosen = {
        "openai/m": resolve_model("openai/m", api_base=own),
        "hosted_vllm/m": resolve_model("hosted_vllm/m", api_base=own),
        "ollama_chat/m": resolve_model("ollama_chat/m"),
    }
    assert {type(model) for model in chosen.values()} == {DirectChatModel}
    monkeypatch.setenv("OPENAI_BASE_URL", own)
    assert isinstance(resolve_model("openai/m"), DirectChatModel)
    for base in ("https://api.openai.com/v1", "https://eu.api.openai.com/v1"):
        model = resolve_model("openai/gpt-4o", api_base=base, api_key="sk-some-key")
        assert isinstance(model, LiteLLMChatModel)
    assert isinstance(resolve_model("openai/m", api_base=own, client="litellm"), LiteLLMChatModel)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("anthropic/claude-sonnet-4-5", "cannot serve the model 'anthropic/claude-sonnet-4-5'"),
        ("gpt-4o", "cannot serve the model 'gpt-4o'"),
        ("hosted_vllm/m", "the variable HOSTED_VLLM_API_BASE"),
        ("openai/gpt-4o", "set OPENAI_API_KEY"),
    ],
)
def test_what_the_direct_client_cannot_serve_is_refused(name: str, says: str) -> None:
    with pytest.raises(SettingError) as raised:
        resolve_model(name, client="direct")
    assert says in str(raised.value)
