"""The distinctive behaviour of systems that search, rewind, route and self-improve."""

from collections.abc import Sequence

import pytest
from gallery_runs import QUESTION, Doors, by_word, run_system, says, worth
from langchain_core.messages import BaseMessage
from langchain_core.tools import tool

from refinegraph.agents.environments import ToolUse
from refinegraph.agents.models import Choice, Sampling, ScriptedChatModel

DOUBT = "The step 2 + 2 = 5.\n\nThe answer is 5."


async def test_the_first_wrong_action_is_taken_back() -> None:
    model = ScriptedChatModel(
        [
            "Go.\nAction: left",
            "Enough.\nAction: give up",
            "STEP: 1\nWHY: take the other door",
            "Now.\nAction: right",
        ]
    )
    result = await run_system("agent-r", model, environment=Doors, samples=1)
    assert result.answer == "4"
    last = result.candidates[-1]
    assert "left" not in last.text
    assert "take the other door" in model.calls[-1].prompt


async def test_three_critics_value_every_step() -> None:
    grade = '{"reason": "", "score": 6, "steps": [3]}'
    model = by_word({"JSON": grade}, otherwise="Add the two.\n\nThe answer is 4.")
    result = await run_system("alphallm", model, samples=2)
    first = result.candidates[0]
    assert not first.complete
    assert first.score == pytest.approx((0.6 + 0.3 + 0.6) / 3)


async def test_the_model_names_its_strategy_before_it_solves() -> None:
    model = ScriptedChatModel(["CHOICE: least to most", "The answer is 4."])
    result = await run_system("smart-strategy", model)
    assert "smaller problems" in model.calls[1].prompt
    assert (result.answer, len(model.calls)) == ("4", 2)


async def test_the_teacher_mends_the_first_wrong_thought_and_the_student_goes_on() -> None:
    student = ScriptedChatModel(
        ["It is a sum.\n\n2 + 2 is 5.\n\nThe answer is 5.", "The answer is 4."]
    )
    teacher = ScriptedChatModel(
        ["Template: count on.", '{"steps": [9, 1, 1]}', "2 + 2 is 4.", '{"steps": [9, 9]}']
    )
    result = await run_system("supercorrect", student, reviewer_model=teacher)
    assert "Template: count on." in student.calls[0].prompt
    assert "This thought is wrong: 2 + 2 is 5." in teacher.calls[2].prompt
    assert "Your teacher says:\n- 2 + 2 is 4." in student.calls[1].prompt
    assert student.calls[1].sampling.prefix == "It is a sum.\n"
    assert result.answer == "4"


async def test_only_answers_that_one_finds_qualified_vote() -> None:
    drafts = iter(says(5, 5, 4))

    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" not in prompt:
            return next(drafts)
        return '{"score": 9}' if "The answer is 4." in prompt else '{"score": 1}'

    model = ScriptedChatModel(answer)
    result = await run_system("self-feedback-evolution", model, samples=3, rounds=0)
    assert result.answer == "4"


async def test_outcome_and_self_evaluation_are_blended() -> None:
    grade = '{"steps": [5]}'
    model = by_word({"JSON": grade}, otherwise="The answer is 4.")
    result = await run_system("mcts-dpo", model, samples=2)
    assert [made.score for made in result.candidates] == [0.75, 0.75]


async def test_improvement_ends_where_the_reward_falls() -> None:
    model = ScriptedChatModel(says(5, 4, 3, 2))
    scorer = worth({"is 5": 0.3, "is 4": 0.8, "is 3": 0.5})
    result = await run_system("pit-improver", model, scorer=scorer, rounds=5)
    assert (result.answer, len(model.calls)) == ("4", 3)


async def test_every_revision_sees_the_last_one_alone() -> None:
    model = ScriptedChatModel(says(3, 5, 4))
    result = await run_system("srpo-revision", model, rounds=2)
    assert "The answer is 5." in model.calls[2].prompt
    assert "The answer is 3." not in model.calls[2].prompt
    assert result.answer == "4"


async def test_a_thought_that_explores_begins_anew() -> None:
    model = ScriptedChatModel(
        [
            "<|continue|> Count the letters.",
            "<|reflect|> Letters are not asked for.",
            "<|explore|> Letters lead nowhere.",
            "<|continue|> The answer is 4.",
        ]
    )
    result = await run_system("satori-actions", model)
    assert model.calls[2].sampling.prefix is not None
    assert not model.calls[3].sampling.prefix
    assert "Tried before: Letters lead nowhere." in model.calls[3].prompt
    assert result.answer == "4"
    assert "letters" not in result.candidates[-1].text


async def test_the_action_with_the_best_imagined_end_is_done() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"reason": "", "score": 9}' if "a garden" in prompt else '{"score": 1}'
        if "It was decided" in prompt:
            return "Action: right" if "Action: right" in prompt else "Action: left"
        return next(imagined)

    imagined = iter(["Action: left\nIt shows a wall.", "Action: right\nIt shows a garden."])
    result = await run_system(
        "world-model-lookahead", ScriptedChatModel(answer), environment=Doors, samples=2
    )
    done = [made for made in result.candidates if made.operator == "act"]
    assert len(done) == 1
    assert "Action: right" in done[0].text
    assert result.answer == "4"


async def test_only_an_uncertain_problem_gets_examples() -> None:
    sure = ScriptedChatModel(says(4, 4))
    await run_system("test-time-examples", sure, samples=2)
    assert len(sure.calls) == 1
    torn = ScriptedChatModel([*says(3, 4), "What is 1 + 1? 2.", *says(4, 4)])
    result = await run_system("test-time-examples", torn, samples=2)
    assert "Similar problems:\n- What is 1 + 1? 2." in torn.calls[-1].prompt
    assert result.answer == "4"


async def test_the_teachers_words_become_the_students_own() -> None:
    student = ScriptedChatModel([DOUBT, "So the answer is 4."])
    teacher = ScriptedChatModel("Wait, is that sum right?")
    result = await run_system("thinktuning", student, reviewer_model=teacher)
    assert student.calls[1].sampling.prefix == f"{DOUBT}\n\nWait, is that sum right?\n\n"
    assert result.answer == "4"


async def test_where_the_worst_path_leaves_the_best_becomes_a_rule() -> None:
    calls = iter(["Action: give up", "Action: right"])

    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "part, and what does" in prompt:
            return "Never give up at the doors."
        return "Action: right" if "Never give up" in prompt else next(calls)

    model = ScriptedChatModel(answer)
    result = await run_system("tool-deficiency-mcts", model, environment=Doors, samples=2)
    asked = next(call.prompt for call in model.calls if "part, and what does" in call.prompt)
    assert asked.index("right") < asked.index("give up")
    assert "A rule from earlier attempts:\n- Never give up" in model.calls[-1].prompt
    assert result.answer == "4"


async def test_partial_solutions_that_will_fail_do_not_vote() -> None:
    drafts = iter(["Bad idea.", "Bad idea.", "Good idea.", "The answer is 4."])
    model = ScriptedChatModel(lambda messages, sampling: next(drafts))
    scorer = worth({"Bad": 0.1, "Good": 0.9})
    result = await run_system("prefix-filter-vote", model, scorer=scorer, samples=3)
    assert result.answer == "4"
    assert len(result.candidates) == 4


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_what_a_tool_refutes_is_repaired() -> None:
    solver = ScriptedChatModel(["Action: finish[5]", "The answer is 4."])
    verifier = ScriptedChatModel(
        ['Action: add[{"a": 2, "b": 2}]', "Action: finish[1]", "Action: finish[9]"]
    )
    result = await run_system(
        "tool-grounded-self-repair",
        solver,
        reviewer_model=verifier,
        environment=lambda: ToolUse([add]),
    )
    assert "Observation: 4" in solver.calls[1].prompt
    assert result.answer == "4"
    assert QUESTION.prompt in verifier.calls[0].prompt


def never_done(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
    """Answer step after step, and the question only when asked for the rest."""
    prompt = messages[-1].text
    if "JSON" in prompt:
        return Choice(text='{"reason": "", "score": 7}')
    if "CHOICE" in prompt:
        return Choice(text="CHOICE: go on")
    if sampling.max_tokens:
        return Choice(text=" and", finish_reason="length")
    written = len(sampling.prefix or "")
    return Choice(text=f"Go on from {written}.\n\nMore." if sampling.stop else "The answer is 4.")


@pytest.mark.parametrize(
    "name",
    ["rain-rewind", "alphallm", "kcts", "rest-mcts", "meta-reasoner", "pasr", "satori-actions"],
)
async def test_a_search_that_reaches_its_limit_finishes_its_best_text(name: str) -> None:
    scorer = worth({"Go": 0.8, "and": 0.8}) if name in ("kcts", "rest-mcts") else None
    result = await run_system(name, ScriptedChatModel(never_done), samples=4, scorer=scorer)
    *steps, last = result.candidates
    assert not any(step.complete for step in steps)
    assert (last.operator, result.answer) == ("finish", "4")


async def test_the_supervisor_reads_the_reasoning() -> None:
    model = ScriptedChatModel(
        ["Add them.\n\n", "CHOICE: go on", "The answer is 4.", "CHOICE: stop"]
    )
    result = await run_system("meta-reasoner", model)
    assert "# Progress\nAdd them." in model.calls[1].prompt
    assert result.answer == "4"
