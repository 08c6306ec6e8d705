"""Training data of single moves: rollouts, step pairs, injected errors and questions."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.operators import vary_problem
from refinegraph.errors import InputError
from refinegraph.evaluation.export import Critique, Format, export
from refinegraph.evaluation.export_errors import ErrorLine, Question
from refinegraph.evaluation.export_moves import MoveRollout, StepPair
from refinegraph.evaluation.records import RunLine
from refinegraph.schema import (
    Candidate,
    ModelNames,
    Note,
    Problem,
    RefinementResult,
    Review,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.support.json_text import json_text
from refinegraph.testing import candidate, verdict
from refinegraph.tools.mutation.injection import error_between, program_errors, text_errors

QUESTION = Problem(id="q", prompt="What is 2 + 2?", kind="math")


def run_of(*candidates: Candidate, right: Sequence[str], notes: Sequence[Note] = ()) -> RunLine:
    review = Review(candidate_id="0.0", round=1, approves=False, text="Add again.")
    result = RefinementResult(
        problem_id="a",
        solved=None,
        answer="4",
        strategy="beam",
        difficulty=None,
        rounds=1,
        stop_reason=StopReason(rule="rounds", detail=""),
        selection=Selection(candidate_id=candidates[-1].id, reason=""),
        usage=Usage(),
        candidates=candidates,
        reviews=(review,) if candidates[0].complete else (),
        notes=tuple(notes),
        models=ModelNames(solver="m", refiner="n"),
    )
    return line_of(result, right)


def line_of(result: RefinementResult, right: Sequence[str]) -> RunLine:
    """Return a run as an evaluation records it, with judged complete candidates."""
    judged = [(each.id, each.id in right) for each in result.candidates if each.complete]
    return RunLine(
        problem_id=result.problem_id,
        strategy=result.strategy,
        prompt="2 + 2?",
        kind="math",
        correct=True,
        candidates_correct=tuple(judged),
        result=result,
    )


def tree() -> RunLine:
    """Return a search with two first steps; all ends of one are right, half of the other."""
    return run_of(
        candidate("0.0", text="Add.\n", complete=False, tokens=3, mean_logprob=-0.5),
        candidate("0.1", text="Guess.\n", complete=False),
        candidate("1.0", "4", text="Add.\nIt is 4", parents="0.0", operator="continue"),
        candidate("1.1", "4", text="Add.\nSo 4", parents="0.0", operator="continue"),
        candidate("1.2", "4", text="Guess.\n4?", parents="0.1", operator="continue"),
        candidate("1.3", "5", text="Guess.\n5?", parents="0.1", operator="continue"),
        right=["1.0", "1.1", "1.2"],
    )


def test_a_step_is_rewarded_by_its_outcome() -> None:
    lines = [line for line in export([tree()], "move") if isinstance(line, MoveRollout)]
    first, second, third, *_, last = lines
    assert (first.completion, first.reward, first.reward_from) == ("Add.\n", 1.0, "descendants")
    assert (first.group, first.mean_logprob, first.policy) == ("a/beam/solve/-", -0.5, "m")
    assert (second.reward, second.group) == (0.5, first.group)
    assert (third.completion, third.context, third.policy) == ("It is 4", "Add.\n", "n")
    assert (last.reward, last.reward_from, last.group) == (0.0, "label", "a/beam/continue/0.1")


def test_a_repair_is_rewarded_by_its_tests_and_shows_the_review() -> None:
    repaired = run_of(
        candidate("0.0", program="a", verdict=verdict("failed", "failed")),
        candidate("1.0", program="b", parents="0.0", verdict=verdict("passed", "failed")),
        candidate("2.0", program="c", parents="1.0", operator="person"),
        right=[],
    )
    lines = [line for line in export([repaired], "move") if isinstance(line, MoveRollout)]
    assert [(line.reward, line.reward_from) for line in lines] == [(0.0, "tests"), (0.5, "tests")]
    assert (lines[1].context, lines[1].operator) == ("a\n\nAdd again.", "refine")


def test_pairs_of_steps_share_their_prefix() -> None:
    [pair] = export([tree()], "step-pair")
    assert isinstance(pair, StepPair)
    assert (pair.chosen, pair.rejected, pair.prefix) == ("Add.\n", "Guess.\n", "")
    assert (pair.chosen_value, pair.rejected_value, pair.margin) == (1.0, 0.5, 0.5)
    deeper = run_of(
        candidate("0.0", text="Add.\n", complete=False),
        candidate("1.0", "4", text="Add.\n4", parents="0.0", operator="continue"),
        candidate("1.1", text="Add.\nThen", parents="0.0", operator="continue", complete=False),
        candidate("2.0", "5", text="Add.\nThen 5", parents="1.1", operator="continue"),
        right=["1.0"],
    )
    [pair] = export([deeper], "step-pair")
    assert isinstance(pair, StepPair)
    assert (pair.prompt, pair.chosen, pair.rejected) == ("2 + 2?\n\nAdd.\n", "4", "Then")


def test_injected_errors_are_exported_with_place_and_correction() -> None:
    program = "def half(x):\n    return x // 2"
    problem = Problem(id="h", prompt="Write half(x).", tests="assert half(4) == 2")
    model = ScriptedChatModel(
        [f"```python\n{program}\n```", "VERDICT: wrong", f"```python\n{program}\n```"]
    )
    result = rg.solve(problem, model=model, strategy="error-injection", seed=1)
    assert [each.operator for each in result.candidates] == ["solve", "damage", "repair"]
    sound, damaged, repaired = result.candidates
    assert damaged.verdict and not damaged.verdict.passed
    assert result.answer == repaired.program == sound.program
    [line] = export([line_of(result, [sound.id, repaired.id])], "error")
    assert isinstance(line, ErrorLine)
    assert line.damaged[line.start : line.end] == line.wrong
    mended = line.damaged[: line.start] + line.correction + line.damaged[line.end :]
    assert mended == line.completion == program
    assert line.error_type in {error.type for error in program_errors(program)}


def test_a_damaged_solution_that_is_still_right_is_no_error() -> None:
    sound = candidate("0.0", "4", text="So 4")
    damaged = candidate("1.0", "4", text="So 5", parents="0.0", operator="damage")
    assert list(export([run_of(sound, damaged, right=["0.0", "1.0"])], "error")) == []
    [line] = export([run_of(sound, damaged, right=["0.0"])], "error")
    assert isinstance(line, ErrorLine)
    assert (line.error_type, line.wrong, line.correction) == ("number", "5", "4")


@given(st.text("12+- .\n", max_size=20), st.integers(0, 3))
def test_every_injected_error_can_be_undone(text: str, seed: int) -> None:
    for error in text_errors(text, seed=seed):
        assert error.text != text
        assert error.text[: error.start] + error.before + error.text[error.end :] == text
        assert error_between(text, error.text) is not None
    assert error_between(text, text) is None


def test_questions_are_exported_with_the_answer() -> None:
    model = ScriptedChatModel(["The answer is 4.", "Add 2 to 2.", "2 + 2 + 2?", "What is 3 + 1?"])
    result = rg.solve(QUESTION, model=model, strategy="question-variation")
    assert result.answer == "4"
    lines = [
        line for line in export([line_of(result, [])], "question") if isinstance(line, Question)
    ]
    assert [(line.change, line.prompt) for line in lines] == [
        ("rephrased", "Add 2 to 2."),
        ("harder", "2 + 2 + 2?"),
        ("new", "What is 3 + 1?"),
    ]
    with pytest.raises(InputError, match="expected a list of rephrased, harder, new"):
        vary_problem(model, changes=["easier"])


COLUMNS: dict[Format, set[str]] = {
    "sft": {"prompt", "completion"},
    "dpo": {"prompt", "chosen", "rejected"},
    "step": {"prompt", "completions", "labels"},
    "step-pair": {"prompt", "chosen", "rejected"},
    "critique": {"prompt", "completion"},
    "rollout": {"prompt", "completion"},
    "move": {"prompt", "completion"},
    "error": {"prompt", "completion"},
    "question": {"prompt"},
}
"""The columns by which TRL recognises the kind of a dataset."""


def everything() -> list[RunLine]:
    """Return runs that give a line of every format but `step`, and two of most."""
    notes = [Note(kind="question", about="harder", text="3 + 3?")]
    repaired = run_of(
        candidate("0.0", "5", text="It is 5", verdict=verdict("failed")),
        candidate("1.0", "4", text="It is 4", parents="0.0", mean_logprob=-0.1),
        candidate("2.0", "8", text="It is 8", parents="1.0", operator="damage"),
        right=["1.0"],
        notes=notes,
    )
    return [tree(), repaired, repaired]


@pytest.mark.parametrize("form", [form for form in COLUMNS if form != "step"])
def test_lines_load_as_a_table_with_the_columns_of_trl(form: Format, tmp_path: Path) -> None:
    """`datasets` reads JSON lines through the same reader, in blocks with one type per column."""
    lines = [json_text(line) for line in export(everything(), form)]
    assert lines
    assert all(set(json.loads(line)) >= COLUMNS[form] for line in lines)
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(lines) + "\n")
    reader = pytest.importorskip("pyarrow.json", reason="pyarrow is not installed")
    table = reader.read_json(file)
    assert table.num_rows == len(lines)
    assert set(table.column_names) >= COLUMNS[form]
    assert {str(table.schema.field(name).type) for name in COLUMNS[form]} == {"string"}


def test_datasets_loads_every_form(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    forms: list[Format] = [form for form in COLUMNS if form != "step"]
    for form in forms:
        lines = [json_text(line) for line in export(everything(), form)]
        file = tmp_path / f"{form}.jsonl"
        file.write_text("\n".join(lines) + "\n")
        loaded = datasets.load_dataset(
            "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert loaded.num_rows == len(lines)
        assert set(loaded.column_names) >= COLUMNS[form]


def test_a_critique_comes_with_its_revision() -> None:
    [line, _] = export(everything(), "critique")
    assert isinstance(line, Critique)
    assert (line.completion, line.revision, line.corrected) == ("Add again.", "4", True)
