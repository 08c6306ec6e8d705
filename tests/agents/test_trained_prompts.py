"""Agents use the prompts on which a model was trained, and recognise when it abstains."""

import pytest

from refinegraph import solve
from refinegraph.agents import Solver
from refinegraph.agents.judges.judge import Judge, StepJudge
from refinegraph.agents.judges.p_true import p_true
from refinegraph.agents.judges.pairwise import PairwiseJudge
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.prompts import COMPACT2, PROMPT_SETS, STANDARD, prompts_for
from refinegraph.agents.prompts.judging import JUDGE, PAIR, STEP_JUDGE
from refinegraph.errors import ModelAbstained, SettingError
from refinegraph.schema import Problem

OUTSIDE = COMPACT2.abstention
CAPITAL = Problem(prompt="What is the capital of France?")


def scripted(*answers: str, prompt_set: str = "compact2") -> ScriptedChatModel:
    return ScriptedChatModel(list(answers), prompt_set=prompt_set)


def test_judges_use_the_prompts_of_their_model() -> None:
    model = scripted("True")
    assert Judge(model).prompt is COMPACT2.judge
    assert StepJudge(model).prompt is COMPACT2.step_judge
    assert PairwiseJudge(model).prompt is COMPACT2.pairwise_judge
    assert p_true(model).prompt is COMPACT2.p_true


def test_judges_use_the_usual_prompts_where_a_model_has_none_of_its_own() -> None:
    model = scripted("True", prompt_set="standard")
    assert Judge(model).prompt is JUDGE
    assert StepJudge(model).prompt is STEP_JUDGE
    assert PairwiseJudge(model).prompt is PAIR
    assert Judge(model, prompt=PAIR).prompt is PAIR


def test_unknown_prompts_are_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"'compact9'.*standard, compact"):
        prompts_for(scripted("x", prompt_set="compact9"))


@pytest.mark.parametrize("answer", [OUTSIDE, f"  {OUTSIDE}\n", f"def f(x):\n    {OUTSIDE}"])
async def test_an_abstention_is_an_error_that_names_what_to_do(answer: str) -> None:
    with pytest.raises(ModelAbstained, match="outside of what it knows, which is short functions"):
        await Solver(scripted(answer))(CAPITAL)


async def test_a_few_abstentions_among_many_answers_are_left_to_the_tests() -> None:
    drafts = await Solver(scripted("def f(): ...", "def g(): ...", OUTSIDE), samples=3)(CAPITAL)
    assert len(drafts.choices) == 3


async def test_the_words_mean_nothing_from_a_model_that_was_not_trained_to_say_them() -> None:
    assert not STANDARD.abstention
    drafts = await Solver(scripted(OUTSIDE, prompt_set="standard"))(CAPITAL)
    assert drafts.choices[0].text == OUTSIDE


async def test_a_program_that_holds_the_words_is_no_abstention() -> None:
    program = f"def f(x):\n    {OUTSIDE}\n    return x"
    drafts = await Solver(scripted(program))(CAPITAL)
    assert drafts.choices[0].text == program


def test_a_run_ends_with_the_first_answers_of_a_model_that_abstains() -> None:
    model = scripted(*[OUTSIDE] * 20)
    with pytest.raises(ModelAbstained) as raised:
        solve(CAPITAL, model=model, strategy="adaptive")
    assert raised.value.exit_code == 2
    assert len(model.calls) <= 4


def test_every_set_goes_by_its_own_name() -> None:
    assert {name: prompts.name for name, prompts in PROMPT_SETS.items()} == {
        name: name for name in PROMPT_SETS
    }
