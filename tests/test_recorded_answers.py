"""Parsers on recorded generations and published statements, if these are available."""

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from refinegraph.datasets import load_dataset
from refinegraph.schema import CallCase, Kind
from refinegraph.tools.answers import answer_key, choice_options, extract_answer
from refinegraph.tools.programs import extract_program
from refinegraph.tools.test_cases import parse_generated_tests, parse_tests, statement_examples

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("REFINEGRAPH_SHARED", ROOT.parent / "shared")) / "data"
STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
WRONG_STATEMENTS = {"HumanEval/47", "HumanEval/116"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded data are not at hand")


def recorded() -> Iterator[dict[str, str]]:
    path = DATA / "replay" / "humaneval_codegen16b.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for solution, tests in list(zip(row["solutions"], row["tests"], strict=True))[::10]:
            yield {
                "prompt": row["prompt"],
                "name": row["entry_point"],
                "raw": solution,
                "tests": f"```python\nassert {tests.strip()}\n```",
            }


def cut(solution: str) -> str:
    for stop in STOPS:
        solution = solution.split(stop)[0]
    return solution


def defines(source: str | None, name: str) -> bool:
    try:
        body = ast.parse(source or "").body
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(each, ast.FunctionDef) and each.name == name for each in body)


def test_no_recorded_program_that_parses_is_lost() -> None:
    kept = lost = 0
    for row in recorded():
        reference = row["prompt"] + cut(row["raw"])
        if not defines(reference, row["name"]) or not row["raw"].strip():
            continue
        fenced = f"```python\n{reference}\n```"
        for text, preamble in ((fenced, ""), (fenced, row["prompt"]), (row["raw"], row["prompt"])):
            program = extract_program(text, entry_point=row["name"], preamble=preamble)
            kept += defines(program.source, row["name"])
            lost += not defines(program.source, row["name"])
    assert lost == 0
    assert kept > 2000


def test_recorded_test_lists_yield_tests_that_call_the_function() -> None:
    found = [
        test
        for row in recorded()
        for test in parse_generated_tests(row["tests"], entry_point=row["name"])
    ]
    assert len(found) > 600
    assert all(test.origin == "generated" for test in found)


def test_statement_examples_agree_with_the_canonical_solutions() -> None:
    wrong: set[str] = set()
    with_examples = 0
    for line in (DATA / "humaneval.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tests = statement_examples(row["prompt"], entry_point=row["entry_point"])
        with_examples += bool(tests)
        namespace: dict[str, object] = {}
        exec(row["prompt"] + row["canonical_solution"], namespace)
        for test in tests:
            if isinstance(test, CallCase):
                call = f"{test.entry_point}(*{test.arguments}) == {test.expected}"
                wrong |= set() if eval(call, namespace) else {row["task_id"]}
    assert with_examples >= 154
    assert wrong == WRONG_STATEMENTS


def test_hidden_tests_of_humaneval_read_as_visible_ones_do() -> None:
    problems = list(load_dataset(DATA / "humaneval.jsonl"))
    assert len(problems) == 164
    for problem, gold in problems:
        assert parse_tests(gold.tests, entry_point=problem.entry_point)


@pytest.mark.parametrize("name", ["gsm8k", "math", "svamp", "sat", "mmlu"])
def test_published_questions_have_answers(name: str) -> None:
    problems = list(load_dataset(DATA / "magicore" / f"{name}.jsonl"))
    assert {problem.kind for problem, _ in problems} == {
        "choice" if name in ("sat", "mmlu") else "math"
    }
    assert all(gold.answer for _, gold in problems)


LABELLED = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def test_labels_of_recorded_solutions_are_reproduced_exactly() -> None:
    path = DATA / "replay" / "gsm8k_solutions.jsonl"
    wrong: list[tuple[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        gold = extract_answer(row["ground_truth"], kind="math")
        assert gold is not None
        for name in LABELLED:
            found = extract_answer(row[name]["solution"], kind="math")
            right = found is not None and _key(found) == _key(gold)
            if right is not row[name]["is_correct"]:
                wrong.append((name, row["question"]))
    assert wrong == []


def _key(answer: str) -> str:
    return answer_key(answer, kind="math")


@pytest.mark.parametrize("name", ["gsm8k", "math", "svamp", "sat", "mmlu"])
def test_gold_answer_in_a_box_is_found_and_equals_itself(name: str) -> None:
    kind: Kind = "choice" if name in ("sat", "mmlu") else "math"
    rows = [
        json.loads(line)
        for line in (DATA / "magicore" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for row in rows:
        gold, prompt = str(row["gold_answer"]), row["question"]
        found = extract_answer(f"Step 1: ...\n\\boxed{{{gold}}}", kind=kind)
        assert found is not None
        assert answer_key(found, kind=kind, prompt=prompt) == answer_key(
            gold, kind=kind, prompt=prompt
        )
    if kind == "choice":
        listed = sum(str(row["gold_answer"]) in choice_options(row["question"]) for row in rows)
        assert listed > 0.98 * len(rows)
