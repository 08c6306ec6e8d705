"""Reasoning, tokens and their shares, on texts of every kind."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from refinegraph.agents.models.calls.batches import BatchSize
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.spending.usage import count, estimate_tokens
from refinegraph.agents.models.types import Choice, Completion
from refinegraph.retry_policy import RetryPolicy


@dataclass(frozen=True)
class Case:
    text: str
    answer: str
    reasoning: str


THINKING = [
    Case("plain", "plain", ""),
    Case("<think>a</think>b", "b", "a"),
    Case("\n<think>\na\n</think>\n\nb", "b", "a"),
    Case("<think>a</think><think>b</think>c", "c", "a\n\nb"),
    Case("<thinking>a</thinking>b", "b", "a"),
    Case("<think>never closed", "", "never closed"),
    Case("never opened</think>b", "b", "never opened"),
    Case("<think></think>b", "b", ""),
    Case("print('<think>') # </think>", "print('<think>') # </think>", ""),
    Case("  indented()", "  indented()", ""),
]


@pytest.mark.parametrize("case", THINKING, ids=lambda case: case.text)
def test_split_thinking(case: Case) -> None:
    assert split_reasoning(case.text) == (case.answer, case.reasoning)


def test_split_thinking_keeps_what_was_apart_already() -> None:
    assert split_reasoning("<think>b</think>c", "a") == ("c", "a\n\nb")


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_text_without_tags_is_left_alone(text: str) -> None:
    if "<" not in text:
        assert split_reasoning(text) == (text, "")


def unknown_price(prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> None:
    return None


@given(
    st.lists(st.text(max_size=200), min_size=1, max_size=6),
    st.none() | st.integers(0, 500),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_tokens_of_choices_add_up_and_are_never_nothing(
    texts: list[str], reported: int | None, one: bool
) -> None:
    choices = tuple(Choice(text=text) for text in texts)
    answer = Completion(choices, None, reported, counts_one_choice=one)
    counted = count(answer, [HumanMessage("Hi.")], unknown_price)
    assert sum(choice.tokens for choice in counted.choices) == counted.usage.completion_tokens
    assert counted.usage.completion_tokens >= max(1, reported or 0)
    assert counted.usage.prompt_tokens >= 1
    assert counted.usage.unpriced_calls == 1


@given(st.integers(1, 200), st.none() | st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_batches_add_up(n: int, most: int | None) -> None:
    parts = BatchSize(most).split(n)
    assert sum(parts) == n
    assert all(0 < part <= (most or n) for part in parts)


@given(st.integers(1, 60), st.none() | st.floats(0, 100))
@settings(max_examples=100, deadline=None)
def test_waits_grow_to_a_cap_and_honour_the_server(attempt: int, retry_after: float | None) -> None:
    policy = RetryPolicy(initial_wait=0.5, max_wait=8)
    wait = policy.wait(attempt, retry_after)
    assert (retry_after or 0) <= wait <= max(8, retry_after or 0)


def test_estimates_are_never_nothing() -> None:
    assert estimate_tokens("") == 1
