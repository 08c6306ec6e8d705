"""Tasks by the thousand: composed, stated, checked and labelled."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from refinegraph.embedded.tasks.composition import (
    Split,
    draw_operations,
    program_source,
    split_of,
)
from refinegraph.embedded.tasks.inputs import Value, random_input
from refinegraph.embedded.tasks.operation import Operation, Shape, Step
from refinegraph.embedded.tasks.wording import function_name, statement
from refinegraph.schema import Gold, LabelledProblem, Problem

VAGUE_SHARE = 0.25
"""How often a step that can be left to the examples is."""

_GIVEN, _HIDDEN = 3, 8
_LONGEST_VALUE = 44
_LARGEST = 9_999
_FEWEST: dict[Shape, int] = {"flag": 2, "number": 4}
"""How many different results a task needs, where it is not half of them."""


class Task(NamedTuple):
    """One task and what only its maker knows."""

    labelled: LabelledProblem
    program: str
    """A program that solves it."""
    operations: tuple[str, ...]
    """The names of what it is composed of, in order."""
    glosses: tuple[str, ...]
    """Each step in clear words."""
    vague: tuple[bool, ...]
    """Which steps the statement leaves to the examples."""


class _Case(NamedTuple):
    argument: Value
    result: Value


def generate_tasks(
    split: Split,
    *,
    count: int,
    seed: int = 0,
    lengths: Sequence[int] = (2, 2, 3, 3, 4),
    vague_share: float = VAGUE_SHARE,
) -> Iterator[Task]:
    """Yield tasks, the same for the same arguments.

    `lengths` are the numbers of composed operations to draw from, a number as often as it stands
    there. The statement holds two to four examples; three other cases are the visible tests; eight
    more, edge cases among them, are hidden. Costs about a millisecond a task.

    >>> [task] = generate_tasks("held_out", count=1)
    >>> split_of(task.operations)
    'held_out'
    """
    for number in range(count):
        rng = random.Random(f"{split} {seed} {number}")
        length = rng.choice(lengths)
        yield _draw(f"{split}-{seed}-{number}", split, length, vague_share, rng)


def _draw(id: str, split: Split, length: int, vague_share: float, rng: random.Random) -> Task:
    while True:
        operations = draw_operations(length, rng)
        if len(operations) > 1 and split_of([each.name for each in operations]) != split:
            continue
        task = _compose(id, operations, vague_share, rng)
        if task is not None:
            return task


def _compose(
    id: str, operations: Sequence[Operation], vague_share: float, rng: random.Random
) -> Task | None:
    """State and label one composition; None where it is dull or its values grow too large."""
    phrased = [_choose(each, vague_share, rng) for each in operations]
    steps, vague = [step for step, _ in phrased], [unclear for _, unclear in phrased]
    name = function_name(rng)
    program = program_source(name, steps)
    shown = rng.choice((2, 2, 2, 3, 3, 4))
    cases = _cases(steps, name, shown + _GIVEN + _HIDDEN, rng)
    if cases is None or _dull(cases, steps, name):
        return None
    examples, given, hidden = cases[:shown], cases[shown : shown + _GIVEN], cases[shown + _GIVEN :]
    listed = "\n".join(_call(name, case) for case in examples)
    problem = Problem(
        id=id,
        prompt=f"{statement(name, steps, vague=vague, rng=rng)}\n{listed}",
        entry_point=name,
        tests=_asserts(name, given),
    )
    return Task(
        LabelledProblem(problem, Gold(tests=_asserts(name, hidden))),
        program,
        tuple(each.name for each in operations),
        tuple(step.gloss for step in steps),
        tuple(vague),
    )


def _choose(operation: Operation, vague_share: float, rng: random.Random) -> tuple[Step, bool]:
    vague = bool(operation.vague) and rng.random() < vague_share
    constants = operation.constants
    if vague and operation.vague_constants:
        constants = operation.vague_constants
    return Step(operation, rng.choice(constants) if constants else None), vague


def _cases(steps: Sequence[Step], name: str, count: int, rng: random.Random) -> list[_Case] | None:
    """Run the program on random arguments, edge cases last; None where it is no good."""
    function = _compile(program_source(name, steps), name)
    shape = steps[0].operation.takes
    cases: list[_Case] = []
    for number in range(3 * count):
        if len(cases) == count:
            return cases
        argument = random_input(shape, rng, edge=len(cases) >= count - 2)
        try:
            case = _Case(argument, function(argument))
        except (ValueError, IndexError):
            return None
        if not _fits(case.result):
            return None
        if number >= 2 * count or all(case.argument != other.argument for other in cases):
            cases.append(case)
    return None


def _compile(program: str, name: str) -> Callable[[Value], Value]:
    """Compile a program of the grammar, which is the package's own and may run in this process."""
    namespace: dict[str, object] = {}
    exec(program, namespace)
    return cast("Callable[[Value], Value]", namespace[name])


def _fits(value: Value) -> bool:
    if isinstance(value, list) and len(value) > 10:
        return False
    numbers = value if isinstance(value, list) else [value]
    large = any(isinstance(each, int) and abs(each) > _LARGEST for each in numbers)
    return not large and len(repr(value)) <= _LONGEST_VALUE


def _dull(cases: Sequence[_Case], steps: Sequence[Step], name: str) -> bool:
    """Whether too few results differ, or leaving out one step changes none of the first cases."""
    results = [repr(case.result) for case in cases[:-2]]
    needed = _FEWEST.get(steps[-1].operation.gives, len(results) // 2)
    if len(set(results)) < needed or max(map(results.count, results)) > 0.7 * len(results):
        return True
    return any(
        _unnecessary([*steps[:place], *steps[place + 1 :]], cases, name)
        for place, step in enumerate(steps)
        if len(steps) > 1 and step.operation.takes == step.operation.gives
    )


def _unnecessary(rest: Sequence[Step], cases: Sequence[_Case], name: str) -> bool:
    function = _compile(program_source(name, rest), name)
    return all(function(case.argument) == case.result for case in cases[:5])


def _call(name: str, case: _Case) -> str:
    return f"{name}({case.argument!r}) == {case.result!r}"


def _asserts(name: str, cases: Sequence[_Case]) -> str:
    return "\n".join(f"assert {_call(name, case)}" for case in cases)
