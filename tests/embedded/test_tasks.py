"""The family of tasks: the same every time, solvable, and split by composition."""

import pytest

from refinegraph.embedded.tasks import (
    OPERATIONS,
    Split,
    Task,
    generate_tasks,
    handwritten_tasks,
    reference_program,
    split_of,
)
from refinegraph.schema import LabelledProblem
from refinegraph.tools import Sandbox, parse_tests
from refinegraph.tools.test_cases import statement_examples
from refinegraph.tools.test_cases.checking import check_program

EVERY_LENGTH = (1, 2, 3, 4)


def tasks(split: Split, count: int, *, seed: int = 0) -> list[Task]:
    return list(generate_tasks(split, count=count, seed=seed, lengths=EVERY_LENGTH))


def test_operations_have_names_of_their_own() -> None:
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS) >= 60


def test_operations_name_their_constant_or_leave_few_to_the_examples() -> None:
    for each in OPERATIONS:
        assert bool(each.constants) == ("@" in each.code), each.name
        assert all(bool(each.constants) == ("@" in phrase) for phrase in each.phrases), each.name
        unsaid = [phrase for phrase in each.vague if each.constants and "@" not in phrase]
        assert not unsaid or each.vague_constants, each.name


def test_vague_phrases_leave_something_to_the_examples() -> None:
    said = [phrase for each in OPERATIONS for phrase in each.vague]
    for each in OPERATIONS:
        for phrase in each.vague:
            assert said.count(phrase) > 1 or each.vague_constants, (each.name, phrase)


def test_tasks_are_the_same_for_the_same_seed() -> None:
    assert tasks("train", 20, seed=3) == tasks("train", 20, seed=3)
    assert tasks("train", 20, seed=3) != tasks("train", 20, seed=4)


def test_splits_share_no_composition() -> None:
    seen = {task.operations for task in tasks("train", 300)}
    new = {task.operations for task in tasks("held_out", 200) if len(task.operations) > 1}
    assert not seen & new
    assert {split_of(each) for each in seen} == {"train"}
    assert {split_of(each) for each in new} == {"held_out"}


def test_tasks_show_two_to_four_examples_and_hide_others() -> None:
    for task in tasks("held_out", 50):
        problem, gold = task.labelled
        shown = statement_examples(problem.prompt, entry_point=problem.entry_point)
        assert 2 <= len(shown) <= 4, problem.prompt
        assert len(parse_tests(problem.tests)) == 3
        assert len(parse_tests(gold.tests)) == 8


@pytest.mark.parametrize("split", ["train", "held_out"])
async def test_reference_programs_pass_in_the_sandbox(split: Split) -> None:
    async with Sandbox(min_tier="none") as sandbox:
        for task in tasks(split, 40, seed=11):
            await assert_solves(sandbox, task.program, task.labelled)


async def test_handwritten_references_pass_in_the_sandbox() -> None:
    assert len(handwritten_tasks()) >= 30
    async with Sandbox(min_tier="none") as sandbox:
        for labelled in handwritten_tasks():
            await assert_solves(sandbox, reference_program(labelled), labelled)


def test_handwritten_statements_show_examples() -> None:
    for problem, _ in handwritten_tasks():
        assert statement_examples(problem.prompt, entry_point=problem.entry_point), problem.id


async def assert_solves(sandbox: Sandbox, program: str, labelled: LabelledProblem) -> None:
    problem, gold = labelled
    tests = parse_tests(f"{problem.tests}\n{gold.tests}", entry_point=problem.entry_point)
    verdict = await check_program(sandbox, program, tests, problem=problem)
    assert verdict.passed, (problem.prompt, program, verdict.first_failure)
