"""The distinctive behaviour of systems that verify, retrieve, choose, defer and reflect."""

import math
from collections.abc import Sequence

import pytest
from gallery_runs import QUESTION, Doors, run_system, says, worth
from langchain_core.messages import BaseMessage
from langchain_core.tools import tool
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.environments import ToolUse
from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Choice, Sampling, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Isolation,
    Note,
    Problem,
    Verdict,
    VisibleTest,
)


async def test_one_text_holds_solutions_and_verifications_in_turn() -> None:
    model = ScriptedChatModel(
        ["The answer is 5.", "REFUTED", "The answer is 4.", "It adds up. VERIFIED"]
    )
    result = await run_system("spoc", model, rounds=3)
    assert model.calls[1].sampling.prefix == "The answer is 5.\n\nVerification: "
    assert (model.calls[2].sampling.prefix or "").endswith("REFUTED\n\nNew solution: ")
    assert result.answer == "4"
    assert len(model.calls) == 4


async def test_facts_are_looked_up_only_where_one_is_missing() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="fact", text="Two pairs are four.")])
    sure = ScriptedChatModel(["ENOUGH", "The answer is 4."])
    await run_system("reflective-graph-rag", sure, memory=memory)
    assert len(sure.calls) == 2
    model = ScriptedChatModel(
        ["RETRIEVE: pairs", "Pairs: four.", "ENOUGH", "The answer is 4."],
    )
    result = await run_system("reflective-graph-rag", model, memory=memory)
    assert "Two pairs are four." in model.calls[1].prompt
    assert "Pairs: four." in model.calls[3].prompt
    assert result.answer == "4"


async def test_the_chosen_mechanism_is_used() -> None:
    model = ScriptedChatModel(
        ["CHOICE: run code", "```python\nprint(2 + 2)\n```", "The answer is 4."]
    )
    result = await run_system("mechanism-router", model)
    assert "It printed:\n4" in model.calls[2].prompt
    assert result.answer == "4"


async def test_a_failure_is_reflected_on_once() -> None:
    bad, good = '{"score": 1}', '{"score": 9}'
    model = ScriptedChatModel(["The answer is 5.", bad, "Count twice.", "The answer is 4.", good])
    result = await run_system("reflect-retry", model)
    assert "From your reflection on a failed attempt:\n- Count twice." in model.calls[3].prompt
    assert result.answer == "4"
    sure = ScriptedChatModel(["The answer is 4.", good])
    assert (await run_system("reflect-retry", sure)).usage.llm_calls == 2


async def test_a_step_that_the_critic_refutes_is_written_anew() -> None:
    steps = iter(["2 is one and one.", "2 + 2 is 5.", "2 + 2 is 4.", "The answer is 4."])

    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"score": 0}' if "is 5" in prompt else '{"score": 10}'
        return next(steps)

    result = await run_system("self-play-critic", ScriptedChatModel(answer))
    assert result.chosen is not None
    assert result.chosen.text == "2 is one and one.\n2 + 2 is 4.\nThe answer is 4."


async def test_the_best_of_the_chain_is_kept() -> None:
    model = ScriptedChatModel(says(5, 4, 3))
    result = await run_system(
        "evolve-refinement", model, scorer=worth({"is 4": 0.9, "is 5": 0.5}), rounds=2
    )
    assert "The answer is 4." in model.calls[2].prompt
    assert result.answer == "4"


@pytest.mark.parametrize(
    ("said", "expected"),
    [("temperature=0.2, top_p=0.9", (0.2, 0.9)), ("temperature: 9", (1.5, 1.0)), ("?", (0.7, 1.0))],
)
async def test_the_model_is_sampled_as_it_asks(said: str, expected: tuple[float, float]) -> None:
    model = ScriptedChatModel([said, "The answer is 4."])
    result = await run_system("self-decoding-config", model)
    used = model.calls[1].sampling
    assert (used.temperature, used.top_p) == expected
    assert result.answer == "4"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_what_the_judge_finds_with_tools_rewrites_the_prompt() -> None:
    solver = ScriptedChatModel(says(5, 3, 4, 4))
    judge = ScriptedChatModel(
        [
            'Action: add[{"a": 2, "b": 2}]',
            "Action: finish[2]",
            "Action: finish[1]",
            "Add only once.",
            "Action: finish[9]",
        ]
    )
    result = await run_system(
        "anyprefer", solver, reviewer_model=judge, environment=lambda: ToolUse([add]), samples=2
    )
    assert "Instruction:\n- Add only once." in solver.calls[-1].prompt
    tuned = next(call.prompt for call in judge.calls if "in at most three" in call.prompt)
    assert QUESTION.prompt in tuned
    assert result.answer == "4"


async def test_the_provers_messages_come_back_into_the_thoughts() -> None:
    async def prover(
        problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        passed = "rfl" in (candidate.program or "")
        outcome = CaseOutcome(
            id="proof", status="passed" if passed else "failed", error="unsolved goals"
        )
        status = "passed" if passed else "failed"
        return Verdict(
            passed=passed, status=status, tests=(outcome,), isolation=Isolation(tier="none")
        )

    prover.checks_without_tests = True  # type: ignore[attr-defined]
    theorem = Problem(prompt="Prove it.", preamble="example : 1 = 1 := by")
    model = ScriptedChatModel(["```lean\n  simp\n```", "It is by definition.\n```lean\n  rfl\n```"])
    result = await run_system("leanabell", model, problem=theorem, checker=prover)
    assert "unsolved goals" in model.calls[1].prompt
    assert result.solved
    assert len(model.calls) == 2


def believed(probability: float) -> Choice:
    top = (TopLogprob("True", math.log(probability)), TopLogprob("False", math.log1p(-probability)))
    return Choice(text="True", logprobs=(TokenLogprob(token="True", logprob=-1.0, top=top),))


@pytest.mark.parametrize(
    ("own", "larger", "answer"), [(0.9, 0.9, "5"), (0.4, 0.9, "4"), (0.4, 0.1, None)]
)
async def test_confidence_answers_defers_or_rejects(
    own: float, larger: float, answer: str | None
) -> None:
    model = ScriptedChatModel(["The answer is 5.", *map(believed, (own, larger, larger))])
    other = ScriptedChatModel("The answer is 4.")
    result = await run_system("confidence-token-cascade", model, refiner_model=other)
    assert result.answer == answer
    assert len(other.calls) == int(own < 0.7)


async def test_failed_episodes_are_mended_each_by_its_own_reflection() -> None:
    def act(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "From the reflector:" not in prompt:
            return next(first)
        assert "Never left then" not in prompt or "Not up" not in prompt
        return "Action: right" if "behind left" in prompt else "Action: left"

    def reflect(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        return "Never left then." if "Action: left" in messages[-1].text else "Not up."

    first = iter(["Action: give up", "Action: left", "Action: give up"])
    agent, reflector = ScriptedChatModel(act), ScriptedChatModel(reflect)
    result = await run_system(
        "re-rest", agent, reviewer_model=reflector, environment=Doors, samples=2
    )
    assert "Reward: 0" in reflector.calls[0].prompt
    mended = [made for made in result.candidates if made.operator in ("mend", "go_on")]
    assert len(mended) == 4
    assert all("give up" not in made.text for made in mended)
    assert result.answer == "4"


async def test_ai_feedback_picks_the_trajectory() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        prompt = messages[-1].text
        if "JSON" in prompt:
            return '{"score": 9}' if "right" in prompt.partition("steps and")[2][:80] else "no"
        return next(acts)

    acts = iter(["Action: give up", "Action: right"])
    model = ScriptedChatModel(answer)
    result = await run_system("rest-react", model, environment=Doors, samples=2)
    assert "check in your thoughts" in model.calls[0].prompt
    assert result.answer == "4"


async def test_the_instruction_against_harm_comes_after_the_thinking() -> None:
    model = ScriptedChatModel(["The answer is 5.", "It rests on a guess.", "The answer is 4."])
    result = await run_system("instructed-safety-revise", model)
    assert "It rests on a guess.\n\nAnswer again." in model.calls[2].prompt
    assert result.answer == "4"
