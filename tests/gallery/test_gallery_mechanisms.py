"""What distinguishes the systems that ask, judge and revise with few parts."""

import json
from collections.abc import Sequence

import pytest
from gallery_runs import PROGRAM, RIGHT, WRONG, by_word, run_system, says, worth
from langchain_core.messages import BaseMessage

from refinegraph.agents.models import (
    Choice,
    Sampling,
    ScriptedChatModel,
    TokenLogprob,
    TopLogprob,
)

FOUR, FIVE = says(4, 5)


@pytest.mark.parametrize(
    ("name", "stages", "shown"),
    [
        ("abstraction-of-thought", ["an outline", "filled in: The answer is 4."], "an outline"),
        ("align-cot", ["an analysis", "some guidance", FOUR], "some guidance"),
        ("perspective-taking", [FIVE, "as others read it", FOUR], "as others read it"),
    ],
)
async def test_the_last_stage_reads_what_the_one_before_wrote(
    name: str, stages: list[str], shown: str
) -> None:
    model = ScriptedChatModel(stages)
    result = await run_system(name, model)
    assert result.answer == "4"
    assert shown in model.calls[-1].prompt
    assert len(model.calls) == len(stages)


async def test_if_or_else_shows_the_solution_and_takes_what_comes_of_it() -> None:
    model = ScriptedChatModel([FIVE, FOUR])
    result = await run_system("if-or-else", model)
    assert (result.answer, len(result.candidates)) == ("4", 2)
    assert FIVE in model.calls[1].prompt
    assert "very confident" in model.calls[1].prompt


async def test_fine_grained_consistency_merges_what_the_samples_share() -> None:
    model = ScriptedChatModel([*says(5, 4, 6), FOUR])
    result = await run_system("fine-grained-sc", model, samples=3)
    assert result.candidates[-1].parents == ("0.0", "0.1", "0.2")
    assert all(text in model.calls[-1].prompt for text in says(5, 4, 6))
    assert result.answer == "4"


async def test_actor_and_critic_revise_only_what_the_critic_refutes() -> None:
    critic = by_word(
        {
            '"steps"': '{"steps": [5]}',
            FIVE: "VERDICT: wrong\nCHANGE: add again",
            FOUR: "VERDICT: right",
        }
    )
    actor = ScriptedChatModel([FIVE, FOUR, FOUR])
    result = await run_system("actor-critic-steps", actor, reviewer_model=critic, samples=2)
    assert [candidate.parents for candidate in result.candidates] == [(), (), ("0.0",)]
    assert result.answer == "4"


async def test_critic_cot_drops_the_half_that_the_critic_finds_wrong() -> None:
    critic = by_word({"is 5": '{"steps": [1]}'}, otherwise='{"steps": [9]}')
    model = ScriptedChatModel(says(5, 5, 4, 4))
    result = await run_system("critic-cot", model, reviewer_model=critic, samples=4)
    assert result.answer == "4"


async def test_code_is_repaired_with_the_explanation_of_its_failure() -> None:
    model = ScriptedChatModel([WRONG, "It divides by three.\nVERDICT: wrong", RIGHT])
    result = await run_system("explain-then-repair", model, problem=PROGRAM)
    assert result.solved
    assert "It divides by three." in model.calls[2].prompt


async def test_only_the_best_first_steps_are_finished() -> None:
    starts = ["a bad start\n", "a bad start\n", "a good start\n", "a bad start\n"]

    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if sampling.prefix:
            return FOUR if "good" in sampling.prefix else FIVE
        return starts.pop(0)

    model = ScriptedChatModel(script)
    scorer = worth({"good": 0.9, "bad": 0.2})
    result = await run_system("first-step-filter", model, samples=4, scorer=scorer)
    assert len(result.candidates) == 5
    assert result.answer == "4"


async def test_every_retry_lists_what_was_rejected_and_is_warmer() -> None:
    wrong = "VERDICT: wrong\nCHANGE: again"
    model = ScriptedChatModel([FIVE, wrong, *says(6), wrong, FOUR])
    result = await run_system("reject-list-retry", model, rounds=2)
    retries = [model.calls[2], model.calls[4]]
    listed = retries[1].prompt.partition("Already tried")[2]
    assert "5" in listed.split("#")[0]
    first, second = (call.sampling.temperature or 0.0 for call in retries)
    assert second > first
    assert result.answer == "4"


def doubts(answer: str) -> ScriptedChatModel:
    """Return a model that holds this answer for false, and says so by its log-probabilities."""

    def believe(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
        word = "False" if f"Proposed answer: {answer}" in messages[-1].text else "True"
        top = (TopLogprob(word, -0.1), TopLogprob("True" if word == "False" else "False", -3.0))
        token = TokenLogprob(token=word, logprob=-0.1, top=top)
        return Choice(text=word, finish_reason="stop", logprobs=(token,))

    return ScriptedChatModel(believe)


async def test_samples_that_the_model_doubts_are_corrected() -> None:
    model = ScriptedChatModel([*says(5, 5, 4), FOUR, FOUR])
    result = await run_system("revise-confidence", model, reviewer_model=doubts("5"), samples=3)
    assert [c.parents for c in result.candidates[3:]] == [("0.0",), ("0.1",)]
    assert result.answer == "4"


async def test_the_beam_keeps_the_steps_that_the_model_believes() -> None:
    starts = ["we add", "we guess"]

    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if sampling.prefix:
            return FOUR if "add" in sampling.prefix else FIVE
        return starts.pop(0)

    def judge(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        steps = int(prompt.partition("in ")[2].partition(" steps")[0])
        return json.dumps({"steps": [1 if "guess" in prompt else 9] * steps})

    result = await run_system(
        "self-eval-beam",
        ScriptedChatModel(script),
        reviewer_model=ScriptedChatModel(judge),
        samples=2,
    )
    assert result.answer == "4"
    assert all(candidate.parents in ((), ("0.0",)) for candidate in result.candidates)


async def test_certainty_is_the_distance_from_uniform_tokens() -> None:
    def token(*logprobs: float) -> tuple[TokenLogprob, ...]:
        top = tuple(TopLogprob(str(number), value) for number, value in enumerate(logprobs))
        return (TokenLogprob(token="0", logprob=logprobs[0], top=top),)

    model = ScriptedChatModel(
        [
            Choice(text=FIVE, finish_reason="stop", logprobs=token(-0.7, -0.7)),
            Choice(text=FOUR, finish_reason="stop", logprobs=token(-0.01, -4.6)),
        ]
    )
    result = await run_system("self-certainty-bon", model, samples=2)
    assert result.answer == "4"
    assert model.calls[0].sampling.logprobs == 20


async def test_the_product_of_step_scores_ranks_solutions() -> None:
    replies = iter(says(5, 4))

    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if '"steps"' in prompt:
            # One bad step outweighs a perfect one.
            return json.dumps({"steps": [10, 1] if "is 5" in prompt else [7, 7]})
        return f"Step 1: add.\nStep 2: {next(replies)}"

    result = await run_system("self-prm-rerank", ScriptedChatModel(script), samples=2)
    assert result.answer == "4"


async def test_sharpening_takes_the_sample_that_the_model_rates_best() -> None:
    replies = iter(says(5, 4, 6))

    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if '"score"' in prompt:
            return '{"score": 9}' if "is 4" in prompt else '{"score": 3}'
        return next(replies)

    result = await run_system("sharpening-bon", ScriptedChatModel(script), samples=3)
    assert result.answer == "4"


async def test_a_checklist_scores_and_its_failed_points_are_refined() -> None:
    judge = by_word(
        {
            '"questions"': '{"questions": ["Is it even?"]}',
            '"answers"': '{"answers": ["yes"]}',
            "yes-or-no questions": "Is it even? NO.\nVERDICT: wrong\nCHANGE: make it even",
        }
    )
    model = ScriptedChatModel([FIVE, FOUR])
    result = await run_system("stick-checklist", model, reviewer_model=judge, samples=1)
    assert "make it even" in model.calls[1].prompt
    assert {score.scorer for c in result.candidates for score in c.scores} == {"checklist"}
    assert [candidate.parents for candidate in result.candidates] == [(), ("0.0",)]


async def test_a_trained_verifier_chooses_the_sample() -> None:
    model = ScriptedChatModel(says(5, 5, 4))
    scorer = worth({"is 4": 0.9, "is 5": 0.4})
    assert (await run_system("v-star", model, samples=3, scorer=scorer)).answer == "4"


async def test_the_sample_that_wins_most_comparisons_is_taken() -> None:
    def compare(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        first, _, second = messages[-1].text.partition("Solution B")
        return json.dumps(
            {"winner": "A" if "is 4" in first else "B" if "is 4" in second else "tie"}
        )

    model, judge = ScriptedChatModel(says(5, 6, 4)), ScriptedChatModel(compare)
    result = await run_system("win-rate-tournament", model, reviewer_model=judge, samples=3)
    assert result.answer == "4"
    assert len(judge.calls) == 6


@pytest.mark.parametrize("name", ["multiagent-debate", "self-check", "contradiction-removal"])
async def test_a_program_that_passes_its_tests_is_the_answer(name: str) -> None:
    drafts = iter([WRONG, WRONG, RIGHT])
    model = ScriptedChatModel(lambda messages, sampling: next(drafts, RIGHT))
    result = await run_system(name, model, problem=PROGRAM, samples=3)
    assert result.stop_reason.rule == "accepted"
    assert result.chosen
    assert "// 2" in result.chosen.text
