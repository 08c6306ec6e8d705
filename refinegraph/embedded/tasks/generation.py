"""Generate tasks: compose operations, state them in English, run them and label the results."""

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
"""The share of steps with a vague phrase that are left to the examples."""

_GIVEN, _HIDDEN = 3, 8
"""The numbers of visible tests and of hidden tests: a choice."""
_FIRST = 8
"""The number of cases after which a trivial task is discarded."""
_ATTEMPTS = 3
"""Attempts to state one composition before another is drawn: a choice."""
_LONGEST_VALUE = 44
_LARGEST = 9_999
"""Limits on what a small model can read; wider values would fill its context."""
_FEWEST: dict[Shape, int] = {"flag": 2, "number": 3}
"""The required number of distinct results, for output shapes that do not need half of the cases."""


class Task(NamedTuple):
    """One task, including what only its generator knows."""

    labelled: LabelledProblem
    program: str
    """The reference program."""
    steps: tuple[Step, ...]
    """The steps of the program, one per line."""
    vague: tuple[bool, ...]
    """For every step, whether the statement leaves it to the examples."""
    argument: str = "x"
    """The name of the function's argument."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the composed operations, in order."""
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
    """Yield tasks; equal arguments give equal tasks.

    `lengths` contains the possible numbers of composed operations, repeated to make some more
    frequent. A statement shows two to four examples; three more cases are the visible tests, and
    eight others, including edge cases, are hidden. With `plain_names`, functions have one of a few
    names and their argument is called `x`. Generating a task takes about a millisecond.

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
        if len(operations) > 1 and split_of([operation.name for operation in operations]) != split:
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
    """State and label one composition; return None if it is trivial or its values are too large."""
    phrased = [_choose(operation, vague_share, rng) for operation in operations]
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
    description = (
        plain_statement(name, steps, vague=vague, rng=rng)
        if plain_names
        else free_statement(header, steps, vague=vague, rng=rng)
    )
    listed = "\n".join(_call(name, case) for case in examples)
    problem = Problem(
        id=id,
        prompt=f"{description}\n{listed}",
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
    """Run the steps on random arguments, edge cases last; return None if a case is unsuitable."""
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
    """Return the result of the steps for an argument; exceptions are propagated.

    The steps are expressions of this package, so they run in this process.
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
    large = any(isinstance(number, int) and abs(number) > _LARGEST for number in numbers)
    return not large and len(repr(value)) <= _LONGEST_VALUE


def _dull(cases: Sequence[_Case], steps: Sequence[Step]) -> bool:
    """Return whether too few results are distinct, or whether a step has no effect on them."""
    results = [repr(case.result) for case in cases]
    needed = _FEWEST.get(steps[-1].operation.gives, _FIRST // 2)
    if len(set(results)) < needed or max(map(results.count, results)) > 0.7 * len(results):
        return True
    return any(
        _unnecessary([*steps[:position], *steps[position + 1 :]], cases)
        for position, step in enumerate(steps)
        if len(steps) > 1 and step.operation.takes == step.operation.gives
    )


def _unnecessary(rest: Sequence[Step], cases: Sequence[_Case]) -> bool:
    return all(run_steps(rest, case.argument) == case.result for case in cases)


def _call(name: str, case: _Case) -> str:
    return f"{name}({case.argument!r}) == {case.result!r}"


def _asserts(name: str, cases: Sequence[_Case]) -> str:
    return "\n".join(f"assert {_call(name, case)}" for case in cases)
