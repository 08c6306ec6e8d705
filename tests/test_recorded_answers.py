"""The readers on recorded generations and published statements, where those are at hand."""

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from refinegraph.datasets import load_dataset
from refinegraph.schema import CallCase
from refinegraph.tools.programs import extract_program
from refinegraph.tools.visible_tests import parse_generated_tests, parse_tests, statement_examples

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
