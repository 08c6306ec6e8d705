"""The scripted model, on which other tests rely."""

import asyncio
from collections.abc import Sequence

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from refinegraph.agents.models import (
    Choice,
    RetryPolicy,
    Sampling,
    ScriptedChatModel,
    generate,
)
from refinegraph.errors import InputError, ModelError

PROMPT = [HumanMessage("Hi.")]


async def texts(model: ScriptedChatModel, n: int = 1) -> list[str]:
    return [choice.text for choice in (await generate(model, PROMPT, n=n)).choices]


async def test_a_sequence_is_handed_out_in_order() -> None:
    model = ScriptedChatModel(["a", "b", "c"])
    assert await texts(model, 2) == ["a", "b"]
    assert await texts(model) == ["c"]


async def test_a_sequence_that_is_used_up_says_so() -> None:
    model = ScriptedChatModel(["a"], name="solver")
    await texts(model)
    with pytest.raises(InputError, match="'solver' has only 1 replies"):
        await texts(model)


async def test_a_sequence_may_cycle() -> None:
    assert await texts(ScriptedChatModel(["a", "b"], cycle=True), 5) == ["a", "b", "a", "b", "a"]


async def test_a_function_sees_messages_and_sampling() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        return f"{messages[-1].text} at {sampling.temperature}"

    model = ScriptedChatModel(script)
    generations = await generate(model, PROMPT, sampling=Sampling(temperature=0.5))
    assert generations.choices[0].text == "Hi. at 0.5"


async def test_a_function_may_be_asynchronous() -> None:
    async def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        await asyncio.sleep(0)
        return "later"

    assert await texts(ScriptedChatModel(script), 2) == ["later", "later"]


async def test_calls_are_recorded_with_their_prompts() -> None:
    model = ScriptedChatModel("x", cycle=True)
    await generate(model, [SystemMessage("Be brief."), *PROMPT], n=2)
    (call,) = model.calls
    assert call.n == 2
    assert call.prompt == "Be brief.\n\nHi."


async def test_a_choice_is_passed_on_with_its_reasoning() -> None:
    model = ScriptedChatModel([Choice(text="4", reasoning="2 + 2", finish_reason="length")])
    (choice,) = (await generate(model, PROMPT)).choices
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("4", "2 + 2", "length")


async def test_a_scripted_timeout_is_retried_and_a_scripted_error_raised() -> None:
    quick = RetryPolicy(attempts=2, initial_wait=0)
    model = ScriptedChatModel([TimeoutError("slow"), "done", ModelError("broken")], retry=quick)
    assert await texts(model) == ["done"]
    with pytest.raises(ModelError, match="broken"):
        await texts(model)


async def test_a_bug_of_a_script_is_raised_as_it_is() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        await texts(ScriptedChatModel(script))


async def test_answers_cost_what_the_script_says() -> None:
    priced = await generate(ScriptedChatModel("word", usd_per_token=0.5), PROMPT)
    assert priced.usage.cost_usd == 0.5 * priced.usage.total_tokens
    unknown = await generate(ScriptedChatModel("word", usd_per_token=None), PROMPT)
    assert unknown.usage.cost_usd is None


async def test_fewer_than_one_sample_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        await texts(ScriptedChatModel("x"), 0)
