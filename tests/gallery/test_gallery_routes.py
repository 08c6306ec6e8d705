"""The distinctive behaviour of systems that rank by people, signals and subgoals."""

from collections.abc import Sequence

from gallery_runs import Doors, run_system, says, worth
from langchain_core.messages import BaseMessage

from refinegraph.agents.environments import Observation
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.schema import Problem


async def test_a_less_important_signal_decides_only_where_the_first_is_even() -> None:
    safety = worth({"is 5": 0.2, "is 4": 0.9, "is 3": 0.95})
    style = worth({"is 5": 1.0, "is 4": 0.8, "is 3": 0.1})
    model = ScriptedChatModel(says(5, 4, 3))
    result = await run_system("lexicographic-rank", model, samples=3, scorer=(safety, style))
    assert result.answer == "4"


async def test_the_reward_selects_and_stays_with_the_samples() -> None:
    model = ScriptedChatModel(says(5, 4))
    result = await run_system(
        "one-reward-three-uses", model, samples=2, scorer=worth({"is 5": 0.1, "is 4": 0.7})
    )
    assert [made.score for made in result.candidates] == [0.1, 0.7]
    assert result.answer == "4"


async def test_only_particles_with_potential_live_on() -> None:
    drafts = iter(["Guess.", "Add.", *says(4, 4)])
    model = ScriptedChatModel(lambda messages, sampling: next(drafts))
    scorer = worth({"Add": 1.0, "Guess": -1.0})
    result = await run_system("particle-steering", model, samples=2, scorer=scorer)
    assert {made.parents for made in result.candidates[2:]} == {("0.1",)}
    assert result.answer == "4"


async def test_the_action_that_achieves_a_subgoal_is_gone_on_from() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "Which 5 subgoals" in prompt:
            return '{"questions": ["Has the middle door been opened?"]}'
        if "has it achieved" in prompt:
            return '{"answers": ["yes"]}' if "behind middle" in prompt else '{"answers": ["no"]}'
        return next(acts)

    acts = iter(["Action: left", "Action: middle", "Action: right", "Action: left"])
    model = ScriptedChatModel(answer)
    result = await run_system("subgoal-credit", model, environment=Doors, samples=2)
    assert [made.parents for made in result.candidates[2:]] == [("0.1",)] * 2
    assert result.answer == "4"


async def test_a_generation_is_written_from_the_best_and_the_worst() -> None:
    model = ScriptedChatModel(says(5, 3, 4, 4))
    shown: list[str] = []

    def user(question: str) -> str:
        shown.append(question)
        return "2 is the best, 1 the worst"

    result = await run_system("ranked-population", model, user=user, samples=2, rounds=1)
    best, _, worst = model.calls[-1].prompt.partition("and this one least")
    assert "The answer is 3." in best
    assert "The answer is 5." in worst
    assert "1:\nThe answer is 5." in shown[0]
    assert result.answer == "4"


async def test_what_a_person_says_is_refined_until_nothing_is_left() -> None:
    model = ScriptedChatModel(says(5, 4))
    replies = iter(["It is one too many.", ""])
    result = await run_system("text2reward", model, user=lambda question: next(replies))
    assert "It is one too many." in model.calls[1].prompt
    assert (result.answer, len(model.calls)) == ("4", 2)


class Buttons:
    """An environment with two listed actions."""

    async def reset(self, problem: Problem) -> Observation:
        return Observation("You can:\n- press the green button\n- pull the red lever")

    async def step(self, action: str) -> Observation:
        done = action == "press the green button"
        return Observation("a light", done=done, answer="4" if done else None)


async def test_free_words_become_the_nearest_admissible_action() -> None:
    model = ScriptedChatModel("Action: I would press on that green button")
    result = await run_system("action-grounding", model, environment=Buttons)
    assert "Observation: (press the green button) a light" in result.candidates[0].text
    assert result.answer == "4"


async def test_an_action_is_checked_before_it_is_executed() -> None:
    model = ScriptedChatModel(
        ["1. Go out.", "the left door", "the right door: left is a wall", "Action: right"]
    )
    result = await run_system("pre-execution-check", model, environment=Doors)
    assert "1. Go out." in model.calls[1].prompt
    assert "executed:\nthe left door" in model.calls[2].prompt
    assert "Execute this action:\n- the right door" in model.calls[3].prompt
    assert "left" not in result.candidates[0].text
    assert result.answer == "4"


async def test_the_models_own_code_says_how_far_an_episode_has_come() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if "Write a Python function" in messages[-1].text:
            return "```python\ndef progress(episode):\n    return 0.5 * ('middle' in episode)\n```"
        return next(acts)

    acts = iter(["Action: left", "Action: middle", "Action: right", "Action: left"])
    model = ScriptedChatModel(answer)
    result = await run_system("progress-function", model, environment=Doors, samples=2)
    assert [made.parents for made in result.candidates[2:]] == [("0.1",)] * 2
    assert result.answer == "4"
    assert sum("Write a Python function" in call.prompt for call in model.calls) == 1
