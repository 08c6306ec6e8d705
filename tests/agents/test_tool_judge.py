"""A judge with tools reads their results before it gives a score."""

from langchain_core.tools import tool

from refinegraph.agents import ToolJudge
from refinegraph.agents.environments import ToolUse, act
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.operators import Task
from refinegraph.schema import Candidate, Move, Problem

QUESTION = Problem(prompt="What is 6 * 7?", kind="math")
RIGHT = Candidate(id="0.0", text="The answer is 42.", answer="42")


@tool
def times(a: int, b: int) -> int:
    """Multiply."""
    return a * b


async def test_the_score_follows_the_tool() -> None:
    model = ScriptedChatModel(['Action: times[{"a": 6, "b": 7}]', "It fits.\nAction: finish[9]"])
    judge = ToolJudge(model, lambda: ToolUse([times]))
    told = await judge(QUESTION, [RIGHT, RIGHT])
    assert [score.value for score in told.scores] == [0.9, 0.9]
    assert "Observation: 42" in model.calls[1].prompt
    assert told.usage.llm_calls == 2


async def test_a_judge_that_never_decides_scores_none() -> None:
    model = ScriptedChatModel("Hm.\nAction: times[1]", cycle=True)
    told = await ToolJudge(model, lambda: ToolUse([times]), max_actions=2)(QUESTION, [RIGHT])
    assert told.scores[0].value is None
    assert "no score after 2 actions" in told.scores[0].evidence


async def test_actions_are_taken_back_by_playing_the_first_ones_again() -> None:
    episode = "Action: times[1]\nObservation: one\nNo.\nAction: times[2]\nObservation: two"
    parent = Candidate(id="0.0", text=episode, complete=False)
    model = ScriptedChatModel("Better.\nAction: finish[4]")
    step = act(model, lambda: ToolUse([times]))
    task = Task(
        problem=QUESTION, move=Move(operator="act", parents=("0.0",), keep=1), parents=(parent,)
    )
    text = (await step.apply(task)).drafts[0].choice.text
    assert text.startswith("Action: times[1]\nObservation: ")
    assert "times[2]" not in text
    assert "times[2]" not in model.calls[0].prompt
