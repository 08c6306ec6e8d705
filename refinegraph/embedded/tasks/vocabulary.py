"""All operations, their possible successors, and those that a vague phrase does not distinguish."""

import random
from collections.abc import Iterator

from refinegraph.embedded.tasks.behaviour import Parameter
from refinegraph.embedded.tasks.composition import OPERATIONS
from refinegraph.embedded.tasks.operation import Operation, Shape, Step
from refinegraph.embedded.tasks.wider_operations import SECOND_OPERATIONS, WIDER_OPERATIONS

ALL_OPERATIONS: tuple[Operation, ...] = (*OPERATIONS, *WIDER_OPERATIONS)
"""All operations of one argument."""

SHAPES: tuple[Shape, ...] = ("numbers", "number", "text", "words", "table")
_BY_INPUT: dict[Shape, tuple[Operation, ...]] = {
    shape: tuple(operation for operation in ALL_OPERATIONS if operation.takes == shape)
    for shape in SHAPES
}
_INNER: dict[Shape, tuple[Operation, ...]] = {
    shape: tuple(operation for operation in operations if operation.gives != "flag")
    for shape, operations in _BY_INPUT.items()
}
_ENDS_LIST = 0.5
"""The probability of redrawing an early step that would leave lists, so that most long tasks use
lists."""


def draw_step(
    shape: Shape, rng: random.Random, *, last: bool, vague: bool, long: bool
) -> tuple[Step, str] | None:
    """Return a random step for a shape, with its vague phrase if `vague` is set.

    Returns None if no operation on that shape has a vague phrase.
    """
    choices = (_BY_INPUT if last else _INNER).get(shape, ())
    if vague:
        choices = tuple(operation for operation in choices if operation.vague)
    if not choices:
        return None
    operation = rng.choice(choices)
    if long and not last and operation.gives != shape and rng.random() < _ENDS_LIST:
        operation = rng.choice(choices)
    phrase = rng.choice(operation.vague) if vague else ""
    constants = operation.constants
    if vague and "@" not in phrase and operation.vague_constants:
        constants = operation.vague_constants
    return Step(operation, rng.choice(constants) if constants else None), phrase


def draw_second(shape: Shape, name: str, rng: random.Random) -> tuple[Step, Shape] | None:
    """Return a step that reads the second argument, and the shape of that argument.

    Half of these steps are operations with a constant, which the argument replaces.
    """
    if rng.random() < 0.5:
        own = [pair for pair in SECOND_OPERATIONS if pair[0].takes == shape]
        if own:
            operation, second = rng.choice(own)
            return Step(operation, Parameter(name)), second
    numeric = [
        operation
        for operation in _INNER[shape]
        if operation.constants and isinstance(_first(operation), int)
    ]
    if not numeric:
        return None
    return Step(rng.choice(numeric), Parameter(name)), "number"


def _first(operation: Operation) -> int | str:
    return operation.constants[0]


def alternatives(step: Step, phrase: str) -> Iterator[Step]:
    """Yield the other steps that a vague phrase may describe."""
    operation = step.operation
    if "@" not in phrase and operation.vague_constants:
        for constant in operation.vague_constants:
            if constant != step.constant:
                yield Step(operation, constant)
    for sibling in _BY_INPUT[operation.takes]:
        if sibling is operation or phrase not in sibling.vague:
            continue
        yield from _readings(sibling, step.constant)


def _readings(operation: Operation, constant: int | str | None) -> Iterator[Step]:
    if not operation.constants:
        yield Step(operation, None)
    elif constant is None:
        yield from (Step(operation, constant) for constant in operation.vague_constants)
    elif constant in operation.constants or isinstance(constant, Parameter):
        yield Step(operation, constant)
