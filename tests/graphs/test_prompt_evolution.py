"""Prompts evolve on solved problems, and the best one is noted."""

from collections.abc import Sequence

import pytest
from langchain_core.messages import BaseMessage

from refinegraph.agents import prompted
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.agents.operators import Operator
from refinegraph.errors import InputError
from refinegraph.graphs import search_graph
from refinegraph.graphs.gepa_prompt import gepa_prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.prompt_evolution import evolve_prompt, is_right, prompt_fitness
from refinegraph.schema import Candidate, Gold, LabelledProblem, Problem, RefinementResult

EXAMPLES = [
    LabelledProblem(Problem(prompt=f"What is {n} + {n}?", kind="math"), Gold(answer=str(2 * n)))
    for n in (2, 3)
]
ASKED = Problem(prompt="What is 4 + 4?", kind="math")


def pupil(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Answer correctly if the prompt says to be careful; write such a prompt on request."""
    said = messages[-1].text
    if "instruction" in said:
        return "```\nBe careful.\n```" if "```" in said else "Be careful."
    number = next(n for n in (2, 3, 4) if f"{n} + {n}" in said)
    return f"The answer is {2 * number if 'careful' in said else 0}."


async def answered(evolve: Operator, model: ScriptedChatModel) -> RefinementResult:
    graph = search_graph(
        operators={"solve": evolve >> prompted(model, "$note\n\n$problem")},
        policy=schedule(move("solve")),
    )
    result: RefinementResult = (await graph.ainvoke({"problem": ASKED}))["result"]
    return result


async def test_the_fittest_prompt_answers_and_every_call_is_counted() -> None:
    model = ScriptedChatModel(pupil)
    result = await answered(evolve_prompt(model, EXAMPLES, seeds=["Hurry."]), model)
    assert [note.text for note in result.notes] == ["Be careful."]
    assert result.answer == "8"
    assert result.usage.llm_calls == len(model.calls)
    assert not [call for call in model.calls if "The answer is 6" in call.prompt]


async def test_gepa_finds_the_prompt_too() -> None:
    pytest.importorskip("gepa", reason="the extra 'evolve' is not installed")
    model = ScriptedChatModel(pupil)
    result = await answered(gepa_prompt(model, EXAMPLES, seed="Hurry.", max_calls=12), model)
    assert [note.text for note in result.notes] == ["Be careful."]
    assert result.answer == "8"
    assert result.usage.llm_calls == len(model.calls)


async def test_a_writer_sees_what_failed_and_not_the_reference() -> None:
    fitness = prompt_fitness(ScriptedChatModel(pupil), EXAMPLES)
    told = await fitness(ASKED, [Candidate(id="0.0", text="Hurry.")])
    assert told.scores[0].value == 0.0
    assert "What is 2 + 2?" in told.scores[0].evidence
    assert "4" not in told.scores[0].evidence


async def test_programs_are_judged_by_their_hidden_tests() -> None:
    problem = Problem(prompt="Write inc(x).", entry_point="inc")
    solved = LabelledProblem(problem, Gold(tests="assert inc(1) == 2"))
    assert await is_right("```python\ndef inc(x):\n    return x + 1\n```", solved)
    assert not await is_right("```python\ndef inc(x):\n    return x\n```", solved)
    assert not await is_right("no program", solved)


def test_no_examples_are_refused() -> None:
    with pytest.raises(InputError, match="at least one solved problem"):
        prompt_fitness(ScriptedChatModel(pupil), [])
