"""Permanent errors are not retried."""

import asyncio
import os
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    GenericFakeChatModel,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.errors import GraphInterrupt  # pyright: ignore[reportMissingTypeStubs]
from misbehaving_server import CLIENTS, QUICK, MisbehavingServer, answer, error

import refinegraph as rg
from refinegraph.agents.models import (
    RetryPolicy,
    ScriptedChatModel,
    allow_real_calls,
    charging,
    generate,
    model_name,
    resolve_model,
)
from refinegraph.agents.models.resolve import Client
from refinegraph.errors import ModelError, ModelRequestRefused, SettingError

PROMPT = [HumanMessage("Hi.")]
RETRIED = {408, 409, 425, 429, *range(500, 600)} - {501, 505, 511}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("status", [*range(400, 432), 451, 499, *range(500, 512), 520, 529, 599])
async def test_every_status_is_either_passing_or_permanent(status: int, client: Client) -> None:
    with MisbehavingServer(error(status, "no")) as server, pytest.raises(ModelError) as raised:
        await generate(server.model(client=client), PROMPT)
    assert len(server.requests) == (3 if status in RETRIED else 1)
    assert isinstance(raised.value, ModelRequestRefused) == (status not in RETRIED)


def named(name: str, *bases: type[Exception], **fields: Any) -> Exception:
    made: type[Exception] = type(name, bases or (Exception,), fields)
    return made("it said so")


ONCE: dict[str, Exception] = {
    "AuthenticationError": named("AuthenticationError", status_code=401),
    "PermissionDeniedError": named("PermissionDeniedError", status_code=403),
    "NotFoundError": named("NotFoundError", status_code=404),
    "BadRequestError": named("BadRequestError", status_code=400),
    "UnsupportedParamsError": named("UnsupportedParamsError", status_code=400),
    "ContextWindowExceededError": named("ContextWindowExceededError", status_code=400),
    "ContentPolicyViolationError": named("ContentPolicyViolationError", status_code=400),
    "UnprocessableEntityError": named("UnprocessableEntityError", status_code=422),
    "InvalidURL": named("InvalidURL"),
    "UnsupportedProtocol": named("UnsupportedProtocol"),
    "TooManyRedirects": named("TooManyRedirects"),
    "certificate": ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] expired"),
    "no header": named("LocalProtocolError"),
}
ONCE["no header"].args = ("Illegal header value b'Bearer '",)
AGAIN: dict[str, Exception] = {
    "Timeout": named("Timeout", status_code=408),
    "RateLimitError": named("RateLimitError", status_code=429),
    "InternalServerError": named("InternalServerError", status_code=500),
    "ServiceUnavailableError": named("ServiceUnavailableError", status_code=503),
    "APIConnectionError": named("APIConnectionError", status_code=500),
    "ReadError": named("ReadError", named("TransportError").__class__),
    "JSONDecodeError": named("JSONDecodeError"),
    "ConnectionResetError": ConnectionResetError("reset"),
}


@pytest.mark.parametrize("name", [*ONCE, *AGAIN])
async def test_every_exception_is_either_passing_or_permanent(name: str) -> None:
    model = ScriptedChatModel([(ONCE | AGAIN)[name]], cycle=True, retry=QUICK)
    with pytest.raises(ModelError):
        await generate(model, PROMPT)
    assert len(model.calls) == (1 if name in ONCE else 3)


async def test_a_silent_server_is_given_up_after_a_while() -> None:
    impatient = RetryPolicy(attempts=9, initial_wait=0.01, give_up_after=1.5)
    silent = MisbehavingServer(answer("x")._replace(delay=5))
    with silent as server, pytest.raises(ModelError, match="tried 2 times"):
        await generate(server.model(timeout=1.0, retry=impatient), PROMPT)
    assert len(server.requests) == 2


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_reported_immediately(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(SettingError, match="OPENAI_API_KEY is set but empty"):
        resolve_model("openai/m")


def test_a_key_that_cannot_be_sent_is_reported_immediately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\u20ac-hush")
    with pytest.raises(SettingError, match="OPENAI_API_KEY") as raised:
        resolve_model("openai/m")
    assert "hush" not in str(raised.value)


async def test_blanks_around_a_key_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-test\n")
    with MisbehavingServer(answer("x")) as server:
        await generate(resolve_model("openai/m", api_base=server.api_base), PROMPT)
    assert server.authorizations == ["Bearer sk-test"]


class Foreign(SimpleChatModel):
    """A model of another package that raises."""

    error: Callable[[], BaseException]

    def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
        raise self.error()

    @property
    def _llm_type(self) -> str:
        return "foreign"


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("Unexpected response type"),
        KeyError("choices"),
        RuntimeError(""),
        TypeError("bad type"),
        ExceptionGroup("several", [OSError("disk is gone")]),
        NotImplementedError("no tools"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_whatever_a_foreign_model_raises_is_one_sentence(failure: Exception) -> None:
    with allow_real_calls(), pytest.raises(ModelError) as raised:
        await generate(Foreign(error=lambda: failure), PROMPT)
    assert str(raised.value).startswith("Model 'Foreign' ")
    assert (str(failure) or "RuntimeError") in str(raised.value)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, GraphInterrupt])
def test_what_steers_a_run_passes_through(failure: type[BaseException]) -> None:
    with allow_real_calls(), pytest.raises(failure):
        asyncio.run(generate(Foreign(error=failure), PROMPT))


class Waiting(Foreign):
    """A model of another package that never answers."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_cancelled_call_of_a_foreign_model_is_cancelled() -> None:
    with allow_real_calls():
        call = asyncio.create_task(generate(Waiting(error=ValueError), PROMPT))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


@pytest.mark.parametrize("strategy", ["best-of-n", "self-refine"])
def test_an_answer_that_was_paid_for_outlives_a_foreign_error(strategy: str) -> None:
    def answers() -> Any:
        yield AIMessage("def f(x):\n    return 0")
        yield AIMessage("def f(x):\n    return 1")
        raise ValueError("a web page")

    model = GenericFakeChatModel(messages=answers())
    result = rg.solve("Write f(x).", tests="assert f(3) == 7", model=model, strategy=strategy)
    assert result.answer is not None
    assert result.solved is False


async def test_what_langchain_makes_of_a_model_is_a_model() -> None:
    foreign = FakeListChatModel(responses=["a"])
    ours = ScriptedChatModel("b", cycle=True)
    for runnable, text in (
        (foreign.bind(temperature=0.3), "a"),
        (foreign.with_retry(), "a"),
        (ours.with_retry().bind(temperature=0.1), "b"),
        (ours.with_fallbacks([foreign]), "b"),
    ):
        model = resolve_model(runnable)
        with charging() as account:
            made = await generate(model, PROMPT, n=2)
        assert [choice.text for choice in made.choices] == [text] * 2
        assert account.usage == made.usage
        assert account.usage.llm_calls == 2
    assert model_name(resolve_model(ours.with_retry())) == "scripted"


async def test_a_runnable_that_returns_no_message_is_named_in_the_error() -> None:
    parsed = FakeListChatModel(responses=["a"]) | (lambda message: message.text)
    with allow_real_calls(), pytest.raises(ModelError, match="without an output parser"):
        await generate(resolve_model(parsed), PROMPT)


@pytest.mark.parametrize("model", [3, None, b"openai/m"])
def test_an_invalid_model_is_named_in_the_error(model: Any) -> None:
    with pytest.raises(SettingError, match="neither a model name nor a chat model"):
        resolve_model(model)


def test_threads_may_make_their_first_call_at_once() -> None:
    program = """
        import os, sys, threading
        from refinegraph.agents.models import resolve_model
        os.environ["OPENAI_API_KEY"] = "x"
        wrong = []
        def first():
            try:
                resolve_model("openai/gpt-4o")
            except BaseException as error:
                wrong.append(repr(error))
        threads = [threading.Thread(target=first) for _ in range(4)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        print(wrong, "LITELLM_MODE" in os.environ)
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ended.stdout.strip() == "[] False", ended.stderr
