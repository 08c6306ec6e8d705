"""Tests that a model writes are kept if it was sure of their results."""

import math
from collections.abc import Sequence

import pytest

from refinegraph.agents import TestWriter
from refinegraph.agents.models import Choice, ScriptedChatModel, TokenLogprob
from refinegraph.agents.test_certainty import sure_tests
from refinegraph.schema import Problem

CODE = Problem(prompt="Write f(x).", kind="code", entry_point="f")


def answer(*pieces: tuple[str, float]) -> Choice:
    """Return an answer from its tokens and their probabilities."""
    tokens = tuple(TokenLogprob(token=text, logprob=math.log(p)) for text, p in pieces)
    return Choice(text="".join(text for text, _ in pieces), logprobs=tokens)


def kept(choices: Sequence[Choice], certainty: float) -> list[str]:
    lines = "\n".join(sure_tests(choices, certainty=certainty)).split("\n")
    return [line for line in lines if line]


def test_only_the_tokens_of_the_result_count() -> None:
    choice = answer(("assert f(", 0.1), ("1) == ", 0.2), ("4", 0.9), ("2", 0.8), ("\n", 0.1))
    assert kept([choice], 0.71) == ["assert f(1) == 42"]
    assert kept([choice], 0.73) == []


def test_a_token_that_holds_the_beginning_of_the_result_counts() -> None:
    choice = answer(("assert f(1)", 1.0), (" == [", 0.5), ("2]", 1.0))
    assert kept([choice], 0.5) == ["assert f(1) == [2]"]
    assert kept([choice], 0.6) == []


def test_the_probabilities_of_a_repeated_test_are_added() -> None:
    test = (("assert f(1) == ", 1.0), ("2", 0.5))
    other = (("assert f(1) == ", 1.0), ("3", 0.5))
    assert kept([answer(*test), answer(*test), answer(*other)], 0.9) == ["assert f(1) == 2"] * 2


@pytest.mark.parametrize(
    "choice",
    [
        Choice(text="assert f(1) == 2"),
        answer(("assert f(1)", 0.1)),
        answer(("assert f(\n    1\n) == 2", 0.1)),
        Choice(text="assert f(1) == 2", logprobs=answer(("something else", 0.1)).logprobs),
    ],
    ids=["no log-probabilities", "no comparison", "several lines", "other tokens"],
)
def test_tests_of_unknown_probability_are_kept(choice: Choice) -> None:
    assert sure_tests([choice], certainty=0.9) == [choice.text]


async def test_a_writer_drops_tests_of_which_the_model_was_not_sure() -> None:
    choice = answer(("assert f(1) == ", 1.0), ("2", 0.95), ("\nassert f(2) == ", 1.0), ("5", 0.3))
    for certainty, expected in ((0.9, ["2"]), (0.0, ["2", "5"])):
        model = ScriptedChatModel([choice])
        writer = TestWriter(model, lists=1, certainty=certainty)
        written = await writer(CODE)
        assert [getattr(test, "expected", None) for test in written.tests] == expected
        assert model.calls[0].sampling.logprobs == (0 if certainty else None)
