"""Compose operations, and decide which compositions are held out from training."""

import hashlib
import random
from collections.abc import Sequence
from typing import Literal

from refinegraph.embedded.tasks.number_operations import NUMBER_OPERATIONS
from refinegraph.embedded.tasks.operation import Operation, Shape, Step
from refinegraph.embedded.tasks.text_operations import TEXT_OPERATIONS

Split = Literal["train", "held_out"]
"""The compositions used for training, and those that are never used for it."""

OPERATIONS: tuple[Operation, ...] = (*NUMBER_OPERATIONS, *TEXT_OPERATIONS)
"""All operations of the first set."""

_HELD_OUT_PERCENT = 15
"""The share of compositions that are held out: a choice."""
_STARTS: tuple[Shape, ...] = ("numbers", "number", "text", "words", "table")
_WEIGHTS = (40, 10, 18, 22, 10)
"""The weights of the first shapes: lists of numbers have the most operations."""
_BY_INPUT: dict[Shape, tuple[Operation, ...]] = {
    shape: tuple(operation for operation in OPERATIONS if operation.takes == shape)
    for shape in _STARTS
}
_INNER: dict[Shape, tuple[Operation, ...]] = {
    shape: tuple(operation for operation in operations if operation.gives != "flag")
    for shape, operations in _BY_INPUT.items()
}


def split_of(names: Sequence[str]) -> Split:
    """Return the split of a composition, which depends only on the names of its operations.

    Single operations are always in training, so that held-out compositions consist of known parts.

    >>> split_of(["reverse"])
    'train'
    """
    if len(names) < 2:
        return "train"
    digest = hashlib.sha256(" ".join(names).encode()).digest()
    return "held_out" if digest[0] * 100 < _HELD_OUT_PERCENT * 256 else "train"


def draw_operations(length: int, rng: random.Random) -> tuple[Operation, ...]:
    """Return operations in which the output shape of one is the input shape of the next."""
    shape = rng.choices(_STARTS, _WEIGHTS)[0]
    drawn: list[Operation] = []
    while len(drawn) < length:
        choices = (_BY_INPUT if len(drawn) == length - 1 else _INNER)[shape]
        chosen = rng.choice(choices)
        if chosen in drawn[-1:]:
            continue
        drawn.append(chosen)
        shape = chosen.gives
    return tuple(drawn)


def program_expressions(steps: Sequence[Step], *, argument: str = "x") -> list[str]:
    """Return the expression of every step; the first reads the argument, all others `x`."""
    first, *others = steps
    return [first.expression_of(argument), *(step.expression for step in others)]


def program_source(name: str, steps: Sequence[Step], *, argument: str = "x") -> str:
    """Return the reference program, with one line per step.

    >>> by_name = {operation.name: operation for operation in OPERATIONS}
    >>> print(program_source("f", [Step(by_name["reverse"], None), Step(by_name["first"], 2)]))
    def f(x):
        x = x[::-1]
        return x[:2]
    """
    *others, last = program_expressions(steps, argument=argument)
    lines = [f"    x = {expression}" for expression in others]
    return "\n".join([f"def {name}({argument}):", *lines, f"    return {last}"])
