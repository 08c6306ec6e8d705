"""The distinctive behaviour of systems that search over text, vote by probability and evolve."""

import math
from collections.abc import Sequence

from gallery_runs import QUESTION, Doors, run_system, says, worth
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Choice, Sampling, ScriptedChatModel, TokenLogprob
from refinegraph.schema import (
    Candidate,
    Gold,
    LabelledProblem,
    Note,
    Problem,
    Verdict,
    VisibleTest,
)
from refinegraph.testing import verdict
from refinegraph.tools.checkers import Reading

SUMS = [
    LabelledProblem(Problem(prompt=f"What is {n} + 1?", kind="math"), Gold(answer=str(n + 1)))
    for n in (1, 2)
]


def likely(text: str, probability: float) -> Choice:
    token = TokenLogprob(token=text, logprob=math.log(probability))
    return Choice(text=text, logprobs=(token,), finish_reason="stop")


class Prover:
    """A checker that accepts proofs by one tactic."""

    checks_without_tests = True

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        return verdict("passed" if "by omega" in candidate.text else "failed")


async def test_other_tools_are_tried_before_another_proof() -> None:
    model = ScriptedChatModel(["theorem t : 2 + 2 = 4 := by simp", "unasked"])
    problem = Problem(prompt="Prove it.", kind="code")
    result = await run_system(
        "lyra",
        model,
        problem=problem,
        checker=Prover(),
        reader=lambda text, _: Reading(program=text),
    )
    assert len(model.calls) == 1
    assert result.chosen is not None
    assert result.chosen.text.endswith("by omega")


async def test_the_chosen_subgoals_guide_the_action() -> None:
    model = ScriptedChatModel(
        [
            "1. Find a door.\n2. Open it.",
            "Open it.",
            "Action: left",
            "1. Try the other one.",
            "Try the other one.",
            "Action: right",
        ]
    )
    result = await run_system("selfgoal", model, environment=Doors)
    assert "Work towards:\n- Open it." in model.calls[2].prompt
    assert "a wall" in model.calls[3].prompt and "Find a door." in model.calls[3].prompt
    assert result.answer == "4"


async def test_an_improver_that_improves_itself_is_used_where_it_does_better() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = messages[-1].text
        if "Write the improved text alone." in asked:
            improver, _, text = asked.partition("Write the improved text alone.")
            if "Solve the problem" in text:
                return "Count on." if "Be bold" in improver else "Guess."
            return "Be bold and improve the text below."
        if "What is" in asked and "Count on." in asked:
            number = int(asked.split("What is ")[1][0])
            return f"The answer is {number + (2 if '2 + 2' in asked else 1)}."
        return "The answer is 0."

    model = ScriptedChatModel(answer)
    result = await run_system("self-taught-optimizer", model, examples=SUMS, samples=1, rounds=1)
    assert [round(made.score or 0.0) for made in result.candidates[:2]] == [0, 1]
    assert result.candidates[-1].parents == (result.candidates[1].id,)
    assert result.answer == "4"


async def test_a_window_that_agrees_ends_the_sampling() -> None:
    model = ScriptedChatModel(says(3, 4, 4, 4, 5, 5))
    result = await run_system("early-stopping-sc", model, batch_size=2, samples=6)
    assert (result.answer, len(result.candidates)) == ("4", 4)
    assert result.stop_reason.rule == "agreed"


async def test_the_rewrite_that_wins_its_comparisons_is_taken() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = "\n".join(message.text for message in messages)
        if "winner" in asked:
            first = asked.find("The answer is 4.")
            return (
                '{"winner": "A"}' if first < asked.find("The answer is 5.") else '{"winner": "B"}'
            )
        return "The answer is 4." if "Rewrite the whole" in asked else "The answer is 5."

    result = await run_system("llama-berry", ScriptedChatModel(answer), samples=4)
    assert {made.operator for made in result.candidates} == {"solve", "rewrite"}
    assert result.answer == "4"


async def test_the_meta_critic_tells_the_critic_what_to_look_for() -> None:
    model = ScriptedChatModel(
        [*says(5), "VERDICT: wrong", *says(3), "Look at the sign.", "VERDICT: wrong", *says(4), "x"]
    )
    result = await run_system("meta-critique-spec", model)
    assert "Look at the sign." not in model.calls[1].prompt
    assert "Look in particular for this:\nLook at the sign." in model.calls[4].prompt
    assert result.answer == "4"


async def test_judgements_by_principles_are_voted() -> None:
    points = iter([9, 1, 1, 1, 6, 6, 6, 6])
    model = ScriptedChatModel(says(5, 4))
    judge = ScriptedChatModel(lambda m, s: f'{{"reason": "", "score": {next(points)}}}')
    result = await run_system("principle-judge", model, samples=2, reviewer_model=judge)
    assert "principles" in judge.calls[0].prompt
    assert sorted(made.score for made in result.candidates if made.score) == [0.3, 0.6]
    assert result.answer == "4"


async def test_an_easy_problem_gets_one_sample_and_a_hard_one_a_settled_vote() -> None:
    easy = await run_system("difficulty-adaptive-sc", ScriptedChatModel(["SCORE: 2", *says(4)]))
    assert (easy.answer, len(easy.candidates)) == ("4", 1)
    hard = ScriptedChatModel(["SCORE: 8", *says(5, 4, 4, 4, 4, 4, 4, 4, 4)])
    settled = await run_system("difficulty-adaptive-sc", hard)
    assert settled.answer == "4"
    assert 4 < len(settled.candidates) < 10


async def test_a_doubted_step_is_refined_before_the_next_one() -> None:
    doubt = '{"reason": "2 and 2 are not 5", "score": 1}'
    fine = '{"reason": "", "score": 9}'
    model = ScriptedChatModel(
        ["2 + 2 is 5.\n\nrest", doubt, "2 + 2 is 4.\n\nrest", fine, "The answer is 4.", fine]
    )
    result = await run_system("pasr", model)
    assert "2 and 2 are not 5" in model.calls[2].prompt
    assert model.calls[4].sampling.prefix == "2 + 2 is 4.\n\n"
    assert result.answer == "4"


async def test_reflections_on_solved_problems_become_an_instruction() -> None:
    model = ScriptedChatModel(
        ["The answer is 9.", "I guessed.", "Never guess.", "The answer is 3.", *says(4)]
    )
    result = await run_system("metareflection", model, examples=SUMS)
    assert "Never guess." in model.calls[3].prompt
    assert "From experience:\n- Never guess." in model.calls[4].prompt
    assert result.answer == "4"


async def test_the_fitter_of_two_prompts_is_mutated_by_a_mutation_prompt() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = messages[-1].text
        if "A mutation prompt:" in asked:
            return "Count on."
        if "Count on." not in asked:
            return "The answer is 0."
        return {"1": "The answer is 2.", "2": "The answer is 3."}[asked.split("What is ")[1][0]]

    model = ScriptedChatModel(answer)
    await run_system("promptbreeder", model, examples=SUMS, samples=3)
    mutations = [call.prompt for call in model.calls if "A mutation prompt:" in call.prompt]
    assert len(mutations) == 1
    assert "Instruction:\n- Count on." in model.calls[-1].prompt


async def test_episodes_begin_anew_by_what_others_teach() -> None:
    model = ScriptedChatModel(
        [
            "Action: give up",
            "Do not give up.",
            "Action: left",
            "Action: right",
            "Go right at once.",
            "Action: right",
            "Only that.",
            "Action: right",
        ]
    )
    result = await run_system("se-agent", model, environment=Doors, samples=1)
    revised = model.calls[2].prompt
    assert "Strategy:\n- Do not give up." in revised and "outside" not in revised
    assert "outside" in model.calls[4].prompt and "a garden" in model.calls[4].prompt
    assert result.answer == "4"


async def test_notes_are_revised_and_found_by_the_next_problem() -> None:
    memory = StoreMemory(InMemoryStore())
    model = ScriptedChatModel([*says(4), "Count on.", "Count on, always.", *says(4), "x", "y"])
    await run_system("in-memory-notes", model, memory=memory)
    await run_system("in-memory-notes", model, memory=memory)
    assert "Count on." in model.calls[2].prompt
    assert "- Count on, always." in model.calls[3].prompt


async def test_the_action_with_the_likeliest_tokens_goes_on() -> None:
    model = ScriptedChatModel([likely("Action: give up", 0.2), likely("Action: right", 0.9)])
    result = await run_system("soft-sc", model, environment=Doors, samples=2)
    assert model.calls[0].n == 2
    assert result.candidates[1].score == 0.9


async def test_sentences_that_contradict_a_second_try_are_edited_out() -> None:
    model = ScriptedChatModel(
        [
            "It is old. The answer is 4.",
            "It is new.",
            "VERDICT: wrong",
            "It is. The answer is 4.",
            "The answer is 4.",
            "VERDICT: right",
        ]
    )
    result = await run_system("contradiction-removal", model)
    assert "It is old." not in model.calls[1].prompt
    assert "1. It is old.\n2. It is new." in model.calls[3].prompt
    assert result.chosen is not None
    assert result.chosen.text == "It is. The answer is 4."


async def test_an_agent_rewrites_itself_from_what_it_failed_on() -> None:
    def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = messages[-1].text
        if "You are this agent" in asked:
            return "Count on."
        if "Count on." not in asked:
            return "The answer is 0."
        return {"1": "The answer is 2.", "2": "The answer is 3."}[asked.split("What is ")[1][0]]

    model = ScriptedChatModel(answer)
    await run_system("darwin-godel", model, examples=SUMS, samples=3)
    modified = [call.prompt for call in model.calls if "You are this agent" in call.prompt]
    assert "It fails on: What is 1 + 1?" in modified[0]
    assert "Be this agent:\n- Count on." in model.calls[-1].prompt


async def test_what_fails_the_own_evaluation_is_rewound() -> None:
    scorer = worth({"rude": 0.0, "Do": 0.8})
    steps = iter(["rude\n", "Do this.\n", *["The answer is 4."] * 20])
    model = ScriptedChatModel(lambda messages, sampling: next(steps))
    result = await run_system("rain-rewind", model, samples=4, scorer=scorer)
    assert [made.parents for made in result.candidates] == [(), (), ("0.1",), ("0.1",)]
    assert result.answer == "4"


async def test_a_plan_is_refined_until_it_is_stable_and_again_by_what_came_of_it() -> None:
    model = ScriptedChatModel(["1. left", "1. left", "1. left\n2. right", "1. left\n2. right"])
    result = await run_system("equilibrium-planner", model, environment=Doors)
    assert "left: a wall behind left" in model.calls[2].prompt
    assert [made.operator for made in result.candidates] == [
        "plan",
        "refine",
        "play",
        "refine",
        "refine",
        "play",
    ]
    assert result.answer == "4"


async def test_improbable_paths_do_not_vote() -> None:
    votes = [likely("The answer is 5.", 0.1)] * 3 + [likely("The answer is 4.", 0.9)]
    result = await run_system("perplexity-consistency", ScriptedChatModel(votes), samples=4)
    assert result.answer == "4"


async def test_moderate_surprise_is_worth_most() -> None:
    from refinegraph.graphs.gallery.curiosity_mcts import curiosity
    from refinegraph.testing import candidate

    values = [curiosity(QUESTION, candidate(mean_logprob=-s)) for s in (0.1, 1.2, 4.0)]
    assert values[1] == max(value or 0.0 for value in values)
    model = ScriptedChatModel(
        lambda m, s: '{"reason": "", "score": 5}' if "coherent" in m[-1].text else "One.\n\nTwo."
    )
    result = await run_system("curiosity-mcts", model, samples=6)
    assert all(made.score == 0.5 for made in result.candidates)


async def test_demonstrations_are_found_by_the_thought() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="episode", text="before: a wall; step: right; after: a garden")])
    model = ScriptedChatModel(["I have to find the garden.", "Action: right"])
    result = await run_system("trad", model, environment=Doors, memory=memory)
    assert "step: right; after: a garden" in model.calls[1].prompt
    assert result.answer == "4"


async def test_code_in_a_step_is_run_and_the_value_steers() -> None:
    steps = iter(["Action: print(2 + 2)", "Action: print('no')", *["Action: finish[4]"] * 2])
    model = ScriptedChatModel(lambda messages, sampling: next(steps))
    scorer = worth({"Observation: 4": 0.9})
    result = await run_system("alphamath", model, samples=2, scorer=scorer)
    assert {made.parents for made in result.candidates[2:]} == {(result.candidates[0].id,)}
    assert result.answer == "4"
