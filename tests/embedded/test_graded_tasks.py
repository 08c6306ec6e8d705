"""Graded tasks have the requested lengths, many wordings, and a split by behaviour."""

import ast
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.embedded.tasks import GradedTask, Split, graded_tasks
from refinegraph.embedded.tasks.behaviour import (
    FAILURES,
    Arguments,
    Parameter,
    compile_chain,
    fingerprint,
)
from refinegraph.embedded.tasks.final_wording import final_wording_tasks
from refinegraph.embedded.tasks.handwritten import handwritten_tasks
from refinegraph.embedded.tasks.inputs import random_input
from refinegraph.embedded.tasks.noun_phrases import NOUN_PHRASES
from refinegraph.embedded.tasks.operation import Shape, Step
from refinegraph.embedded.tasks.plain_wording import plain_wording_tasks
from refinegraph.embedded.tasks.sentences import Wording, statement
from refinegraph.embedded.tasks.vocabulary import ALL_OPERATIONS
from refinegraph.embedded.tasks.wider_operations import SECOND_OPERATIONS
from refinegraph.tools import Sandbox, parse_tests
from refinegraph.tools.test_cases.checking import check_program

ROOT = Path(__file__).resolve().parents[2]


def drawn(split: Split, count: int, *, seed: int = 0) -> list[GradedTask]:
    return list(graded_tasks(split, count=count, seed=seed))


@settings(max_examples=25, deadline=None)
@given(length=st.integers(1, 10), vague=st.integers(0, 8), seed=st.integers(0, 99))
def test_tasks_are_as_long_and_as_vague_as_asked(length: int, vague: int, seed: int) -> None:
    for task in graded_tasks("train", count=1, seed=seed, steps=(length,), vague=(vague,)):
        assert len(task.steps) == len(task.phrases) == length
        assert task.vague == min(vague, length)
        assert task.program.count("\n") == length


def test_tasks_are_the_same_for_the_same_seed() -> None:
    assert drawn("train", 15, seed=3) == drawn("train", 15, seed=3)
    assert drawn("train", 15, seed=3) != drawn("train", 15, seed=4)


def test_no_held_out_task_computes_what_a_trained_one_does() -> None:
    trained = {behaviour(task) for task in drawn("train", 400)}
    held_out = {behaviour(task) for task in drawn("held_out", 120)}
    assert not trained & held_out
    assert len(held_out) > 100


def behaviour(task: GradedTask) -> tuple[str, ...]:
    """Return the results of a task on random arguments that the split does not compare."""
    shapes = (task.steps[0].operation.takes, _second_shape(task))
    rng = random.Random(" ".join(map(str, shapes)))
    run = compile_chain(task.steps)
    results: list[str] = [str(shapes)]
    for number in range(30):
        calls = tuple(random_input(shape, rng, edge=number > 26) for shape in shapes if shape)
        try:
            results.append(repr(run(calls)[-1]))
        except FAILURES as error:
            results.append(type(error).__name__)
    return tuple(results)


def _second_shape(task: GradedTask) -> Shape | None:
    own: dict[str, Shape] = {operation.name: shape for operation, shape in SECOND_OPERATIONS}
    for step in task.steps:
        if isinstance(step.constant, Parameter):
            return own.get(step.operation.name, "number")
    return None


def test_the_same_function_has_the_same_fingerprint_under_other_steps() -> None:
    by_name = {operation.name: Step(operation, None) for operation in ALL_OPERATIONS}
    there_and_back = [by_name["reverse"], by_name["negate"], by_name["reverse"]]
    assert fingerprint(there_and_back) == fingerprint([by_name["negate"]])
    assert fingerprint([by_name["reverse"]]) != fingerprint([by_name["negate"]])


def test_every_operation_has_noun_phrases_with_its_places() -> None:
    operations = (*ALL_OPERATIONS, *(operation for operation, _ in SECOND_OPERATIONS))
    assert {operation.name for operation in operations} == set(NOUN_PHRASES)
    for operation in operations:
        for phrase in NOUN_PHRASES[operation.name]:
            assert "~" in phrase, (operation.name, phrase)
            assert ("@" in phrase) == ("@" in operation.code), (operation.name, phrase)


def test_every_operation_has_at_least_twelve_wordings() -> None:
    rng = random.Random(5)
    for operation in ALL_OPERATIONS:
        step = Step(operation, operation.constants[0] if operation.constants else None)
        wording = Wording((step,), ("",), "f", ("x",))
        said = {statement(wording, rng) for _ in range(60)}
        assert len(said) >= 12, operation.name
        assert not any("<" in text or "{" in text or "~" in text for text in said), operation.name


@pytest.mark.parametrize("split", ["train", "held_out"])
async def test_reference_programs_pass_in_the_sandbox(split: Split) -> None:
    async with Sandbox(min_tier="none") as sandbox:
        for task in drawn(split, 25, seed=11):
            problem, gold = task.labelled
            tests = parse_tests(f"{problem.tests}\n{gold.tests}", entry_point=problem.entry_point)
            assert len(tests) == 11
            verdict = await check_program(sandbox, task.program, tests, problem=problem)
            assert verdict.passed, (problem.prompt, task.program, verdict.first_failure)


def test_tasks_in_free_wording_are_120_under_names_of_their_own() -> None:
    tasks = (*handwritten_tasks(), *plain_wording_tasks(), *final_wording_tasks())
    assert len({task.problem.entry_point for task in tasks}) == len(tasks) == 120


def test_only_the_final_benchmark_reads_the_tasks_that_are_evaluated_once() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("training", "refinegraph", "agents", "graphs", "tools", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if _imports(path, "final_wording")
    ]
    assert set(readers) <= {"benchmarks/embedded.py"}


def _imports(path: Path, module: str) -> bool:
    source = path.read_text()
    if module not in source:
        return False
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return any((node.module or "").endswith(module) for node in imports)


def test_calls_have_as_many_arguments_as_the_function() -> None:
    for task in drawn("train", 80, seed=2):
        calls: list[Arguments] = [case.arguments for case in (*task.examples, *task.hidden)]
        assert {len(call) for call in calls} == {len(task.arguments)}
