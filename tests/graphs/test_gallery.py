"""Every published system compiles, can be drawn, runs, accounts for its calls, and has a card."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage
from langgraph.store.memory import InMemoryStore

from refinegraph.agents.environments import ToolUse
from refinegraph.agents.memory import StoreMemory
from refinegraph.agents.models import Sampling, ScriptedChatModel, TokenLogprob
from refinegraph.errors import InputError
from refinegraph.graphs.strategies import (
    STRATEGIES,
    Plan,
    Strategy,
    build_strategy,
    find_strategy,
    gallery_names,
    source_of,
    strategy_names,
    strategy_outline,
)
from refinegraph.schema import (
    Candidate,
    Gold,
    Isolation,
    LabelledProblem,
    Problem,
    RefinementResult,
    Score,
    Verdict,
    VisibleTest,
)
from refinegraph.tools.scorers import agreement

QUESTION = Problem(prompt="What is 2 + 2?", kind="math")
MOST_LINES = 40
RECIPES = pytest.mark.parametrize("name", gallery_names())


def answer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Answer every prompt of every system in a format that it can parse."""
    return "1. What is 2 + 2?\nThe answer is 4.\nTRUE\nSCORE: 7\nVERDICT: wrong\nAction: finish[4]"


async def even(messages: Sequence[BaseMessage], text: str) -> tuple[TokenLogprob, ...]:
    """Return equal log-probabilities for all words."""
    return tuple(TokenLogprob(token=word, logprob=-1.0) for word in text.split())


async def refuted(problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]) -> Verdict:
    """Return a refuting verdict for every program."""
    return Verdict(passed=False, status="failed", isolation=Isolation(tier="none"))


async def run(
    name: str, model: ScriptedChatModel, *, samples: int | None = None, rounds: int | None = None
) -> RefinementResult:
    plan = Plan(
        model=model,
        kind="math",
        samples=samples,
        rounds=rounds,
        scorer=agreement() if "scorer" in find_strategy(name).needs else None,
        environment=lambda: ToolUse([]),
        likelihood=even,
        user=lambda question: "It is about numbers.",
        examples=(LabelledProblem(QUESTION, Gold(answer="4")),),
        checker=refuted,
        memory=StoreMemory(InMemoryStore()),
    )
    graph = build_strategy(name, plan)
    result: RefinementResult = (await graph.ainvoke({"problem": QUESTION}))["result"]
    return result


@RECIPES
def test_a_system_has_a_card_and_a_picture(name: str) -> None:
    strategy = find_strategy(name)
    assert strategy.name == name
    assert strategy.title
    assert strategy.ideas
    assert strategy.calls
    assert strategy.summary[0].isupper()
    assert len(strategy.summary) < 100
    assert {"route", "score"} < set(strategy_outline(name).get_graph().nodes)


@RECIPES
def test_a_system_fits_a_screen_and_uses_public_names(name: str) -> None:
    tree = ast.parse(source_of(find_strategy(name)))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert sum(map(code_lines, functions)) <= MOST_LINES
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [a.name for node in imports for a in node.names if a.name.startswith("_")]


def code_lines(function: ast.FunctionDef) -> int:
    """Return the number of lines of a function, with its decorator and without its docstring."""
    docstring = function.body[0]
    first = min([function.lineno, *(part.lineno for part in function.decorator_list)])
    words = (docstring.end_lineno or 0) - docstring.lineno + 1
    return (function.end_lineno or 0) - first + 1 - words


def test_missing_needs_of_a_system_are_reported_in_one_sentence() -> None:
    with pytest.raises(InputError, match=r"strategy 'react' needs an environment to act in; set"):
        build_strategy("react", Plan(model=ScriptedChatModel([])))


def test_names_are_unique_and_a_near_one_is_offered() -> None:
    assert len(set(strategy_names())) == len(strategy_names())
    assert set(strategy_names()) >= {*STRATEGIES, *gallery_names()}
    with pytest.raises(InputError, match="did you mean 'reflexion'"):
        find_strategy("refleksion")


def test_the_code_of_a_system_is_its_file() -> None:
    source = source_of(find_strategy("reflexion"))
    assert source.startswith('"""Reflexion."""')
    assert "REFLECT =" in source
    assert source_of(STRATEGIES["single"]).startswith("def single")


def test_a_file_of_the_gallery_holds_one_system() -> None:
    for name in gallery_names():
        module = inspect.getmodule(inspect.unwrap(find_strategy(name).build))
        strategies = [value for value in vars(module).values() if isinstance(value, Strategy)]
        assert [strategy.name for strategy in strategies] == [name]


def test_another_package_may_offer_a_strategy(tmp_path: Path) -> None:
    (tmp_path / "offered_strategy.py").write_text(
        "from refinegraph.graphs.strategies import Strategy\n"
        "from refinegraph.graphs.strategies.sampling import single\n"
        "mine = Strategy('mine', 'one answer of mine', 'me', single)\n"
    )
    info = tmp_path / "offered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[refinegraph.strategies]\nmine = offered_strategy:mine\n"
    )
    code = "from refinegraph.graphs.strategies import find_strategy; print(find_strategy('mine'))"
    shown = subprocess.check_output(
        [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r}); {code}"], text=True
    )
    assert "one answer of mine" in shown


@pytest.mark.parametrize(("scorer", "says"), [(None, "step_judge"), (agreement(), "agreement")])
async def test_a_scorer_of_the_plan_replaces_the_systems_own(
    scorer: agreement | None, says: str
) -> None:
    model = ScriptedChatModel(["The answer is 4.", *["1. So it is 4."] * 2])
    graph = build_strategy("leco", Plan(model=model, kind="math", scorer=scorer))
    result: RefinementResult = (await graph.ainvoke({"problem": QUESTION}))["result"]
    assert [[score.scorer for score in each.scores] for each in result.candidates] == [[says]]
    assert len(model.calls) == (1 if scorer else 3), "a judge that is replaced costs nothing"


async def test_debaters_read_what_the_others_wrote() -> None:
    drafts = [f"The answer is {number}." for number in (3, 4, 5)]
    model = ScriptedChatModel([*drafts, *["The answer is 4."] * 3])
    result = await run("multiagent-debate", model, rounds=1)
    second = model.calls[2].prompt
    assert "Your solution:\nThe answer is 4." in second
    assert "The answer is 3." in second.partition("The solutions of others:")[2]
    assert result.answer == "4"


async def test_the_differences_reach_the_revision() -> None:
    model = ScriptedChatModel(
        ["The answer is 3.", "The answer is 4.", "Decide: 3 or 4?", "The answer is 4."]
    )
    result = await run("self-contrast", model, samples=2)
    assert "Checklist:\nDecide: 3 or 4?" in model.calls[-1].prompt
    assert "backwards" in model.calls[1].prompt
    assert result.answer == "4"


async def test_reflections_add_up_in_the_next_attempts() -> None:
    model = ScriptedChatModel(
        ["The answer is 3.", "I forgot one.", "The answer is 5.", "One too many.", "\\boxed{4}"]
    )
    await run("reflexion", model, rounds=2)
    assert "- I forgot one.\n- One too many." in model.calls[-1].prompt


async def test_principles_come_before_the_reasoning() -> None:
    model = ScriptedChatModel(["Addition counts on.", "The answer is 4."])
    await run("step-back", model)
    assert "Principles:\nAddition counts on." in model.calls[1].prompt


async def test_the_note_alone_reaches_the_next_drafts() -> None:
    model = ScriptedChatModel(["DRAFT", "DRAFT", "Two is even.", "The answer is 4."])
    await run("parallel-distill-refine", model, samples=2, rounds=1)
    assert "Two is even." in model.calls[-1].prompt
    assert "DRAFT" not in model.calls[-1].prompt


async def test_the_parts_are_solved_in_turn() -> None:
    model = ScriptedChatModel(
        ["1. What is 1 + 1?\n2. What is twice that?", "The answer is 2.", *["The answer is 4."] * 2]
    )
    result = await run("least-to-most", model)
    assert "What is 1 + 1? 2\nWhat is twice that?" in model.calls[2].prompt
    assert result.answer == "4"


async def test_corrective_sc_decides_between_the_two_most_frequent_answers() -> None:
    drafts = [f"The answer is {number}." for number in (3, 4, 3, 4, 5)]
    model = ScriptedChatModel([*drafts, "The answer is 4."])
    result = await run("corrective-sc", model, samples=5)
    merged = model.calls[-1].prompt
    assert ("The answer is 3." in merged, "The answer is 5." in merged) == (True, False)
    assert result.answer == "4"


async def test_nothing_is_merged_where_all_agree() -> None:
    model = ScriptedChatModel(["The answer is 4."] * 3)
    assert (await run("corrective-sc", model, samples=3)).usage.llm_calls == len(model.calls)
    assert len(model.calls) == 1


async def test_a_mistake_is_located_and_the_rest_written_anew() -> None:
    model = ScriptedChatModel(
        [
            "2 is two ones.\n2 + 2 is 5.\nThe answer is 5.",
            '{"steps": [9, 1, 1]}',
            *["2 + 2 is 4.\nThe answer is 4."] * 2,
            *['{"steps": [9, 9, 9]}'] * 2,
        ]
    )
    result = await run("mistake-backtrack", model, samples=2)
    assert [c.text.splitlines()[0] for c in result.candidates] == ["2 is two ones."] * 3
    assert result.answer == "4"


async def test_critics_see_different_sides_and_all_are_heard() -> None:
    faults = [
        "A step is missing.\nVERDICT: wrong",
        "2 + 2 is not 5.\nVERDICT: wrong",
        "VERDICT: right",
    ]
    model = ScriptedChatModel(["The answer is 5.", *faults, "The answer is 4."])
    result = await run("multi-critique", model)
    assert "A step is missing." in model.calls[-1].prompt
    assert "2 + 2 is not 5." in model.calls[-1].prompt
    assert result.answer == "4"


async def test_the_task_is_written_anew_and_solved() -> None:
    model = ScriptedChatModel(
        [
            "The answer is 22.",
            "It joins digits.\nVERDICT: wrong",
            "Add 2 and 2.",
            "The answer is 4.",
        ]
    )
    result = await run("spec-self-correction", model)
    assert "It joins digits." in model.calls[2].prompt
    assert model.calls[3].prompt.startswith("Add 2 and 2.")
    assert result.answer == "4"


async def test_every_earlier_attempt_is_in_view() -> None:
    model = ScriptedChatModel([f"The answer is {number}." for number in (3, 5, 4, 4)])
    result = await run("rise-introspection", model, rounds=3)
    assert "Solution 1:\nThe answer is 4." in model.calls[3].prompt
    assert "Solution 3:\nThe answer is 3." in model.calls[3].prompt
    assert result.answer == "4"


async def test_peers_read_each_others_beginnings() -> None:
    model = ScriptedChatModel(answer)
    await run("leap-peers", model, samples=2)
    assert "What your peers have so far:\nSolution 1:" in model.calls[-1].prompt


async def test_only_doubted_answers_are_revised() -> None:
    model = ScriptedChatModel(["The answer is 4.", "VERDICT: right"])
    result = await run("verify-then-revise", model, rounds=1)
    assert (result.answer, len(model.calls)) == ("4", 2)


async def test_a_corrector_of_its_own_corrects() -> None:
    model = ScriptedChatModel(["The answer is 5."])
    corrector = ScriptedChatModel(["The answer is 4."])
    plan = Plan(model=model, refiner_model=corrector, kind="math", rounds=1)
    graph = build_strategy("external-corrector", plan)
    assert (await graph.ainvoke({"problem": QUESTION}))["result"].answer == "4"
    assert "Draft:\nThe answer is 5." in corrector.calls[0].prompt


async def test_no_answer_is_given_without_a_majority() -> None:
    answers = [f"The answer is {number}." for number in (1, 2, 3, 3)]
    torn = await run("feasibility-gate", ScriptedChatModel(answers), samples=4)
    assert torn.answer is None
    sure = await run("feasibility-gate", ScriptedChatModel(answers[1:]), samples=3)
    assert sure.answer == "3"


async def test_disagreement_of_rewards_counts_against_a_sample() -> None:
    def first(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="a", value=v) for v in (1.0, 0.6)[: len(candidates)]]

    def second(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="b", value=v) for v in (0.0, 0.4)[: len(candidates)]]

    model = ScriptedChatModel(["The answer is 5.", "The answer is 4."])
    plan = Plan(model=model, kind="math", samples=2, scorer=(first, second))
    graph = build_strategy("conservative-bon", plan)
    assert (await graph.ainvoke({"problem": QUESTION}))["result"].answer == "4"
