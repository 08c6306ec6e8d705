"""Answers that continue a text: each provider's request, the joined text, and token counts."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from misbehaving_server import MisbehavingServer, Reply, answer, error

from refinegraph.agents.models import (
    CallCache,
    Choice,
    FallbackChatModel,
    Sampling,
    ScriptedChatModel,
    SimulatedChatModel,
    allow_real_calls,
    charging,
    generate,
    resolve_model,
    run_scope,
    simulated_problems,
)
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.completions.prefixes import joined, only_new, prefix_form
from refinegraph.agents.models.resolve import Client
from refinegraph.errors import ModelRequestRefused

PROMPT = [HumanMessage("Write a poem.")]
PREFIX = "Roses are red,\nviolets are "
REST = "blue."
CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}
ANTHROPIC = json.dumps(
    {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": REST}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 4},
    }
)
FORMS: dict[str, tuple[Reply, dict[str, Any], dict[str, Any]]] = {
    "openai/m": (answer(REST), {"content": PREFIX}, CONTINUED),
    "hosted_vllm/m": (answer(REST), {"content": PREFIX}, CONTINUED),
    "mistral/m": (answer(PREFIX + REST), {"content": PREFIX, "prefix": True}, {}),
    "deepseek/m": (answer(REST), {"content": PREFIX, "prefix": True}, {}),
    "anthropic/claude-sonnet-4-5": (Reply(body=ANTHROPIC), {}, {}),
    "ollama_chat/m": (answer(REST), {"content": PREFIX}, {}),
}
"""The request for a model: its last message and other fields of the body."""


OLLAMA = Reply(
    body=json.dumps(
        {
            "model": "m",
            "message": {"role": "assistant", "content": REST},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 10,
            "eval_count": 4,
        }
    )
)
"""An answer in Ollama's own protocol, as litellm uses it."""


@pytest.mark.parametrize("client", ["auto", "litellm"])
@pytest.mark.parametrize("name", FORMS)
async def test_each_provider_is_asked_in_its_own_form(name: str, client: Client) -> None:
    reply, message, fields = FORMS[name]
    reply = OLLAMA if (name, client) == ("ollama_chat/m", "litellm") else reply
    with MisbehavingServer(reply) as server:
        base = server.api_base if "ollama" not in name else server.api_base.removesuffix("/v1")
        model = resolve_model(name, api_base=base, api_key="sk-test", client=client)
        made = await generate(model, PROMPT, prefix=PREFIX)
    (request,) = server.requests
    last = request["messages"][-1]
    assert last["role"] == "assistant"
    assert message.items() <= last.items()
    assert fields.items() <= request.items()
    assert request["messages"][-2]["role"] == "user"
    assert made.choices[0].text == PREFIX + REST
    assert made.usage.completion_tokens == 4


async def test_anthropic_gets_no_blanks_at_the_end_of_a_prefix() -> None:
    with MisbehavingServer(Reply(body=ANTHROPIC.replace(REST, " " + REST))) as server:
        model = resolve_model(
            "anthropic/claude-sonnet-4-5", api_base=server.api_base, api_key="sk-test"
        )
        made = await generate(model, PROMPT, prefix=PREFIX)
    assert PREFIX.rstrip() in json.dumps(server.requests[0], ensure_ascii=False).replace(
        "\\n", "\n"
    )
    assert PREFIX not in json.dumps(server.requests[0]).replace("\\n", "\n")
    assert made.choices[0].text == PREFIX + REST


NONE = ["openai/gpt-4o", "anthropic/claude-opus-4-6", "gemini/gemini-2.5-pro", "groq/x"]


@pytest.mark.parametrize("name", NONE)
async def test_a_provider_without_prefixes_says_so(name: str) -> None:
    model = resolve_model(name, api_key="sk-test")
    with pytest.raises(ModelRequestRefused, match='use on_missing_prefix="ask"'):
        await generate(model, PROMPT, prefix=PREFIX)


async def test_a_server_that_refuses_prefixes_gets_the_usual_message() -> None:
    refusal = "This model does not support assistant message prefill."
    refused = pytest.raises(ModelRequestRefused, match="cannot continue a given text")
    with MisbehavingServer(error(400, refusal)) as server, refused:
        await generate(server.model(), PROMPT, prefix=PREFIX)
    assert len(server.requests) == 1


def test_deepseek_is_asked_at_its_beta_address() -> None:
    form = prefix_form("deepseek", api_base=None, prefills=True)
    assert form is not None
    assert form.api_base == "https://api.deepseek.com/beta"


class Foreign(SimpleChatModel):
    """A model of another package that cannot continue a prefix."""

    def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
        return " / ".join(f"{each.type}: {each.text}" for each in messages)

    @property
    def _llm_type(self) -> str:
        return "foreign"


async def test_a_model_without_prefixes_is_asked_to_go_on() -> None:
    with allow_real_calls():
        made = await generate(Foreign(), PROMPT, prefix=PREFIX, on_missing_prefix="ask")
        with pytest.raises(ModelRequestRefused, match="Model 'Foreign' cannot continue"):
            await generate(Foreign(), PROMPT, prefix=PREFIX)
    shown = f"human: Write a poem. / ai: {PREFIX} / human: Go on exactly where your answer stops."
    assert made.choices[0].text.startswith(PREFIX + shown)


async def test_the_next_model_is_asked_where_the_first_takes_no_prefix() -> None:
    first = resolve_model("openai/gpt-4o", api_key="sk-test")
    model = FallbackChatModel(models=(first, ScriptedChatModel(REST)))
    made = await generate(model, PROMPT, prefix=PREFIX)
    assert made.choices[0].text == PREFIX + REST
    assert made.usage.fallbacks == 1


async def test_a_prefix_that_a_server_repeats_is_joined_once() -> None:
    with MisbehavingServer(answer(PREFIX + REST), answer("Ro" + "Rome")) as server:
        model = server.model()
        whole = await generate(model, PROMPT, prefix=PREFIX)
        short = await generate(model, PROMPT, prefix="Ro")
    assert whole.choices[0].text == PREFIX + REST
    assert short.choices[0].text == "RoRome"


async def test_a_continuation_that_begins_like_its_prefix_is_kept_whole() -> None:
    with MisbehavingServer(answer(REST), answer("Rome")) as server:
        model = server.model()
        await generate(model, PROMPT, prefix=PREFIX)
        short = await generate(model, PROMPT, prefix="Ro")
    assert short.choices[0].text == "RoRome"


@given(st.text(min_size=1), st.text(), st.booleans(), st.booleans())
def test_a_prefix_is_joined_once_where_it_is_known_what_a_server_repeats(
    prefix: str, rest: str, echoes: bool, strips: bool
) -> None:
    form = prefix_form("ollama_chat", api_base=None, prefills=None)
    assert form is not None
    sent = prefix.rstrip() if strips and echoes and not rest[:1].isspace() else prefix
    blanks = prefix[len(sent) :]
    told = sent + blanks + rest if echoes else rest
    choice = only_new(Choice(text=told), prefix, form._replace(echoes=echoes), Endpoint("m"))
    assert joined(choice, prefix).text == prefix + rest or prefix.lstrip().startswith("<")


def test_a_prefix_that_ends_within_thinking_continues_the_thinking() -> None:
    closed = joined(Choice(text="4", reasoning="two more"), "<think>two and ")
    assert (closed.text, closed.reasoning) == ("4", "two and two more")
    still = joined(Choice(text="two mo"), "<think>two and ")
    assert (still.text, still.reasoning) == ("", "two and two mo")


async def test_samples_and_streams_go_on_from_the_same_text() -> None:
    events: list[Any] = []
    with MisbehavingServer(answer("a", "b"), answer("c")) as server:
        model = server.model()
        with run_scope(streams=True, on_event=events.append):
            two = await generate(model, PROMPT, n=2, prefix=PREFIX)
            one = await generate(model, PROMPT, prefix=PREFIX)
    assert [each.text for each in (*two.choices, *one.choices)] == [PREFIX + x for x in "abc"]
    assert not any(request.get("stream") for request in server.requests)


async def test_prefixes_have_samples_of_their_own(tmp_path: Path) -> None:
    model = ScriptedChatModel([" one", " two", " three", " four"])
    with closing(CallCache(tmp_path / "calls.sqlite")) as cache:
        for _ in range(2):
            with run_scope(cache=cache):
                texts = [
                    (await generate(model, PROMPT, prefix=prefix)).choices[0].text
                    for prefix in (None, "A", "B", "A")
                ]
            assert texts == [" one", "A two", "B three", "A four"]
    assert len(model.calls) == 4


async def test_seeds_count_a_prefix_by_itself() -> None:
    model = ScriptedChatModel("x", cycle=True)
    with run_scope():
        for prefix in ("A", "A", "B"):
            await generate(model, PROMPT, prefix=prefix, sampling=Sampling(seed=7))
    assert [call.sampling.seed for call in model.calls] == [7, 8, 7]


async def test_an_answer_is_written_step_by_step() -> None:
    model = ScriptedChatModel(["Step 1.\nStep 2.\nDone.", "Step 2.\nDone.", "Done."])
    text, ends = "", list[str | None]()
    while not ends or ends[-1] is not None:
        step = (await generate(model, PROMPT, prefix=text, stop=["\n"])).choices[0]
        ends.append(step.stopped_at)
        text = step.text + (step.stopped_at or "")
    assert text == "Step 1.\nStep 2.\nDone."
    assert ends == ["\n", "\n", None]


async def test_a_text_that_was_cut_says_so() -> None:
    body = answer("half").body.replace('"finish_reason": "stop"', '"finish_reason": "length"')
    with MisbehavingServer(Reply(body=body)) as server:
        cut = (await generate(server.model(), PROMPT, max_tokens=4)).choices[0]
    assert server.requests[0]["max_tokens"] == 4
    assert (cut.truncated, cut.finish_reason) == (True, "length")


async def test_vllm_names_the_text_that_it_stopped_at() -> None:
    body = json.loads(answer("Step 1.").body)
    body["choices"][0]["stop_reason"] = "\n"
    with MisbehavingServer(Reply(body=json.dumps(body))) as server:
        model = resolve_model("hosted_vllm/m", api_base=server.api_base)
        step = (await generate(model, PROMPT, stop=["\n"])).choices[0]
    assert step.stopped_at == "\n"


async def test_usage_counts_what_was_written() -> None:
    model = ScriptedChatModel("x" * 40)
    with charging() as account:
        made = await generate(model, PROMPT, prefix="y" * 4_000)
    assert made.usage.completion_tokens == made.choices[0].tokens == 10
    assert account.usage == made.usage
    assert made.usage.prompt_tokens > 1_000


async def test_a_simulated_model_goes_on_from_its_own_steps() -> None:
    problem = simulated_problems(1)[0].problem
    prompt = [HumanMessage(problem.prompt)]
    first = await generate(SimulatedChatModel(), prompt, prefix="Step 1: it is simulated.\n")
    assert first.choices[0].text.count("Step 1") == 1
    assert "boxed" in first.choices[0].text


async def test_the_model_of_the_package_goes_on_from_a_text() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model = resolve_model("embedded")
    prompt = [HumanMessage("Write f(x) for a list of integers. Reverse the list.\nProgram:")]
    greedy = Sampling(temperature=0.0, max_tokens=40)
    whole = (await generate(model, prompt, sampling=greedy)).choices[0]
    for end in (5, 9, 12, len(whole.text) - 3):
        made = await generate(model, prompt, sampling=greedy, prefix=whole.text[:end], n=2)
        for choice in made.choices:
            assert choice.text.startswith(whole.text[:end])
            assert choice.text.count("def ") == 1
            assert choice.finish_reason == "stop"
    assert made.usage.completion_tokens < 2 * whole.tokens


async def test_a_header_at_the_end_of_a_prompt_is_not_repeated() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    model = resolve_model("embedded")
    prompt = [HumanMessage("Write f(x) for a list. Reverse the list.\nProgram:\ndef f(x):")]
    greedy = Sampling(temperature=0.0, max_tokens=40)
    whole = (await generate(model, prompt, sampling=greedy)).choices[0].text
    assert whole.startswith("def f(x):")
    for end in (3, len("def f(x):"), len("def f(x):\n    return")):
        made = await generate(model, prompt, sampling=greedy, prefix=whole[:end])
        assert made.choices[0].text == whole


async def test_a_step_of_the_model_of_the_package_ends_at_its_limit() -> None:
    pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")
    made = await generate(resolve_model("embedded"), PROMPT, prefix="def f(x):", max_tokens=2)
    assert made.choices[0].truncated
    assert made.usage.completion_tokens == 2
