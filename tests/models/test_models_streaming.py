"""Streamed answers are reported as they arrive and equal answers that are not streamed."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from misbehaving_server import CLIENTS, MisbehavingServer, answer, error, streamed
from rich.text import Text

import refinegraph as rg
from refinegraph.agents.models import (
    CallStarted,
    Sampling,
    ScriptedChatModel,
    TokensStreamed,
    Work,
    generate,
    resolve_model,
    run_scope,
)
from refinegraph.agents.models.resolve import Client
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.screen import Screen

PROMPT = [HumanMessage("Write f(x).")]
pytestmark = pytest.mark.filterwarnings(r"ignore:Accessing the 'model_(computed_)?fields'")


def words(events: list[Any]) -> str:
    return "".join(each.text for each in events if isinstance(each, TokensStreamed))


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_server_streams_and_counts(client: Client) -> None:
    events: list[Any] = []
    server = MisbehavingServer(streamed("def f", "(x): ", "return x"))
    with server, run_scope(on_event=events.append, streams=True):
        made = await generate(server.model(client=client), PROMPT)
    assert server.requests[0]["stream"] is True
    assert made.choices[0].text == words(events) == "def f(x): return x"
    assert made.choices[0].finish_reason == "stop"
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (12, 5)


async def test_requests_for_several_answers_or_without_streams_do_not_stream() -> None:
    events: list[Any] = []
    server = MisbehavingServer(answer("a", "b"))
    with server, run_scope(on_event=events.append, streams=True):
        await generate(server.model(), PROMPT, n=2)
    with MisbehavingServer(answer("a")) as plain, run_scope(on_event=events.append):
        await generate(plain.model(), PROMPT)
    assert "stream" not in server.requests[0]
    assert "stream" not in plain.requests[0]
    assert words(events) == ""


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_stream_that_fails_is_tried_again(client: Client) -> None:
    server = MisbehavingServer(error(500, "broken"), streamed("again"))
    with server, run_scope(on_event=lambda event: None, streams=True):
        made = await generate(server.model(client=client), PROMPT)
    assert made.choices[0].text == "again"
    assert made.usage.retries == 1


async def test_the_model_of_the_package_streams_what_it_would_have_said() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model = resolve_model("embedded")
    prompt = [HumanMessage("Write f(x) for a list of integers. Sort it.")]
    settings = Sampling(seed=3, temperature=0.0, max_tokens=40)
    plain = await generate(model, prompt, sampling=settings)
    events: list[Any] = []
    with run_scope(on_event=events.append, streams=True):
        made = await generate(model, prompt, sampling=settings)
    assert made.choices[0].text == plain.choices[0].text == words(events)


def test_call_events_name_their_node_and_candidate() -> None:
    events: list[Any] = []
    model = ScriptedChatModel(["def f(x): return 0", "VERDICT: wrong", "def f(x): return x"])
    rg.solve(
        "Write f(x).",
        tests="assert f(1) == 1",
        model=model,
        strategy="self-refine",
        on_event=events.append,
    )
    works = [each.work for each in events if isinstance(each, CallStarted)]
    assert works == [
        Work(node="solve"),
        Work(node="review", candidate_id="0.0"),
        Work(node="refine", candidate_id="0.0"),
    ]


def test_the_reviewers_words_are_on_the_screen_while_they_come() -> None:
    state = RunState()
    work = Work(node="review", candidate_id="0.1")
    for event in (
        CallStarted(call=1, model="m", n=1, work=Work(node="refine", candidate_id="0.0")),
        CallStarted(call=2, model="m", n=1, work=work),
        TokensStreamed(call=1, model="m", text="def f"),
        TokensStreamed(call=2, model="m", text="the loop\nends "),
        TokensStreamed(call=2, model="m", text="too early"),
    ):
        state = state.after(event)
    shown = "\n".join(line.plain for line in Screen(state).lines(80, 24))
    assert "reviewer on 0.1 writes:\n    the loop\n    ends too early" in shown
    assert all(isinstance(line, Text) for line in Screen(state).lines(80, 24))
