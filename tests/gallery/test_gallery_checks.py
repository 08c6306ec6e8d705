"""The distinctive behaviour of systems that plan, reward, look up, ask and run programs."""

import math
from collections.abc import Sequence

import pytest
from gallery_runs import QUESTION, Doors, by_word, run_system, says
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Sampling, ScriptedChatModel, TokenLogprob
from refinegraph.schema import Candidate, Note, Problem, Score


async def test_the_best_plan_is_carried_out_and_plans_are_no_answers() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"score": 9}' if "Count on" in prompt else '{"score": 2}'
        return next(plans) if "one more step" in prompt else "The answer is 4."

    plans = iter(["Guess.", "Count on from two.", "Count on from two, twice."])
    model = ScriptedChatModel(answer)
    result = await run_system("sra-mcts", model, samples=3)
    assert [made.complete for made in result.candidates] == [False, False, False, True]
    carried = next(call.prompt for call in model.calls if "Carry out" in call.prompt)
    assert "Plan:\nCount on from two" in carried
    assert result.answer == "4"


async def test_errors_of_each_kind_are_weighed_segment_by_segment() -> None:
    model = by_word(
        {
            "is it relevant": '{"steps": [10, 0]}',
            "is every fact": '{"steps": [10, 10]}',
            "is nothing missing": '{"steps": [0, 0]}',
        },
        otherwise="Add.\nThe answer is 4.",
    )
    result = await run_system("segment-reward-mix", model, samples=1)
    score = result.candidates[0].scores[0]
    assert score.steps == pytest.approx((0.8, 0.5))
    assert score.value == pytest.approx(0.3 * 0.5 + 0.5)


async def test_the_judge_answers_first_and_votes_against_its_own_answer() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "Criticise" not in prompt:
            return next(drafts)
        own, _, shown = prompt.partition("A response:")
        assert "The answer is 4." in own
        return '{"score": 9}' if "The answer is 4." in shown else '{"score": 2}'

    drafts = iter(says(5, 4, 4))
    model = ScriptedChatModel(answer)
    result = await run_system("self-reference-judge", model, samples=2)
    assert result.answer == "4"
    assert sum(call.n for call in model.calls if "Criticise" in call.prompt) == 6


async def test_thinking_is_written_anew_from_its_reflection_and_what_is_retrieved() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="fact", text="Two pairs are four.")])
    model = ScriptedChatModel(["The answer is 5.", "Pairs are missing.", "The answer is 4."])
    result = await run_system("preflexor", model, memory=memory, rounds=1)
    assert "Two pairs are four." in model.calls[0].prompt
    assert "Two pairs are four.\n\nPairs are missing." in model.calls[2].prompt
    assert result.answer == "4"


async def test_what_a_better_prompt_makes_likelier_wins() -> None:
    async def measure(messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
        agrees = ("right, careful" in messages[0].text) == ("4" in text)
        return (TokenLogprob(token=text, logprob=math.log(0.8 if agrees else 0.2)),)

    model = ScriptedChatModel(says(5, 4))
    result = await run_system("contrastive-token-reward", model, samples=2, likelihood=measure)
    assert result.answer == "4"
    assert result.candidates[1].score == pytest.approx(math.tanh(math.log(4)))


async def test_what_ones_critique_refutes_does_not_vote() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" not in prompt:
            return next(drafts)
        return '{"score": 2}' if "The answer is 5." in prompt else '{"score": 8}'

    drafts = iter(says(5, 5, 4))
    assert (await run_system("self-check", ScriptedChatModel(answer), samples=3)).answer == "4"


async def test_claims_are_looked_up_in_the_source_without_the_solution() -> None:
    model = ScriptedChatModel(
        [
            "The answer is 5.",
            "1. Which numbers are added?",
            "2 and 2.",
            "It added 2 and 3.\nVERDICT: wrong",
            "The answer is 4.",
        ]
    )
    result = await run_system("lookback", model)
    looked = model.calls[2].prompt
    assert "Which numbers are added?" in looked
    assert QUESTION.prompt in looked
    assert "The answer is 5." not in looked
    assert "2 and 2." in model.calls[3].prompt
    assert result.answer == "4"


async def test_rewards_are_averaged_over_wordings_of_the_problem() -> None:
    def moody(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Prefer 5 under the first wording, and 4 under every other one."""
        liked = "5" if problem.prompt == QUESTION.prompt else "4"
        return [Score(scorer="moody", value=float(c.answer == liked)) for c in candidates]

    wordings = "1. Add 2 and 2.\n2. Sum 2 and 2.\n3. Two plus two?"
    model = ScriptedChatModel([*says(5, 4), wordings])
    result = await run_system("reward-fusion", model, scorer=moody, samples=2)
    assert [made.score for made in result.candidates] == [0.25, 0.75]
    assert result.answer == "4"


async def test_the_user_is_asked_until_all_is_clear() -> None:
    model = ScriptedChatModel(["Which door do you like?", "CLEAR", "Action: right"])
    asked: list[str] = []

    def user(question: str) -> str:
        asked.append(question)
        return "The right one."

    result = await run_system("ask-to-act", model, environment=Doors, user=user)
    assert asked == ["Which door do you like?"]
    assert "- Which door do you like? The right one." in model.calls[2].prompt
    assert result.answer == "4"


async def test_self_rewarding_correction_ends_when_the_model_rates_its_answer_high() -> None:
    grades = ['{"reason": "five is odd", "score": 1}', '{"score": 9}']
    model = ScriptedChatModel(["The answer is 5.", grades[0], "The answer is 4.", grades[1]])
    result = await run_system("self-rewarding-correction", model, rounds=5)
    assert "five is odd" in model.calls[2].prompt
    assert (result.answer, len(model.calls)) == ("4", 4)


async def test_the_five_elements_lead_and_the_output_corrects() -> None:
    model = ScriptedChatModel(
        [
            "Variables: x. Objective: x. Constraints: x <= 4.",
            "```python\nprint(1 / 0)\n```\nThe answer is 5.",
            "The program fails.\nVERDICT: wrong",
            "```python\nprint(4)\n```\nThe answer is 4.",
            "VERDICT: right",
        ]
    )
    result = await run_system("llmopt", model)
    assert "Constraints: x <= 4." in model.calls[1].prompt
    assert "ZeroDivisionError" in model.calls[2].prompt
    assert "printed:\n4" in model.calls[4].prompt
    assert (result.answer, len(model.calls)) == ("4", 5)


async def test_a_chain_goes_on_until_its_verification_concludes() -> None:
    model = ScriptedChatModel(
        [
            "```python\nprint(2 + 3)\n```",
            "CONTINUE: it adds 3.",
            "```python\nprint(2 + 2)\n```",
            "It fits. The answer is 4.",
        ]
    )
    result = await run_system("chain-of-self-correction", model)
    assert "Output: 5" in model.calls[1].prompt
    assert "CONTINUE: it adds 3." in model.calls[2].prompt
    assert "Output: 4" in model.calls[3].prompt
    assert result.answer == "4"
