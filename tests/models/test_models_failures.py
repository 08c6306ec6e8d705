"""Every failure of a server leads to a retry or to an error in one sentence."""

import socket
import time
from dataclasses import dataclass

import pytest
from langchain_core.messages import HumanMessage
from misbehaving_server import CLIENTS, QUICK, Behaviour, MisbehavingServer, Reply, answer, error

from refinegraph.agents.models import (
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    ModelEvent,
    RetryPolicy,
    generate,
    resolve_model,
    run_scope,
)
from refinegraph.agents.models.resolve import Client
from refinegraph.errors import (
    ContextTooLong,
    DeadlineExceeded,
    ModelError,
    ModelRequestRefused,
)

PROMPT = [HumanMessage("Hi.")]
pytestmark = pytest.mark.parametrize("client", CLIENTS)
PAGE = "<html><body>Welcome</body></html>"


@dataclass(frozen=True)
class Case:
    id: str
    behaviour: Behaviour
    error: type[ModelError]
    says: str
    attempts: int = 1


CASES = [
    Case("429", error(429, "slow down"), ModelError, "is limiting the rate", 3),
    Case("500", error(500, "boom"), ModelError, "failed with a server error (tried 3 times)", 3),
    Case("502 page", Reply(502, PAGE, "text/html"), ModelError, "status 502", 3),
    Case("closed", Reply(cut_off=True), ModelError, "closed the connection", 3),
    Case("half", Reply(body='{"id":', cut_off=True), ModelError, "closed the connection", 3),
    Case("stall", answer("x")._replace(delay=60), ModelError, "did not answer in time", 3),
    Case("wrong JSON", Reply(body="[1, 2]"), ModelError, "not a chat completion", 3),
    Case("cut JSON", Reply(body='{"id": "1", "cho'), ModelError, '{"id": "1", "cho', 3),
    Case("no choices field", Reply(body='{"ok": 1}'), ModelError, "not a chat completion", 3),
    Case(
        "page", Reply(body=PAGE, content_type="text/html"), ModelError, "a web page instead of JSON"
    ),
    Case("page as JSON", Reply(body=PAGE), ModelError, "Welcome"),
    Case("400", error(400, "odd"), ModelRequestRefused, "refused the request: status 400: odd"),
    Case("422", error(422, "odd"), ModelRequestRefused, "refused the request"),
    Case("401", error(401, "bad key"), ModelRequestRefused, "check OPENAI_API_KEY"),
    Case("403", error(403, "no access"), ModelRequestRefused, "check OPENAI_API_KEY"),
    Case("404", error(404, "no such model"), ModelRequestRefused, "does not exist there"),
    Case(
        "quota",
        error(429, "You exceeded your current quota", code="insufficient_quota"),
        ModelRequestRefused,
        "no credit or quota left",
    ),
    Case(
        "context",
        error(400, "maximum context length is 10 tokens", code="context_length_exceeded"),
        ContextTooLong,
        "cannot take a prompt this long",
    ),
    Case(
        "context, llama.cpp",
        error(400, "the request exceeds the available context size"),
        ContextTooLong,
        "cannot take a prompt this long",
    ),
    Case(
        "policy",
        error(400, "rejected by our safety system", code="content_policy_violation"),
        ModelRequestRefused,
        "under its content policy",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_failure_ends_in_one_sentence_after_the_right_attempts(
    case: Case, client: Client
) -> None:
    timeout = 0.5 if case.id == "stall" else 60.0
    with MisbehavingServer(case.behaviour) as server:
        with pytest.raises(ModelError) as raised:
            await generate(server.model(timeout=timeout, client=client), PROMPT)
        assert server.api_base in str(raised.value)
    assert type(raised.value) is case.error
    assert case.says in str(raised.value)
    assert "'openai/m'" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(server.requests) == case.attempts
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


async def test_a_server_that_is_down_is_asked_about(client: Client) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        model = resolve_model("openai/m", api_base=base, retry=QUICK, client=client)
        with pytest.raises(
            ModelError, match=rf"at {base} cannot be reached; is the server running\?"
        ):
            await generate(model, PROMPT)


async def test_transient_errors_are_retried_counted_and_reported(client: Client) -> None:
    events: list[ModelEvent] = []
    server = MisbehavingServer(error(500, "boom"), Reply(cut_off=True), answer("done"))
    with server, run_scope(on_event=events.append):
        generations = await generate(server.model(client=client), PROMPT)
    assert generations.choices[0].text == "done"
    assert (generations.usage.retries, generations.usage.llm_calls) == (2, 1)
    assert [type(event) for event in events] == [
        CallStarted,
        CallRetried,
        CallRetried,
        CallFinished,
    ]
    assert len({event.call for event in events}) == 1
    finished = events[-1]
    assert isinstance(finished, CallFinished)
    assert finished.usage == generations.usage


async def test_the_event_of_a_failed_call_counts_its_retries(client: Client) -> None:
    events: list[ModelEvent] = []
    server = MisbehavingServer(error(500, "boom"))
    with server, run_scope(on_event=events.append), pytest.raises(ModelError):
        await generate(server.model(client=client), PROMPT)
    failed = events[-1]
    assert isinstance(failed, CallFailed)
    assert failed.usage.retries == 2


async def test_retry_after_is_honoured(client: Client) -> None:
    slow = error(429, "slow down", ("Retry-After", "0.3"))
    started = time.monotonic()
    with MisbehavingServer(slow, answer("done")) as server:
        await generate(server.model(client=client), PROMPT)
    assert time.monotonic() - started >= 0.3


async def test_retry_after_beyond_patience_is_given_up_at_once(client: Client) -> None:
    slow = error(429, "come back tomorrow", ("Retry-After", "86400"))
    server = MisbehavingServer(slow, answer("done"))
    with server, pytest.raises(ModelError, match="tried once"):
        await generate(server.model(client=client), PROMPT)


async def test_the_deadline_cancels_a_call_in_flight(client: Client) -> None:
    started = time.monotonic()
    server = MisbehavingServer(answer("late")._replace(delay=60))
    with server, run_scope(deadline=started + 0.2), pytest.raises(DeadlineExceeded):
        await generate(server.model(timeout=60, client=client), PROMPT)
    assert time.monotonic() - started < 30


async def test_no_retry_sleeps_past_the_deadline(client: Client) -> None:
    patient = RetryPolicy(attempts=9, initial_wait=200, max_wait=200)
    started = time.monotonic()
    server = MisbehavingServer(error(503, "overloaded"))
    refused = pytest.raises(DeadlineExceeded, match="overloaded")
    with server, run_scope(deadline=started + 60), refused:
        await generate(server.model(retry=patient, client=client), PROMPT)
    assert time.monotonic() - started < 30


async def test_nothing_is_sent_after_the_deadline(client: Client) -> None:
    events: list[ModelEvent] = []
    server = MisbehavingServer(answer("late"))
    scope = run_scope(deadline=time.monotonic() - 1, on_event=events.append)
    with server, scope, pytest.raises(DeadlineExceeded):
        await generate(server.model(client=client), PROMPT, n=3)
    assert not server.requests
    assert not events
