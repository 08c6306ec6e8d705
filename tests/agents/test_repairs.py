"""Repairs by edits: edits that apply, edits that do not, and one call for both roles."""

from typing import Any, cast

import pytest

from refinegraph import asolve
from refinegraph.agents import Refiner, ReviewAndRepair, Reviewer, Solver, gather_evidence
from refinegraph.agents.models import Choice, Generations, ScriptedChatModel
from refinegraph.agents.prompts import COMPACT, STANDARD
from refinegraph.errors import InputError
from refinegraph.graphs.refinement import RefinementGraph, refinement_graph
from refinegraph.schema import Candidate, Problem, RefinementResult, Review, Usage

PROGRAM = """\
def running_mean(values, window):
    \"\"\"Return the means of the last values, as many as fit in the window.\"\"\"
    means = []
    recent = []
    for value in values:
        recent.append(value)
        if len(recent) > window:
            recent.pop()
        total = sum(recent)
        means.append(total / len(recent))
    return means
"""
RIGHT = PROGRAM.replace("recent.pop()", "recent.pop(0)")
EDIT = (
    "<<<<<<< SEARCH\n            recent.pop()\n=======\n            recent.pop(0)\n>>>>>>> REPLACE"
)
BROKEN = EDIT.replace("recent.pop()", "recent.shift()")
REVIEW = "VERDICT: wrong\nSTEP: recent.pop()\nWHY: it drops the newest\nCHANGE: drop the oldest"
TESTS = "assert running_mean([1, 3, 5], 2) == [1.0, 2.0, 4.0]\nassert running_mean([], 2) == []"
PROMPT = "Write running_mean(values, window)."


def fenced(program: str) -> str:
    return f"```python\n{program}```"


async def solve(*answers: str, **options: Any) -> tuple[RefinementResult, ScriptedChatModel]:
    model = ScriptedChatModel(list(answers))
    result = await asolve(
        PROMPT, tests=TESTS, model=model, strategy="self-refine", rounds=1, **options
    )
    return result, model


async def run(graph: RefinementGraph) -> RefinementResult:
    state = await graph.ainvoke({"problem": Problem(prompt=PROMPT, tests=TESTS)})
    result: RefinementResult = state["result"]
    return result


async def test_an_edit_gives_a_whole_program_and_the_candidate_keeps_the_edit() -> None:
    result, model = await solve(fenced(PROGRAM), REVIEW, EDIT)
    assert result.solved
    assert result.answer == RIGHT.strip()
    assert result.chosen is not None
    assert (result.chosen.edited, result.chosen.text) == (True, EDIT)
    assert "copied from the program letter by letter" in model.calls[2].prompt


async def test_a_refused_edit_is_shown_once_with_the_reason_and_then_rewritten() -> None:
    result, model = await solve(fenced(PROGRAM), REVIEW, BROKEN, BROKEN, fenced(RIGHT))
    assert result.solved
    assert result.chosen is not None
    assert not result.chosen.edited
    assert result.usage.llm_calls == len(model.calls) == 5
    told = model.calls[3].prompt
    assert "That was not applied. The lines to search for in edit 1 are not in the program." in told
    assert "   8 |             recent.pop()" in told
    assert "complete repaired program" in model.calls[4].prompt
    spent = sum(len(answer) // 4 for answer in (BROKEN, BROKEN, fenced(RIGHT)))
    assert result.chosen.tokens >= spent


async def test_a_whole_program_is_taken_where_an_edit_was_asked_for() -> None:
    result, _ = await solve(fenced(PROGRAM), REVIEW, fenced(RIGHT))
    assert result.solved
    assert result.usage.llm_calls == 3


@pytest.mark.parametrize(("repair", "asks"), [("rewrite", False), ("edit", True), ("auto", True)])
async def test_the_option_selects_the_form_of_repairs(repair: str, asks: bool) -> None:
    _, model = await solve(fenced(PROGRAM), REVIEW, fenced(RIGHT), repair=repair)
    assert ("<<<<<<< SEARCH" in model.calls[2].prompt) == asks


async def test_short_programs_are_rewritten_unless_edits_are_asked_for() -> None:
    short = Candidate(id="0.0", text="", program="def f(x):\n    return x")
    review = Review(candidate_id="0.0", round=1, approves=False)
    model = ScriptedChatModel("def f(x):\n    return x + 1", cycle=True)
    problem = Problem(prompt="Write f(x).")
    await Refiner(model)(problem, short, review)
    await Refiner(model, repair="edit")(problem, short, review)
    assert ["SEARCH" in call.prompt for call in model.calls] == [False, True]


async def test_several_edits_of_one_call_are_all_tried() -> None:
    useless = EDIT.replace("pop(0)", "pop(-1)")
    drawn = [fenced(PROGRAM), REVIEW, BROKEN, useless, useless, EDIT]
    result, model = await solve(*drawn, edits=4, repair="edit")
    assert result.solved
    assert [candidate.text for candidate in result.candidates[1:]] == [useless, EDIT]
    assert result.chosen == result.candidates[-1]
    assert len({call.prompt for call in model.calls[2:]}) == 1


def test_a_repair_needs_an_edit() -> None:
    with pytest.raises(InputError, match="edits=0; a Refiner needs at least 1"):
        Refiner(ScriptedChatModel([]), edits=0)


def test_prompts_without_a_text_for_edits_refuse_them() -> None:
    with pytest.raises(InputError, match="has no prompt for edits"):
        Refiner(ScriptedChatModel([]), prompts=COMPACT, repair="edit")
    with pytest.raises(InputError, match="has no prompt for a review and repair in one call"):
        ReviewAndRepair(ScriptedChatModel([]), prompts=COMPACT)


async def test_a_custom_refiner_may_answer_with_an_edit() -> None:
    async def refiner(problem: Problem, candidate: Candidate, review: Review) -> Generations:
        return Generations(choices=(Choice(text=EDIT),), usage=Usage())

    solver = Solver(ScriptedChatModel(fenced(PROGRAM)))
    graph = refinement_graph(solver=solver, refiner=cast(Any, refiner))
    result = await run(graph)
    assert result.answer == RIGHT.strip()


async def test_an_edit_that_does_not_apply_gives_a_candidate_with_the_reason() -> None:
    async def refiner(problem: Problem, candidate: Candidate, review: Review) -> Generations:
        return Generations(choices=(Choice(text=BROKEN),), usage=Usage())

    solver = Solver(ScriptedChatModel(fenced(PROGRAM)))
    graph = refinement_graph(solver=solver, refiner=cast(Any, refiner))
    result = await run(graph)
    assert result.candidates[1].unusable == (
        "The lines to search for in edit 1 are not in the program."
    )


async def test_review_and_repair_in_one_call_keeps_both() -> None:
    result, model = await solve(fenced(PROGRAM), f"{REVIEW}\n\n{EDIT}", review="joint")
    assert result.solved
    assert result.usage.llm_calls == len(model.calls) == 2
    assert result.reviews[0].wrong_step == "recent.pop()"
    assert result.reviews[0].change == "drop the oldest"
    assert "SEARCH" not in result.reviews[0].text


async def test_a_run_can_do_without_reviews() -> None:
    result, model = await solve(fenced(PROGRAM), EDIT, review="none")
    assert result.solved
    assert len(model.calls) == 2
    assert result.reviews == ()


async def test_solver_reviewer_and_refiner_begin_with_the_statement_and_the_tests() -> None:
    _, model = await solve(fenced(PROGRAM), REVIEW, EDIT)
    solver, reviewer, refiner = (call.prompt for call in model.calls)
    shared = common_prefix(solver, reviewer, refiner)
    assert PROMPT in shared
    assert "assert running_mean([1, 3, 5], 2) == [1.0, 2.0, 4.0]" in shared
    both = common_prefix(reviewer, refiner)
    assert PROGRAM.strip() in both
    assert "Got: [1.0, 2.0, 2.0]" in both


def common_prefix(*texts: str) -> str:
    shortest = min(texts, key=len)
    same = (at for at in range(len(shortest)) if len({text[at] for text in texts}) > 1)
    return shortest[: next(same, len(shortest))]


async def test_evidence_names_the_lines_that_the_wrong_result_came_from() -> None:
    _, model = await solve(fenced(PROGRAM), REVIEW, EDIT)
    for call in model.calls[1:]:
        assert "The wrong result came from these lines, in this order:" in call.prompt
        assert "line 6  recent.append(value)    # recent = [1]" in call.prompt


@pytest.mark.parametrize(
    ("kinds", "verdict", "slice"),
    [(("verdict",), True, False), (("slice",), False, True), (("none",), False, False)],
)
async def test_every_kind_of_evidence_can_be_withheld(
    kinds: tuple[str, ...], verdict: bool, slice: bool
) -> None:
    _, model = await solve(fenced(PROGRAM), REVIEW, EDIT, evidence=kinds)
    for call in model.calls[1:]:
        assert ("Failing case" in call.prompt) == verdict
        assert ("The wrong result came from" in call.prompt) == slice
    assert ("Nothing is known" in model.calls[1].prompt) == (not verdict and not slice)


def test_an_unknown_kind_of_evidence_is_refused() -> None:
    with pytest.raises(InputError, match="unknown kind of evidence 'traces'"):
        gather_evidence(kinds=("traces",))


async def test_another_candidate_that_passes_the_failing_test_is_shown_as_a_difference() -> None:
    wrong_elsewhere = RIGHT.replace("means = []", "means = [] if values else None")
    model = ScriptedChatModel([fenced(PROGRAM), fenced(wrong_elsewhere)])
    reviewing = ScriptedChatModel([REVIEW, REVIEW])
    repairing = ScriptedChatModel([EDIT, fenced(RIGHT)])
    graph = refinement_graph(
        solver=Solver(model, samples=2),
        reviewer=Reviewer(reviewing),
        refiner=Refiner(repairing, prompts=STANDARD),
        evidence=gather_evidence(),
    )
    result = await run(graph)
    assert result.solved
    shown = "\n".join(call.prompt for call in reviewing.calls)
    assert "Another program passes the first failing test" in shown
    assert "-            recent.pop()\n+            recent.pop(0)" in shown
