"""The distinctive behaviour of systems that draft, check, plan and repair."""

import math

import pytest
from gallery_runs import PROGRAM, RIGHT, WRONG, Doors, by_word, run_system, says, worth
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Choice, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.schema import Note


def certain(text: str, probability: float) -> Choice:
    """Return a choice in which every token had this probability."""
    rest = (1 - probability) / 19
    top = (
        TopLogprob(text, math.log(probability)),
        *(TopLogprob(f"other {n}", math.log(rest)) for n in range(19)),
    )
    token = TokenLogprob(token=text, logprob=math.log(probability), top=top)
    return Choice(text=text, logprobs=(token,))


async def test_a_trigger_stands_behind_the_draft_when_the_budget_doubles() -> None:
    model = ScriptedChatModel(["The answer is 5.", " No: the answer is 4.", "unasked"])
    result = await run_system("iterative-deepening", model, samples=1, rounds=1)
    budgets = [call.sampling.max_tokens for call in model.calls[:2]]
    assert budgets == [256, 512]
    assert model.calls[1].sampling.prefix is not None
    assert model.calls[1].sampling.prefix.startswith("The answer is 5.\n\nWait!")
    assert result.answer == "4"


async def test_the_value_agents_comment_guides_the_next_action_and_a_debate_decides() -> None:
    value = '{"reason": "try the other door", "score": 3}'
    model = ScriptedChatModel(
        [
            "Action: give up",
            value,
            "Action: right",
            value,
            "It is episode 1.",
            "Episode 1 gave up.",
            "CHOICE: 2",
        ]
    )
    result = await run_system("swe-search", model, environment=Doors, samples=2)
    assert result.answer in ("4", "5")
    guided = ScriptedChatModel(["Action: left", value, "Action: right", value])
    await run_system("swe-search", guided, environment=Doors, samples=2)
    assert "Hindsight:\n- try the other door" in guided.calls[2].prompt


async def test_discriminators_argue_before_the_choice() -> None:
    from refinegraph.graphs.gallery.swe_search import debated
    from refinegraph.testing import answers

    model = ScriptedChatModel(["It is 1.", "1 has no proof.", "CHOICE: 2"])
    problem = PROGRAM.model_copy(update={"kind": "math", "tests": ""})
    chosen = await debated(model)(problem, answers("5", "4"))  # type: ignore[misc]
    assert chosen.candidate_id == "0.1"
    assert "It is 1." in model.calls[1].prompt


@pytest.mark.parametrize(("known", "calls"), [(0.95, 1), (0.3, 3)])
async def test_what_the_model_says_to_know_is_sampled_once(known: float, calls: int) -> None:
    top = (TopLogprob("True", math.log(known)), TopLogprob("False", math.log(1 - known)))
    foresight = Choice(text="True", logprobs=(TokenLogprob(token="True", logprob=-1, top=top),))
    model = ScriptedChatModel([foresight, *says(4, 4, 4), *["TRUE"] * 3])
    result = await run_system("p-true-p-ik", model, samples=3)
    assert len(result.candidates) == calls
    assert "Do you know" in model.calls[0].prompt


async def test_doubted_drafts_are_refined_globally_and_from_the_bad_step() -> None:
    model = by_word(
        {"is wrong:\n": "Another way.\nThe answer is 3."},
        otherwise="One and one is two.\nTwo and two is five.\nThe answer is 5.",
    )
    scorer = worth({"is 5": 0.1, "is 3": 0.9}, steps=(0.9, 0.2, 0.2))
    result = await run_system("glore", model, samples=1, scorer=scorer)
    assert [made.operator for made in result.candidates[1:]] == ["globally", "locally"]
    assert model.calls[-1].sampling.prefix == "One and one is two.\n"
    assert result.answer == "3"


async def test_the_answer_to_refine_is_drawn_by_its_bound() -> None:
    model = by_word({"JSON": '{"reason": "", "score": 5}', "VERDICT": "VERDICT: wrong"})
    first = await run_system("mc-nest", model, samples=6, seed=1)
    parents = {made.parents for made in first.candidates[1:]}
    assert len(parents) > 1
    again = await run_system("mc-nest", model, samples=6, seed=1)
    assert [made.parents for made in again.candidates] == [m.parents for m in first.candidates]


async def test_a_mistake_made_before_is_looked_for() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(text="Carrying the one was forgotten.")])
    model = ScriptedChatModel(says(3, 4))
    result = await run_system("self-rethinking", model, memory=memory)
    assert "Carrying the one was forgotten." in model.calls[1].prompt
    assert result.answer == "4"


async def test_the_rationale_whose_student_agrees_with_most_wins() -> None:
    student = by_word({"Guess.": "Perhaps 7.", "Count on.": "It is 6."})
    drafts = ["Guess.\nThe answer is 5.", *["Count on.\nThe answer is 4."] * 2]
    teacher = ScriptedChatModel([*drafts, "What is 3 + 3?"])
    result = await run_system(
        "learn-by-teaching", teacher, samples=3, rounds=0, reviewer_model=student
    )
    assert "in the same way:\nWhat is 3 + 3?" in student.calls[0].prompt
    assert result.answer == "4"


async def test_refinement_ends_when_the_model_repeats_itself() -> None:
    model = ScriptedChatModel(says(3, 4, 4, 5))
    result = await run_system("toolace-r", model)
    assert (result.answer, len(model.calls)) == ("4", 3)


async def test_a_mutation_reads_what_earlier_changes_taught() -> None:
    model = by_word({"made it better": "Dividing helps.", "Write": WRONG}, otherwise=WRONG)
    await run_system("guided-evolution", model, problem=PROGRAM, samples=8)
    taught = [call.prompt for call in model.calls if "taught:\nDividing helps." in call.prompt]
    assert taught


async def test_the_planner_sees_what_its_plan_earned() -> None:
    model = ScriptedChatModel(
        ["Give up.", "Action: give up", "Take the right door.", "Action: right"]
    )
    result = await run_system("openagi-planner", model, environment=Doors)
    assert "Reward: 0" in model.calls[2].prompt
    assert "The plan:\n- Take the right door." in model.calls[3].prompt
    assert "outside" not in model.calls[3].prompt
    assert result.answer == "4"


async def test_relations_of_earlier_questions_form_the_next_prompt() -> None:
    model = ScriptedChatModel(
        [
            "Two is one and one.",
            "- two -> is -> one and one",
            "Four?",
            "- four -> is -> two twos",
            "The answer is 4.",
        ]
    )
    result = await run_system("concept-graph-loop", model, rounds=2)
    assert "two -> is -> one and one" in model.calls[2].prompt
    assert "four -> is -> two twos" in model.calls[-1].prompt
    assert result.answer == "4"


async def test_the_analysis_of_a_failure_reaches_the_designer() -> None:
    critic, analysis = "Clear enough.\nVERDICT: wrong", "It divides by three."
    model = ScriptedChatModel([WRONG, critic, analysis, RIGHT])
    result = await run_system("auto-mc-reward", model, problem=PROGRAM)
    assert "Got: 1" in model.calls[2].prompt
    assert f"The analyser: {analysis}" in model.calls[3].prompt
    assert result.solved


async def test_a_correction_becomes_a_rule_for_the_next_problem() -> None:
    memory = StoreMemory(InMemoryStore())
    review = "VERDICT: wrong\nCHANGE: carry the one"
    model = ScriptedChatModel([*says(3), review, "Always carry.", *says(4, 4), "VERDICT: right"])
    await run_system("correction-memory", model, memory=memory)
    await run_system("correction-memory", model, memory=memory)
    assert "Rules to follow:\n- Always carry." in model.calls[4].prompt


async def test_an_earlier_path_is_reopened_where_the_present_one_is_doubted() -> None:
    replies = iter(["1. Find the door.", *["Action: left", "Action: middle"], "Action: far"])
    scores = {"far": 0.1, "middle": 0.6, "left": 0.5}

    def answer(messages: object, sampling: object) -> str:
        return next(replies, "Action: right")

    model = ScriptedChatModel(answer)
    result = await run_system(
        "plan-on-graph", model, environment=Doors, samples=6, scorer=worth(scores)
    )
    assert "Sub-objectives:\n- Find the door." in model.calls[1].prompt
    assert {made.parents for made in result.candidates} >= {("0.1",), ("0.0",)}


async def test_only_a_doubtful_step_is_written_again() -> None:
    steps = [certain("Two is one and one.", 0.99), certain("Hm.", 0.1)]
    model = ScriptedChatModel(
        [*steps, certain("So 2 + 2 is 4.", 0.99), certain("\\boxed{4}", 0.99)]
    )
    result = await run_system("selective-tree", model)
    assert [made.parents for made in result.candidates] == [(), ("0.0",), ("0.0",), ("2.0",)]
    assert result.answer == "4"


async def test_a_tool_is_written_for_what_was_explored_and_fixed_until_it_runs() -> None:
    model = ScriptedChatModel(
        ["Action: right", "Python 3 is there.", WRONG, "VERDICT: wrong\nIt divides by 3.", RIGHT]
    )
    result = await run_system("toolmaker", model, problem=PROGRAM, environment=Doors)
    assert "What is known of the environment:\nPython 3 is there." in model.calls[2].prompt
    assert "a garden" in model.calls[1].prompt
    assert result.solved


async def test_every_check_is_made_whatever_the_others_say() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(text="G28 goes home.")])
    fine, fault = "VERDICT: right", "Too deep.\nVERDICT: wrong"
    model = ScriptedChatModel([*says(4), fine, fault, *says(5), fine])
    result = await run_system("check-chain-gcode", model, memory=memory)
    assert "G28 goes home." in model.calls[0].prompt
    asked = [call.prompt for call in model.calls if "Check only" in call.prompt]
    assert ["syntax" in asked[0], "limits" in asked[1], "dimensions" in asked[2]] == [True] * 3
    assert result.answer == "5"


async def test_the_verification_program_is_run_and_itself_refined() -> None:
    model = ScriptedChatModel(
        [
            *says(5),
            "count up",
            "It counts 4.\nVERDICT: wrong",
            *says(4),
            "count twice",
            "VERDICT: right",
        ]
    )
    result = await run_system("progco", model)
    assert "Verification program:\ncount up" in model.calls[2].prompt
    assert "It counts 4." in model.calls[3].prompt
    assert "count up" in model.calls[4].prompt
    assert result.answer == "4"


async def test_the_profile_of_the_data_comes_before_the_code() -> None:
    model = ScriptedChatModel(["x is even.", WRONG, "VERDICT: wrong", RIGHT])
    result = await run_system("strot", model, problem=PROGRAM)
    assert "Profile of the data:\nx is even." in model.calls[1].prompt
    assert result.solved


async def test_errors_go_straight_back_to_the_programmer() -> None:
    model = ScriptedChatModel([WRONG, WRONG, RIGHT])
    result = await run_system("pycapsule", model, problem=PROGRAM)
    assert "Got: 1" in model.calls[2].prompt
    assert (result.solved, len(model.calls)) == (True, 3)


async def test_the_instructor_refreshes_and_then_lets_select() -> None:
    model = ScriptedChatModel(
        [
            "Count on.",
            *says(5),
            "CHOICE: refresh",
            *says(3),
            "CHOICE: select",
            *says(4),
            "CHOICE: stop",
        ]
    )
    result = await run_system("instruct-of-reflection", model)
    assert "Count on." in model.calls[3].prompt
    assert "The answer is 5." in model.calls[5].prompt
    assert (result.answer, result.stop_reason.rule) == ("4", "supervisor")


async def test_an_explanation_is_refined_by_the_words_that_mattered() -> None:
    critique = "`+` decided it.\nVERDICT: wrong"
    model = ScriptedChatModel(
        [*says(4), critique, "Plus adds.\nThe answer is 4.", "VERDICT: right"]
    )
    result = await run_system("sr-nle", model)
    assert "`+` decided it." in model.calls[2].prompt
    assert result.chosen is not None
    assert "Plus adds." in result.chosen.text


async def test_wait_is_put_behind_the_models_own_text() -> None:
    model = ScriptedChatModel([*says(5), ": it is two twos. The answer is 4."])
    result = await run_system("wait-trigger", model)
    assert model.calls[1].sampling.prefix == "The answer is 5.\nWait"
    assert result.answer == "4"
