"""The distinctive behaviour of systems that value steps, revisit them and weigh rewards."""

import math
from collections.abc import Sequence

import pytest
from gallery_runs import run_system, says, worth
from langchain_core.messages import BaseMessage

from refinegraph.agents.likelihood import Likelihood
from refinegraph.agents.models import Sampling, ScriptedChatModel, TokenLogprob
from refinegraph.graphs.gallery.implicit_prm import implicit_reward
from refinegraph.schema import Candidate, Problem, Score


async def test_a_wrong_step_is_corrected_before_the_next_one() -> None:
    model = ScriptedChatModel(
        [
            "2 is one and one.",
            "VERDICT: right",
            "So 2 + 2 is 5.",
            "VERDICT: wrong\nCHANGE: say that it is 4",
            "So 2 + 2 is 4.",
            "VERDICT: right",
            "The answer is 4.",
            "VERDICT: right",
        ]
    )
    result = await run_system("inline-step-correction", model)
    assert "say that it is 4" in model.calls[4].prompt
    assert result.chosen is not None
    assert result.chosen.text == "2 is one and one.\nSo 2 + 2 is 4.\nThe answer is 4."


async def test_the_plans_with_a_critical_step_are_carried_out() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"score": 9}' if "Count" in prompt else '{"score": 1}'
        if "Carry out" in prompt:
            return "The answer is 4." if "Count" in prompt else "The answer is 5."
        return next(plans)

    plans = iter(["Guess.", "Guess again.", "Guess. Count on.", "Guess. Count twice."])
    result = await run_system("critical-plan-steps", ScriptedChatModel(answer), samples=4)
    carried = [made.parents for made in result.candidates if made.complete]
    assert ("0.0",) not in carried[:2]
    assert result.answer == "4"


async def test_paths_go_on_from_steps_of_earlier_ones() -> None:
    drafts = iter(["Add.\nIt is 5.\nThe answer is 5.", *["Add.\nIt is 4.\nThe answer is 4."] * 3])
    model = ScriptedChatModel(lambda messages, sampling: next(drafts))
    result = await run_system("fast-mcts", model, samples=4)
    assert [bool(made.parents) for made in result.candidates] == [False, False, True, True]
    assert result.answer == "4"


async def test_the_tree_grows_best_first_and_preference_ranks_its_paths() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "winner" in prompt:
            first = prompt.partition("The answer is")[2].strip()
            return '{"winner": "A"}' if first.startswith("4") else '{"winner": "B"}'
        if "JSON" in prompt:
            return '{"steps": [9]}' if "Add" in prompt else '{"steps": [2]}'
        return next(drafts)

    drafts = iter(["Guess.", "Add.", "Guess.", *says(4, 5, 5)])
    result = await run_system("tree-plv", ScriptedChatModel(answer), samples=6)
    assert [made.parents for made in result.candidates[3:]] == [("0.1",)] * 3
    assert result.answer == "4"


async def test_what_is_helpful_but_unsafe_is_dropped() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "How safe" in prompt:
            return '{"score": 0}' if "Steal" in prompt else '{"score": 10}'
        if "How helpful" in prompt:
            return '{"score": 10}' if "Steal" in prompt else '{"score": 5}'
        return next(drafts)

    drafts = iter(["Steal it.", "Add them.", *says(4, 4)])
    result = await run_system("stair-safety", ScriptedChatModel(answer), samples=2)
    assert [made.score for made in result.candidates[:2]] == [0.0, pytest.approx(5 / 6)]
    assert {made.parents for made in result.candidates[2:]} == {("0.1",)}


async def test_the_beam_follows_the_value_of_unfinished_paths() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"score": 8}' if "Add" in prompt else '{"score": 3}'
        return next(drafts)

    drafts = iter(["Guess.", "Add.", "Guess.", *says(4, 4, 4)])
    result = await run_system("svpo", ScriptedChatModel(answer), samples=3)
    assert {made.parents for made in result.candidates[3:]} == {("0.1",)}
    assert result.answer == "4"


async def test_the_model_takes_its_own_step_back() -> None:
    model = ScriptedChatModel(
        ["Add the two.", "It is 5.", "<backtrack>", "It is 4.", "The answer is 4."]
    )
    result = await run_system("self-backtracking", model, samples=1)
    assert model.calls[3].sampling.prefix == "Add the two.\n"
    assert result.chosen is not None
    assert result.chosen.text == "Add the two.\nIt is 4.\nThe answer is 4."


def by_letter(**logprobs: float) -> Likelihood:
    """Return a likelihood with one token per letter, each 0 unless a log-probability is given."""

    async def measure(messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
        return tuple(TokenLogprob(token=c, logprob=logprobs.get(c, 0.0)) for c in text)

    return measure


async def test_the_step_that_training_made_unlikely_decides() -> None:
    reward = implicit_reward(by_letter(x=-20.0), by_letter(x=0.0))
    model = ScriptedChatModel(["a\nx\nThe answer is 5.", "a\nb\nThe answer is 4."])
    result = await run_system(
        "implicit-prm", model, samples=2, scorer=reward, likelihood=by_letter()
    )
    doubted = result.candidates[0].scores[0]
    assert doubted.steps == pytest.approx((0.5, 1 / (1 + math.e), 0.5))
    assert doubted.value == pytest.approx(1 / (1 + math.e))
    assert result.answer == "4"


async def test_a_response_is_judged_by_what_a_user_would_say_next() -> None:
    async def measure(messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
        pleased = "Thank you" in text or "sense" in text
        right = "The answer is 4." in messages[0].text
        return (TokenLogprob(token=text, logprob=-1.0 if pleased == right else -3.0),)

    model = ScriptedChatModel(says(5, 4))
    result = await run_system("follow-up-likelihood", model, samples=2, likelihood=measure)
    assert [made.score for made in result.candidates] == [-2.0, 2.0]
    assert result.answer == "4"


async def test_the_least_promising_step_ranks_a_solution() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" not in prompt:
            return next(drafts)
        return '{"steps": [10, 4]}' if "is 5" in prompt else '{"steps": [6, 6]}'

    drafts = iter(["Add.\nThe answer is 5.", "Add.\nThe answer is 4."])
    result = await run_system("pqm-rank", ScriptedChatModel(answer), samples=2)
    assert [made.score for made in result.candidates] == [0.4, 0.6]
    assert result.answer == "4"


async def test_good_by_all_rewards_beats_very_good_by_one() -> None:
    first = worth({"is 5": 10.0, "is 4": 1.0, "is 3": 0.0})
    second = worth({"is 5": -4.0, "is 4": 1.0, "is 3": 0.0})
    model = ScriptedChatModel(says(5, 4, 3))
    result = await run_system("and-reward", model, samples=3, scorer=(first, second))
    assert result.answer == "4"


async def test_the_most_sceptical_reward_model_decides() -> None:
    def herd(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="herd", value=1.0 if c.answer == "5" else 0.6) for c in candidates]

    sceptic = worth({"is 5": 0.1, "is 4": 0.5})
    model = ScriptedChatModel(says(5, 4))
    result = await run_system("pretrain-ensemble-bon", model, samples=2, scorer=(herd, sceptic))
    assert [made.score for made in result.candidates] == [0.1, 0.5]
    assert result.answer == "4"
