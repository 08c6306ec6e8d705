"""Prompts of the agents, how their answers are parsed, and what they must never send."""

from collections.abc import Sequence

import pytest

from refinegraph.agents import Refiner, Reviewer, Solver, TestWriter
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.agents.prompts import COMPACT, EMBEDDED, STANDARD, Prompt, PromptSet
from refinegraph.agents.reviewer import parse_review
from refinegraph.errors import InputError
from refinegraph.schema import (
    CallCase,
    Candidate,
    CaseOutcome,
    Problem,
    Review,
    Score,
)
from refinegraph.testing import candidate, verdict
from refinegraph.tools.steps import split_steps

CODE = Problem(prompt="Write f(x) that doubles x.", entry_point="f")
MATH = Problem(prompt="What is 2 + 2?", kind="math")
REVIEW = Review(candidate_id="0.0", round=1, approves=False, text="STEP: x * x")


def failing() -> Candidate:
    failure = CaseOutcome(id="t2", status="failed", call="f(3)", expected="6", got="9")
    return candidate(program="def f(x):\n    return x * x", verdict=verdict("passed", failure))


async def test_solver_asks_for_its_samples_in_one_request() -> None:
    model = ScriptedChatModel(["a", "b", "c"])
    drafts = await Solver(model, samples=3)(CODE)
    assert [choice.text for choice in drafts.choices] == ["a", "b", "c"]
    assert [call.n for call in model.calls] == [3]
    assert model.calls[0].sampling.temperature == 0.8


async def test_solver_that_takes_one_sample_is_greedy() -> None:
    model = ScriptedChatModel(["a"])
    await Solver(model)(CODE)
    assert model.calls[0].sampling.temperature == 0.0


async def test_solver_sees_given_tests_and_no_generated_ones() -> None:
    model = ScriptedChatModel(["a"])
    given = CallCase(id="t1", entry_point="f", arguments="(1,)", expected="2")
    guessed = CallCase(
        id="g1", entry_point="f", arguments="(7,)", expected="15", origin="generated"
    )
    await Solver(model)(CODE, tests=[given, guessed])
    assert "assert f(1) == 2" in model.calls[0].prompt
    assert "15" not in model.calls[0].prompt


async def test_solver_prompt_explains_where_to_write_the_final_answer() -> None:
    model = ScriptedChatModel(["4"])
    await Solver(model)(MATH)
    assert r"\boxed{}" in model.calls[0].prompt


async def test_reviewer_gets_the_failing_case_and_the_trace() -> None:
    model = ScriptedChatModel(["VERDICT: wrong"])
    await Reviewer(model)(CODE, failing(), trace="line 2: x = 3")
    prompt = model.calls[0].prompt
    for part in ("passed 1 of 2", "f(3)", "Expected: 6", "Got: 9", "line 2: x = 3"):
        assert part in prompt


async def test_reviewer_of_reasoning_gets_step_scores() -> None:
    model = ScriptedChatModel(["VERDICT: wrong"])
    text = "Step 1: 1 + 1 = 2\nStep 2: 2 + 2 = 5"
    score = Score(scorer="prm", value=0.5, steps=(0.92, 0.31))
    steps = split_steps(text, kind="math")
    wrong = Candidate(id="0.0", operator="solve", text=text, steps=steps, scores=(score,))
    await Reviewer(model)(MATH, wrong)
    prompt = model.calls[0].prompt
    assert "Step 1: 1 + 1 = 2\n(Score: 9/10)\nStep 2: 2 + 2 = 5\n(Score: 3/10)" in prompt
    assert "The first step that scores under 6 is step 2 of 2." in prompt


WRITTEN = [
    ("VERDICT: wrong\nSTEP: a\nWHY: b\nCHANGE: c", (False, "a", "b", "c")),
    ("**Verdict:** right\n**Step:** none", (True, "none", "", "")),
    ("- VERDICT : Wrong\n- STEP: a\nmore\n- CHANGE: c", (False, "a\nmore", "", "c")),
    ("The loop is off by one.", (False, "", "The loop is off by one.", "")),
    ("", (False, "", "", "")),
]


@pytest.mark.parametrize(("text", "read"), WRITTEN, ids=["plain", "bold", "list", "prose", "empty"])
def test_review_is_read_in_any_form(text: str, read: tuple[bool, str, str, str]) -> None:
    review = parse_review(text, failing())
    assert (review.approves, review.wrong_step, review.evidence, review.change) == read


def test_review_that_holds_a_whole_program_loses_it() -> None:
    text = "CHANGE: use this\n```python\ndef f(x):\n    return 2 * x\n```\nand `2 * x`"
    review = parse_review(text, failing())
    assert "def f" not in review.text
    assert "and `2 * x`" in review.text


async def test_refiner_receives_review_evidence_and_rejected_attempts() -> None:
    model = ScriptedChatModel(["a"])
    rejected = [f"def f(x): return {number}" for number in range(5)]
    await Refiner(model, max_rejected_shown=2)(CODE, failing(), REVIEW, rejected=rejected)
    prompt = model.calls[0].prompt
    assert "STEP: x * x" in prompt
    assert "Got: 9" in prompt
    assert "return 4" in prompt
    assert "return 2" not in prompt


@pytest.mark.parametrize(("attempt", "temperature"), [(0, 0.4), (1, 0.6), (3, 1.0), (9, 1.2)])
async def test_refiner_grows_warmer_with_every_attempt(attempt: int, temperature: float) -> None:
    model = ScriptedChatModel(["a"])
    await Refiner(model)(CODE, failing(), REVIEW, attempt=attempt)
    assert model.calls[0].sampling.temperature == temperature


async def test_refiner_keeps_a_configured_high_temperature() -> None:
    model = ScriptedChatModel(["a"])
    await Refiner(model, sampling=Sampling(temperature=1.5))(CODE, failing(), REVIEW, attempt=2)
    assert model.calls[0].sampling.temperature == 1.5


async def test_test_writer_keeps_what_can_be_read() -> None:
    lists = ["```python\nassert f(1) == 2\nassert f(\n```", "no tests here", "assert f(2) == 4"]
    written = await TestWriter(ScriptedChatModel(lists), lists=3)(CODE)
    assert [test.origin for test in written.tests] == ["generated", "generated"]
    assert written.usage.llm_calls == 1


HOSTILE = "a $problem ${solution} {0} %s [bold]\n\\boxed{} $$ $"


@pytest.mark.parametrize("prompts", [STANDARD, COMPACT, EMBEDDED], ids=lambda each: each.name)
async def test_prompts_pass_hostile_text_through_untouched(prompts: PromptSet) -> None:
    model = ScriptedChatModel(["x"], cycle=True)
    problem = Problem(prompt=HOSTILE, entry_point="f")
    candidate = Candidate(id="0.0", operator="solve", text=HOSTILE, program=HOSTILE)
    review = Review(candidate_id="0.0", round=1, approves=False, text=HOSTILE)
    await Solver(model, prompts=prompts)(problem)
    await Reviewer(model, prompts=prompts)(problem, candidate)
    await Refiner(model, prompts=prompts)(problem, candidate, review, rejected=[HOSTILE])
    if prompts.test_writer:
        await TestWriter(model, lists=1, prompts=prompts)(problem)
    assert all(HOSTILE in call.prompt for call in model.calls)
    assert len(model.calls) == (4 if prompts.test_writer else 3)


def test_a_model_that_cannot_write_tests_is_refused_for_that_role() -> None:
    with pytest.raises(InputError, match="name another model for that role"):
        TestWriter(ScriptedChatModel([]), prompts=EMBEDDED)


async def test_prompts_can_be_replaced_one_by_one() -> None:
    model = ScriptedChatModel(["x"])
    own = STANDARD.with_prompts(solver=Prompt(system="Be brief.", user="Q: $problem"))
    await Solver(model, prompts=own)(CODE)
    assert model.calls[0].prompt == f"Be brief.\n\nQ: {CODE.prompt}"


def every_prompt(prompts: PromptSet) -> Sequence[Prompt]:
    return [value for value in vars(prompts).values() if isinstance(value, Prompt)]


@pytest.mark.parametrize("prompts", [STANDARD, COMPACT, EMBEDDED], ids=lambda each: each.name)
def test_every_prompt_shows_the_problem(prompts: PromptSet) -> None:
    optional = (prompts.test_writer, prompts.refiner_edit, prompts.review_and_repair)
    assert len(every_prompt(prompts)) == 6 + sum(prompt is not None for prompt in optional)
    assert all("$problem" in prompt.user for prompt in every_prompt(prompts))


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ((0.9, 0.9, 0.2), "first 2 steps are right: begin with them"),
        ((0.1, 0.9, 0.9), "start afresh, in another way"),
        ((0.9, 0.9, 0.9), "keeping the steps before the wrong one"),
        ((), "keeping the steps before the wrong one"),
    ],
)
async def test_refiner_receives_the_first_step_to_repair(
    scores: tuple[float, ...], says: str
) -> None:
    text = "1. Two and two is 4.\n2. Twice that is 8.\n3. Less one is 6.\n\\boxed{6}"
    steps = split_steps(text, kind="math")[:3]
    wrong = Candidate(id="0.0", operator="solve", text=text, answer="6", steps=steps)
    scored = (Score(scorer="prm", value=0.5, steps=scores),) if scores else ()
    model = ScriptedChatModel("\\boxed{7}")
    review = Review(candidate_id="0.0", round=1, approves=False, text="CHANGE: count again")
    problem = Problem(prompt="2 * (2 + 2) - 1?", kind="math")
    await Refiner(model)(problem, wrong.model_copy(update={"scores": scored}), review)
    assert says in model.calls[0].prompt
    assert ("Twice that is 8.\n\n" in model.calls[0].prompt) == ("first 2 steps" in says)
