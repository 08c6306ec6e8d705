"""The distinctive behaviour of systems guided by values, memories, tools and stages."""

import math
from collections.abc import Sequence

import pytest
from gallery_runs import PROGRAM, QUESTION, RIGHT, WRONG, Doors, by_word, run_system, says, worth
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.environments import Observation
from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Choice, Sampling, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.graphs.gallery.policy_stack import Stack
from refinegraph.graphs.gallery.windowed_prm import hierarchical
from refinegraph.schema import Note, Problem


def chosen_word(word: str, other: str, probability: float) -> Choice:
    """Return a one-word answer that had this probability against another word."""
    top = (
        TopLogprob(word, math.log(probability)),
        TopLogprob(other, math.log(1 - probability)),
    )
    token = TokenLogprob(token=word, logprob=math.log(probability), top=top)
    return Choice(text=word, logprobs=(token,))


def replies(*texts: str, then: str = "The answer is 4.") -> ScriptedChatModel:
    """Return a model that gives these texts in turn, and then repeats the last one."""
    left = iter(texts)
    return ScriptedChatModel(lambda messages, sampling: next(left, then))


@pytest.mark.parametrize("name", ["ovm-search", "atomic-steps", "prm-greedy"])
async def test_steps_go_on_from_the_path_of_highest_value(name: str) -> None:
    model = replies("bad\n\n", "good\n\n", *["bad\n\n"] * 2)
    result = await run_system(
        name, model, samples=4, scorer=worth({"good": 0.9, "bad": 0.1, "The": 0.5})
    )
    good = [made.id for made in result.candidates if made.text.strip() == "good"]
    later = [made for made in result.candidates if made.parents]
    assert {made.parents for made in later} == {(good[0],)}
    assert result.answer == "4"


@pytest.mark.parametrize("name", ["step-q-agent", "agent-rm"])
async def test_the_action_of_highest_value_goes_on(name: str) -> None:
    model = replies(
        "Action: left", "Action: middle", "Action: far", "Action: near", then="Action: right"
    )
    scorer = worth({"middle": 0.9, "near": 0.8, "left": 0.1})
    result = await run_system(name, model, environment=Doors, samples=4, scorer=scorer)
    expanded = {made.parents[0] for made in result.candidates if made.parents}
    assert result.candidates[1].id in expanded
    assert result.candidates[0].id not in expanded
    assert result.answer == "4"


async def test_a_doubted_step_over_documents_is_mended_by_its_explanation() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="fact", text="Two twos are four.")])
    doubt = '{"reason": "Read the document.", "score": 2}'
    fine = '{"reason": "", "score": 9}'
    model = ScriptedChatModel(["It is 5.\n\n", doubt, "It is 4.\n\n", fine, *says(4), fine])
    result = await run_system("rearter", model, samples=1, memory=memory)
    assert "Two twos are four." in model.calls[0].prompt
    assert "Read the document." in model.calls[2].prompt
    assert [made.operator for made in result.candidates] == ["step", "mend", "step"]
    assert result.answer == "4"


async def test_a_step_is_worth_the_progress_that_it_makes() -> None:
    scorer = worth({"stay": 0.6, "rise": 0.5, "start": 0.55, "low": 0.1})
    model = replies("start\n", "low\n", *["low\n"] * 2, "stay\n", "x\n", then="The answer is 4.")
    result = await run_system("progress-search", model, samples=4, scorer=scorer)
    scores = {made.text.splitlines()[-1]: made.score for made in result.candidates}
    assert scores["start"] == 0.55
    assert scores["stay"] == pytest.approx(0.6 + 3 * 0.05)


async def test_a_step_whose_code_fails_is_not_expanded() -> None:
    model = replies("Action: print(1 / 0)", *["Action: print(2 + 2)"] * 3, then="Action: finish[4]")
    result = await run_system("rstar-math", model, samples=8, scorer=worth({"": 0.9}))
    assert [made.score for made in result.candidates[:4]] == [0.0, 0.9, 0.9, 0.9]
    assert all(made.parents != ("0.0",) for made in result.candidates)
    assert result.answer == "4"


async def test_an_edit_adds_the_edits_that_it_makes_necessary() -> None:
    model = ScriptedChatModel(
        ["1. Rename f.", "def g(): ...", "1. Rename the call of f.", "def g(): ...\ng()", "NONE"]
    )
    problem = Problem(prompt="Rename f.", kind="code")
    result = await run_system("codeplan", model, problem=problem)
    assert "Make this edit and no other: Rename f." in model.calls[1].prompt
    assert "Make this edit and no other: Rename the call of f." in model.calls[3].prompt
    assert [made.parents for made in result.candidates] == [(), ("0.0",)]


@pytest.mark.parametrize(("helps", "shown"), [(0.9, True), (0.2, False)])
async def test_what_is_kept_is_looked_up_where_that_would_help(helps: float, shown: bool) -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="fact", text="half(x) halves.")])
    model = ScriptedChatModel([chosen_word("yes", "no", helps), *says(4)])
    await run_system("selective-retrieval", model, memory=memory)
    assert ("half(x) halves." in model.calls[1].prompt) is shown


async def test_each_stage_goes_on_from_the_best_of_the_last() -> None:
    stages = {"SUMMARY now": "Plan", "CAPTION now": "Given", "REASONING now": "So"}
    model = by_word(stages, otherwise="The answer is 4.")
    result = await run_system("stage-beam", model, samples=2, scorer=worth({"Plan": 0.5}))
    assert len(result.candidates) == 8
    assert result.chosen is not None
    assert result.chosen.text.split("\n\n") == ["Plan", "Given", "So", "The answer is 4."]


async def test_a_step_ends_before_the_word_that_the_model_is_unsure_of() -> None:
    logprobs = tuple(
        TokenLogprob(token=token, logprob=math.log(p))
        for token, p in (("2 + 2", 0.9), (" is", 0.9), (" 5", 0.3))
    )
    first = Choice(text="2 + 2 is 5", logprobs=logprobs)
    model = ScriptedChatModel([first, *says(4)])
    result = await run_system("adaptive-step", model, samples=1, scorer=worth({"": 0.5}))
    assert [made.text for made in result.candidates] == ["2 + 2 is", "2 + 2 isThe answer is 4."]


class Names:
    """A model that offers two names for every completion."""

    async def reset(self, problem: Problem) -> Observation:
        return Observation("")

    async def step(self, action: str) -> Observation:
        return Observation("third\nhalf")


async def test_the_best_completion_stands_where_the_mark_was() -> None:
    model = ScriptedChatModel(["It is 2 * <COMP>", "half", "(4). The answer is 4."])
    result = await run_system("toolgen-complete", model, environment=Names)
    assert model.calls[2].sampling.prefix == "It is 2 * half"
    assert result.answer == "4"


async def test_a_few_tokens_at_a_time_are_searched_for_what_is_grounded() -> None:
    cut = [Choice(text=text, finish_reason="length") for text in ("false", "true", "false")]
    model = ScriptedChatModel([*cut, cut[0], *[Choice(text=" end.")] * 4])
    result = await run_system("kcts", model, samples=8, scorer=worth({"true": 0.9, "false": 0.1}))
    assert model.calls[0].sampling.max_tokens == 8
    assert {made.parents for made in result.candidates[4:]} == {("0.1",)}


async def test_an_improbable_claim_is_taken_back() -> None:
    model = ScriptedChatModel(
        [
            "It is old and 4.",
            "1. It is old.\n2. It is 4.",
            chosen_word("False", "True", 0.8),
            chosen_word("True", "False", 0.9),
            *says(4),
        ]
    )
    result = await run_system("claim-uncertainty", model)
    assert "doubtful:\n- It is old.\n\n" in model.calls[-1].prompt
    assert result.answer == "4"


async def test_an_event_that_contradicts_what_holds_is_written_anew() -> None:
    model = ScriptedChatModel(
        [
            "She lost the key.\n\n",
            "VERDICT: right",
            "1. The key is lost, from event 1 on.",
            "She opened with the key.\n\n",
            "The key is lost.\nVERDICT: wrong",
            "She knocked. The answer is 4.",
            "VERDICT: right",
        ]
    )
    result = await run_system("facttrack", model)
    assert "The key is lost, from event 1 on." in model.calls[4].prompt
    assert "so that nothing contradicts it: The key is lost." in model.calls[5].prompt
    assert result.chosen is not None
    assert result.chosen.text.endswith("She knocked. The answer is 4.")


async def test_edits_at_three_temperatures_follow_the_localisation() -> None:
    model = ScriptedChatModel(["half.", "Its division.", WRONG, WRONG, WRONG, RIGHT])
    result = await run_system("supercoder", model, problem=PROGRAM)
    assert "Places to change:\nhalf." in model.calls[1].prompt
    assert sorted(call.sampling.temperature or 0.0 for call in model.calls[2:5]) == [0.0, 0.5, 1.0]
    assert "Got: 1" in model.calls[5].prompt
    assert result.solved


async def test_proofs_that_use_the_references_are_kept() -> None:
    memory = StoreMemory(InMemoryStore())
    await memory.add([Note(kind="fact", text="Lemma A: two twos are four.")])
    model = replies("By guessing\n", "By Lemma A\n")
    result = await run_system("naturalprover", model, samples=2, memory=memory)
    assert "by name:\n- Lemma A: two twos are four." in model.calls[0].prompt
    assert {made.parents for made in result.candidates[2:]} == {(result.candidates[1].id,)}


async def test_nothing_but_the_adjusted_span_is_rewritten() -> None:
    model = ScriptedChatModel([WRONG, "return x // 3", "x // 3", "x // 2"])
    result = await run_system("locate-adjust-fix", model, problem=PROGRAM)
    assert "A bug was located here:\nreturn x // 3" in model.calls[2].prompt
    assert result.chosen is not None
    assert result.chosen.program == RIGHT


def test_a_slip_that_the_next_step_mends_is_forgiven() -> None:
    assert hierarchical([0.9, 0.1, 0.9]) > hierarchical([0.9, 0.9, 0.1])


async def test_time_and_space_reach_the_plan_and_the_critic_mends_it() -> None:
    model = ScriptedChatModel(
        ["I came in.", "- door -> is -> right", "Go left.", "Go right.", "Action: right"]
    )
    result = await run_system("stma", model, environment=Doors)
    assert "I came in." in model.calls[2].prompt and "door -> is -> right" in model.calls[2].prompt
    assert "The plan:\n- Go right." in model.calls[4].prompt
    assert result.answer == "4"


async def test_facts_and_instructions_count_beside_preference() -> None:
    def judge(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = "\n".join(message.text for message in messages)
        good = "The answer is 4." in asked
        return (
            f'{{"score": {9 if good else 1}}}' if "JSON" in asked else f"Action: finish[{9 * good}]"
        )

    result = await run_system(
        "reward-agent",
        ScriptedChatModel(says(5, 4)),
        samples=2,
        scorer=worth({"5": 0.8, "4": 0.6}),
        reviewer_model=ScriptedChatModel(judge),
    )
    assert result.answer == "4"
    assert result.candidates[0].score == pytest.approx((0.8 + 0.0 + 0.1) / 3)


async def test_the_dear_test_is_spared_while_the_cheap_one_fails() -> None:
    model = ScriptedChatModel([WRONG, "It rewards thirds.", RIGHT])
    result = await run_system("card-reward-code", model, problem=PROGRAM)
    assert "Got: 1" in model.calls[1].prompt
    assert "Feedback:\nIt rewards thirds." in model.calls[2].prompt
    assert result.solved
    dear = ScriptedChatModel([*says(4), "VERDICT: right"])
    assert (await run_system("card-reward-code", dear)).answer == "4"
    assert "Imagine an agent" in dear.calls[1].prompt


async def test_the_path_of_highest_process_reward_is_searched_first() -> None:
    model = replies("good\n", "bad\n", "bad\n", "better\n", *["bad\n"] * 2)
    scorer = worth({"better": 0.9, "good": 0.6, "bad": 0.1})
    result = await run_system("rest-mcts", model, samples=9, scorer=scorer)
    assert [made.parents for made in result.candidates[3:6]] == [("0.0",)] * 3
    assert result.answer == "4"


async def test_policies_call_one_another_and_return() -> None:
    stack = Stack(Doors())
    assert "`call[find: WHAT]`" in (await stack.reset(QUESTION)).text
    assert "You are now: Find the thing" in (await stack.step("call[find: the door]")).text
    assert "You are again: Reach the goal" in (await stack.step("return[right]")).text
    assert (await stack.step("right")).answer == "4"
    model = ScriptedChatModel(
        ["Action: call[find: the door]", "Action: return[right]", "Action: right"]
    )
    assert (await run_system("policy-stack", model, environment=Doors)).answer == "4"


async def test_the_likeliest_yes_wins() -> None:
    judge = ScriptedChatModel([chosen_word("Yes", "No", 0.2), chosen_word("Yes", "No", 0.7)])
    model = ScriptedChatModel(says(5, 4))
    result = await run_system("yes-no-reward", model, samples=2, reviewer_model=judge)
    assert result.answer == "4"


async def test_rewards_are_backed_up_as_q_values() -> None:
    from refinegraph.graphs.gallery.qlass import q_value
    from refinegraph.graphs.policies.candidate_tree import Node

    end = Node(score=1.0, value=1.0)
    assert q_value(Node(score=0.0, children=[end, Node(value=0.2)])) == 0.9
    model = replies("Action: left", "Action: give up", then="Action: right")
    assert (await run_system("qlass", model, environment=Doors, samples=4)).answer == "4"


async def test_the_judge_computes_before_it_scores() -> None:
    judge = ScriptedChatModel(
        lambda messages, sampling: (
            f"Action: finish[{9 if 'answer is 4' in messages[-1].text else 1}]"
            if "Observation: 4" in messages[-1].text
            else "Action: print(2 + 2)"
        )
    )
    model = ScriptedChatModel(says(5, 4))
    result = await run_system("tool-reward", model, samples=2, reviewer_model=judge)
    assert "Observation: 4" in result.candidates[0].scores[0].evidence
    assert result.answer == "4"
