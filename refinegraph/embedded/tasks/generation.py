"""Tasks by the thousand: composed, stated, checked and labelled."""

import functools
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
from refinegraph.embedded.tasks.naming import Header, free_header, plain_name
from refinegraph.embedded.tasks.operation import Operation, Shape, Step
from refinegraph.embedded.tasks.wording import free_statement, plain_statement
from refinegraph.schema import Gold, LabelledProblem, Problem

VAGUE_SHARE = 0.25
"""How often a step that can be left to the examples is."""

_GIVEN, _HIDDEN = 3, 8
_FIRST = 8
"""Cases after which a dull task is given up."""
_ATTEMPTS = 3
_LONGEST_VALUE = 44
_LARGEST = 9_999
_FEWEST: dict[Shape, int] = {"flag": 2, "number": 3}
"""How many different results a task needs, where it is not half of them."""


class Task(NamedTuple):
    """One task and what only its maker knows."""

    labelled: LabelledProblem
    program: str
    """A program that solves it."""
    steps: tuple[Step, ...]
    """What it is composed of, one line of the program each."""
    vague: tuple[bool, ...]
    """Which steps the statement leaves to the examples."""
    argument: str = "x"
    """What the function calls its argument."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of what it is composed of, in order."""
        return tuple(step.operation.name for step in self.steps)


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
    plain_names: bool = False,
) -> Iterator[Task]:
    """Yield tasks, the same for the same arguments.

    `lengths` are the numbers of composed operations to draw from, a number as often as it stands
    there. The statement holds two to four examples; three other cases are the visible tests; eight
    more, edge cases among them, are hidden. With `plain_names` functions have one of a few names
    and call their argument `x`. Costs about a millisecond a task.

    >>> [task] = generate_tasks("held_out", count=1)
    >>> split_of(task.operations)
    'held_out'
    """
    for number in range(count):
        rng = random.Random(f"{split} {seed} {number}")
        length = rng.choice(lengths)
        yield _draw(f"{split}-{seed}-{number}", split, length, vague_share, rng, plain_names)


def _draw(
    id: str,
    split: Split,
    length: int,
    vague_share: float,
    rng: random.Random,
    plain_names: bool,
) -> Task:
    while True:
        operations = draw_operations(length, rng)
        if len(operations) > 1 and split_of([each.name for each in operations]) != split:
            continue
        for _ in range(_ATTEMPTS):
            task = _compose(id, operations, vague_share, rng, plain_names)
            if task is not None:
                return task


def _compose(
    id: str,
    operations: Sequence[Operation],
    vague_share: float,
    rng: random.Random,
    plain_names: bool,
) -> Task | None:
    """State and label one composition; None where it is dull or its values grow too large."""
    phrased = [_choose(each, vague_share, rng) for each in operations]
    steps, vague = [step for step, _ in phrased], [unclear for _, unclear in phrased]
    header = (
        Header(plain_name(rng), "x") if plain_names else free_header(steps[0].operation.takes, rng)
    )
    name = header.name
    shown = rng.choice((2, 2, 2, 3, 3, 4))
    cases = _cases(steps, shown + _GIVEN + _HIDDEN, rng)
    if cases is None:
        return None
    examples, given, hidden = cases[:shown], cases[shown : shown + _GIVEN], cases[shown + _GIVEN :]
    said = (
        plain_statement(name, steps, vague=vague, rng=rng)
        if plain_names
        else free_statement(header, steps, vague=vague, rng=rng)
    )
    listed = "\n".join(_call(name, case) for case in examples)
    problem = Problem(
        id=id,
        prompt=f"{said}\n{listed}",
        entry_point=name,
        tests=_asserts(name, given),
    )
    return Task(
        LabelledProblem(problem, Gold(tests=_asserts(name, hidden))),
        program_source(name, steps, argument=header.argument),
        tuple(steps),
        tuple(vague),
        header.argument,
    )


def _choose(operation: Operation, vague_share: float, rng: random.Random) -> tuple[Step, bool]:
    vague = bool(operation.vague) and rng.random() < vague_share
    constants = operation.constants
    if vague and operation.vague_constants:
        constants = operation.vague_constants
    return Step(operation, rng.choice(constants) if constants else None), vague


def _cases(steps: Sequence[Step], count: int, rng: random.Random) -> list[_Case] | None:
    """Run the steps on random arguments, edge cases last; None where they are no good."""
    shape = steps[0].operation.takes
    cases: list[_Case] = []
    seen: set[str] = set()
    for number in range(3 * count):
        argument = random_input(shape, rng, edge=len(cases) >= count - 2)
        if repr(argument) in seen and number < 2 * count:
            continue
        seen.add(repr(argument))
        try:
            cases.append(_Case(argument, run_steps(steps, argument)))
        except (ValueError, IndexError):
            return None
        if not _fits(cases[-1].result) or (len(cases) == _FIRST and _dull(cases, steps)):
            return None
        if len(cases) == count:
            return cases
    return None


def run_steps(steps: Sequence[Step], argument: Value) -> Value:
    """Return what the steps make of an argument; what they raise is passed on.

    The expressions are the package's own, so they run in this process.
    """
    value = argument
    for step in steps:
        value = _function(step.expression)(value)
    return value


@functools.lru_cache(maxsize=4096)
def _function(expression: str) -> Callable[[Value], Value]:
    return cast("Callable[[Value], Value]", eval(f"lambda x: {expression}"))


def _fits(value: Value) -> bool:
    if isinstance(value, list) and len(value) > 10:
        return False
    numbers = value if isinstance(value, list) else [value]
    large = any(isinstance(each, int) and abs(each) > _LARGEST for each in numbers)
    return not large and len(repr(value)) <= _LONGEST_VALUE


def _dull(cases: Sequence[_Case], steps: Sequence[Step]) -> bool:
    """Whether too few results differ, or leaving out a step changes none of them."""
    results = [repr(case.result) for case in cases]
    needed = _FEWEST.get(steps[-1].operation.gives, _FIRST // 2)
    if len(set(results)) < needed or max(map(results.count, results)) > 0.7 * len(results):
        return True
    return any(
        _unnecessary([*steps[:place], *steps[place + 1 :]], cases)
        for place, step in enumerate(steps)
        if len(steps) > 1 and step.operation.takes == step.operation.gives
    )


def _unnecessary(rest: Sequence[Step], cases: Sequence[_Case]) -> bool:
    return all(run_steps(rest, case.argument) == case.result for case in cases)


def _call(name: str, case: _Case) -> str:
    return f"{name}({case.argument!r}) == {case.result!r}"


def _asserts(name: str, cases: Sequence[_Case]) -> str:
    return "\n".join(f"assert {_call(name, case)}" for case in cases)
