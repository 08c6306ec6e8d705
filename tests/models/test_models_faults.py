"""A request has the same result with both clients, streamed or not, alone or in parallel."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from misbehaving_server import (
    CLIENTS,
    Behaviour,
    MisbehavingServer,
    Reply,
    answer,
    either,
    error,
    streamed,
)

from refinegraph.agents.models import RetryPolicy, charging, generate, run_scope
from refinegraph.agents.models.resolve import Client
from refinegraph.errors import ModelError

PROMPT = [HumanMessage("Write add(a, b).")]
GOOD = "def add(a, b):\n    return a + b\n"
STREAM = streamed(GOOD[:12], GOOD[12:])
PAGE = "<!doctype html><html><body>login please</body></html>"
JSON = "application/json"

pytestmark = [
    pytest.mark.filterwarnings(r"ignore:Accessing the 'model_(computed_)?fields'"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
]


def body(**changes: Any) -> Reply:
    """Return a good answer with some fields replaced."""
    return Reply(body=json.dumps({**json.loads(answer(GOOD).body), **changes}))


def content(value: Any, finish: str = "stop", **more: Any) -> Reply:
    message = {"role": "assistant", "content": value, **more}
    return body(choices=[{"index": 0, "message": message, "finish_reason": finish}])


def usage(prompt: Any, written: Any) -> Reply:
    return body(usage={"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": 1})


def unsized(reply: Reply, **changes: Any) -> Reply:
    """Send until the connection closes, as streaming servers do."""
    return reply._replace(sized=False, **changes)


def counting(reply: Reply) -> Reply:
    """Add the number of tokens so far to every chunk of a stream."""
    usage = '"usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}, "object"'
    return reply._replace(body=reply.body.replace('"object"', usage))


def slow_down(retry_after: str) -> Reply:
    return error(429, "slow down", ("retry-after", retry_after))


HALF = Reply(body=answer(GOOD).body[:90])
BEGUN = streamed(GOOD[:12], finish=None, usage=None, after="")

ANSWERED: dict[str, Behaviour] = {
    "good": either(answer(GOOD), STREAM),
    "never streams": answer(GOOD),
    "plain text": answer(GOOD)._replace(content_type="text/plain"),
    "byte order mark": Reply(body="\ufeff" + answer(GOOD).body),
    "repeated choices": answer(GOOD, GOOD, GOOD, GOOD),
    "more choices": answer(*[GOOD] * 9),
    "no usage": answer(GOOD, usage=None),
    "negative usage": usage(-5, -7),
    "usage of nulls": usage(None, None),
    "huge usage": usage(10**30, 10**30),
    "comments in the stream": either(
        answer(GOOD), STREAM._replace(body=": ping\n\n" + STREAM.body)
    ),
    "no end mark": either(answer(GOOD), streamed(GOOD, after="")),
    "no finish reason": either(answer(GOOD), streamed(GOOD, finish=None, usage=None)),
    "stream without usage": either(answer(GOOD), streamed(GOOD, usage=None)),
    "streams cut once they begin": either(answer(GOOD), unsized(BEGUN)),
    "compressed": either(answer(GOOD)._replace(packed=True), STREAM),
    "slow": either(answer(GOOD)._replace(hang=0.2), STREAM._replace(hang=0.2)),
    "usage in every piece": either(answer(GOOD), counting(STREAM)),
    "pieces without choices": either(
        answer(GOOD), STREAM._replace(body='data: {"id": "1", "choices": []}\n\n' + STREAM.body)
    ),
    "carriage returns": either(
        answer(GOOD), STREAM._replace(body=STREAM.body.replace("\n", "\r\n"))
    ),
    "names of events": either(
        answer(GOOD), STREAM._replace(body="event: message\nid: 7\n" + STREAM.body)
    ),
    "ends for length": either(content(GOOD, "length"), streamed(GOOD, finish="length")),
}
"""Servers whose answers are valid, however they are sent."""


@dataclass(frozen=True)
class Fault:
    says: str
    plain: Reply
    stream: Reply | None = None
    """Failures of streams; they have the same result as others if there is no stream."""

    @property
    def is_quoted_alike(self) -> bool:
        """Whether the quotation in the error is the same for all clients."""
        unread = self.plain.status < 300 and self.says not in (BROKEN_OFF, "connect")
        return self.stream is None and not unread


NO_COMPLETION = "returned something that is not a chat completion"
BROKEN_OFF = "closed the connection"

FAULTS: dict[str, Fault] = {
    "half JSON": Fault(NO_COMPLETION, HALF),
    "page": Fault("returned a web page", Reply(body=PAGE, content_type="text/html")),
    "page as JSON": Fault("returned a web page", Reply(body=PAGE)),
    "error body": Fault(
        "model overloaded", Reply(body='{"error": {"message": "model overloaded", "code": 503}}')
    ),
    "error text": Fault("refused the request", Reply(body='{"error": "model not loaded"}')),
    "choices null": Fault(NO_COMPLETION, Reply(body='{"id": "x", "choices": null}')),
    "number as content": Fault(NO_COMPLETION, content(42)),
    "list as content": Fault(NO_COMPLETION, content([{"type": "text", "text": GOOD}])),
    "broken usage": Fault(NO_COMPLETION, usage(5.5, "7")),
    "NaN": Fault(
        NO_COMPLETION, Reply(body=answer(GOOD).body.replace('"created": 1', '"created": NaN'))
    ),
    "other encoding": Fault(
        NO_COMPLETION,
        Reply(
            body=answer("caf\u00e9").body.replace("\\u00e9", "\u00e9"),
            content_type=f"{JSON}; charset=latin-1",
        ),
    ),
    "nothing": Fault(NO_COMPLETION, Reply(status=204)),
    "list": Fault(NO_COMPLETION, Reply(body="[1, 2]")),
    "no HTTP": Fault(BROKEN_OFF, Reply(raw=b"\x00\x01 not http at all\r\n\r\n")),
    "short body": Fault(BROKEN_OFF, HALF._replace(cut_off=True)),
    "reset in the body": Fault(BROKEN_OFF, HALF._replace(cut_off=True, reset=True)),
    "reset at once": Fault("connect", Reply(reset=True)),
    "closed at once": Fault(BROKEN_OFF, Reply(cut_off=True)),
    "silence": Fault("did not answer in time", answer(GOOD)._replace(delay=9)),
    "silence in the body": Fault(
        "did not answer in time", answer(GOOD)._replace(hang=9), STREAM._replace(hang=9)
    ),
    "comments without end": Fault(
        "did not answer in time",
        answer(GOOD)._replace(delay=9),
        unsized(STREAM, body=": ping\n\n", repeats=True),
    ),
    "stream without end": Fault(
        "did not answer in time",
        answer(GOOD)._replace(delay=9),
        unsized(streamed(*GOOD, finish=None, usage=None, after=""), repeats=True),
    ),
    "stream unasked": Fault(NO_COMPLETION, STREAM, HALF),
    "broken compression": Fault(
        NO_COMPLETION, answer(GOOD)._replace(headers=(("content-encoding", "gzip"),))
    ),
    "redirects": Fault(
        "the address is wrong", Reply(307, headers=(("location", "/v1/chat/completions"),))
    ),
    "rate limit": Fault("limiting the rate of requests (tried once)", slow_down("999999999")),
    "rate limit until 9999": Fault("(tried once)", slow_down("Wed, 21 Oct 9999 07:28:00 GMT")),
    "400": Fault("refused the request", error(400, "odd")),
    "401": Fault(
        "check OPENAI_API_KEY: status 401: bad key", error(401, "bad key sk-1234567890abcdef")
    ),
    "402": Fault("no credit or quota left", error(402, "payment required")),
    "404": Fault("does not exist there", error(404, "no model m")),
    "418": Fault("refused the request", Reply(418, "teapot", "text/plain")),
    "500": Fault("failed with a server error", error(500, "oops")),
    "501": Fault("refused the request", error(501, "cannot do that")),
    "529": Fault("failed with a server error", error(529, "overloaded")),
    "too long": Fault(
        "cannot take a prompt this long", error(400, "maximum context length is 4096")
    ),
    "cut in the middle": Fault(BROKEN_OFF, HALF._replace(cut_off=True), unsized(BEGUN)),
    "cut in the middle, sized": Fault(
        BROKEN_OFF, HALF._replace(cut_off=True), BEGUN._replace(cut_off=True)
    ),
    "reset in the middle": Fault(
        BROKEN_OFF, HALF._replace(cut_off=True), unsized(BEGUN, reset=True)
    ),
    "broken piece": Fault(
        NO_COMPLETION,
        HALF,
        BEGUN._replace(body=BEGUN.body + "data: {bad\n\ndata: [DONE]\n\n"),
    ),
    "error in the middle": Fault(
        "failed with a server error",
        error(500, "gpu fell over"),
        BEGUN._replace(
            body=BEGUN.body + 'data: {"error": {"message": "gpu fell over", "code": 500}}\n\n'
        ),
    ),
}
"""Servers that return nothing usable."""

EMPTY: dict[str, Behaviour] = {
    "no choices": answer(),
    "null content": answer(None),
    "a tool call": content(None, "tool_calls", tool_calls=[]),
    "empty stream": either(answer(""), streamed("")),
}


async def ask(
    behaviour: Behaviour, *, n: int, streams: bool, silent: bool = False, client: Client = "direct"
) -> list[str] | str:
    """Return the texts, or the error without parts that differ between servers.

    A silent server is tried once, with the shortest timeout that a busy machine allows.
    """
    with MisbehavingServer(behaviour) as server, charging() as account:
        once = RetryPolicy(attempts=1)
        model = server.model(client=client)
        if silent:
            model = server.model(client=client, timeout=1.0, retry=once)
        with run_scope(streams=streams):
            try:
                made = await generate(model, PROMPT, n=n)
            except ModelError as raised:
                return f"{type(raised).__name__}: {str(raised).replace(server.api_base, 'URL')}"
    assert account.usage == made.usage
    assert made.usage.prompt_tokens < 1_000 * len(server.requests)
    assert min(made.usage.prompt_tokens, made.usage.completion_tokens) > 0
    return [choice.text for choice in made.choices]


MODES = [(1, False), (1, True), (3, False), (3, True)]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("n", "streams"), MODES)
@pytest.mark.parametrize("name", ANSWERED)
async def test_an_answer_counts_however_it_is_sent(
    name: str, n: int, streams: bool, client: Client
) -> None:
    told = await ask(ANSWERED[name], n=n, streams=streams, client=client)
    assert told == [GOOD] * n or told == [GOOD.rstrip()] * n


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", EMPTY)
async def test_an_answer_without_text_is_the_same_everywhere(name: str, client: Client) -> None:
    told = [
        await ask(EMPTY[name], n=1, streams=streams, client=client) for streams in (False, True)
    ]
    assert told == [[""], [""]]


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_has_the_same_message_in_every_mode(name: str) -> None:
    fault = FAULTS[name]
    behaviour = fault.plain if fault.stream is None else either(fault.plain, fault.stream)
    silent = fault.says == "did not answer in time"
    told = await asyncio.gather(
        *(
            ask(behaviour, n=n, streams=streams, silent=silent, client=client)
            for n, streams in MODES
            for client in CLIENTS
        )
    )
    assert len({_words(sentence, fault) for sentence in told}) == 1, told
    for sentence in told:
        assert isinstance(sentence, str)
        assert fault.says in sentence
        assert "Traceback" not in sentence
        assert ".." not in sentence
        assert "\n" not in sentence


def _words(told: list[str] | str, fault: Fault) -> str:
    """Return the error without its quotation if the clients quote different parts.

    litellm does not always quote an invalid answer, and of a stream it quotes more.
    """
    assert isinstance(told, str), told
    sentence = re.sub(r"received \d+ of \d+ bytes", "received", told)
    return sentence if fault.is_quoted_alike else sentence.split(": ", 2)[1]


PASSING = ["-5", "nan", "Wed, 21 Oct 2015 07:28:00 GMT", "soon, 99 Foo 99999 aa"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("retry_after", PASSING)
async def test_an_odd_retry_after_is_no_reason_to_wait(
    retry_after: str, streams: bool, client: Client
) -> None:
    replies = iter([slow_down(retry_after)] * 2)

    def reply(request: dict[str, Any]) -> Reply:
        return next(replies, STREAM if request.get("stream") else answer(GOOD))

    assert await ask(reply, n=1, streams=streams, client=client) == [GOOD]
