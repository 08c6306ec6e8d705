"""Fingerprints of what programs compute, and the functions that are held out from training.

Two chains of steps that compute the same function have the same fingerprint, whatever the names and
the order of their steps, so they always belong to the same split.
"""

import functools
import hashlib
import random
from collections.abc import Callable, Sequence
from typing import cast

from refinegraph.embedded.tasks.composition import Split
from refinegraph.embedded.tasks.inputs import Value, random_input
from refinegraph.embedded.tasks.operation import Shape, Step

Arguments = tuple[Value, ...]
"""The one or two arguments of a call."""
Function = Callable[..., Value]

FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)
"""The exceptions that steps may raise."""
_PROBES = 20
"""The number of random arguments, including empty and one-element ones, that distinguish two
chains."""
_HELD_OUT_PERCENT = 15
"""The share of functions that are held out: a choice."""


class Parameter(str):
    """The name of the second argument, in place of a step's constant.

    >>> from refinegraph.embedded.tasks.operation import Operation, Step
    >>> Step(Operation("cut", "numbers", "numbers", "x[:@]", ()), Parameter("n")).expression
    'x[:n]'
    """

    def __repr__(self) -> str:
        """Return the bare name, as it appears in a program."""
        return str(self)


def run_chain(steps: Sequence[Step], arguments: Arguments) -> list[Value]:
    """Return the value after every step; exceptions of the steps are propagated.

    The steps are expressions of this package, so they run in this process.
    """
    return compile_chain(steps)(arguments)


def compile_chain(
    steps: Sequence[Step], *, largest: int | None = None
) -> Callable[[Arguments], list[Value]]:
    """Return a function that does the same as `run_chain`, for many calls.

    With `largest`, a step whose argument is a larger number raises `OverflowError`, because steps
    that count up to their argument would take too long.
    """
    functions = [function_of(step) for step in steps]

    def run(arguments: Arguments) -> list[Value]:
        value, others, values = arguments[0], arguments[1:], list[Value]()
        for function in functions:
            if largest is not None and isinstance(value, int) and abs(value) > largest:
                raise OverflowError(f"{value} is larger than {largest}")
            value = function(value, *others)
            values.append(value)
        return values

    return run


def function_of(step: Step) -> Function:
    """Return a step as a function of its value and of the second argument, if there is one."""
    name = str(step.constant) if isinstance(step.constant, Parameter) else "_"
    return _function(step.expression, name)


@functools.lru_cache(maxsize=1 << 14)
def _function(expression: str, second: str) -> Function:
    return cast("Function", eval(f"lambda x, {second}=None: {expression}"))


def fingerprint(steps: Sequence[Step], second: Shape | None = None) -> str:
    """Return a digest of what a chain computes on fixed arguments; exceptions count as results.

    >>> from refinegraph.embedded.tasks.operation import Operation
    >>> negate = Operation("negate", "number", "number", "-x", ())
    >>> swap = Operation("swap", "number", "number", "0 - x", ())
    >>> fingerprint([Step(negate, None)]) == fingerprint([Step(swap, None)])
    True
    """
    run = compile_chain(steps)
    results = [_outcome(run, call) for call in probes(steps[0].operation.takes, second)]
    return hashlib.sha256("\n".join(results).encode()).hexdigest()


def split_by_behaviour(steps: Sequence[Step], second: Shape | None = None) -> Split:
    """Return the split of a chain; functions that a single step can compute are always in training.

    This ensures that held-out chains are new combinations of steps that training covers.
    """
    digest = fingerprint(steps, second)
    if len(steps) == 1 or digest in _single_steps():
        return "train"
    return "held_out" if int(digest[:8], 16) % 100 < _HELD_OUT_PERCENT else "train"


@functools.cache
def probes(takes: Shape, second: Shape | None) -> tuple[Arguments, ...]:
    """Return the fixed arguments on which chains are compared."""
    rng = random.Random(f"probe {takes} {second}")
    firsts = [random_input(takes, rng, edge=number >= _PROBES - 4) for number in range(_PROBES)]
    if second is None:
        return tuple((first,) for first in firsts)
    return tuple((first, second_input(second, rng)) for first in firsts)


def second_input(shape: Shape, rng: random.Random) -> Value:
    """Return a random second argument; numbers are small, like constants."""
    return rng.randint(1, 6) if shape == "number" else random_input(shape, rng)


@functools.cache
def _single_steps() -> frozenset[str]:
    from refinegraph.embedded.tasks.vocabulary import ALL_OPERATIONS

    steps = (
        Step(operation, constant)
        for operation in ALL_OPERATIONS
        for constant in operation.constants or (None,)
    )
    return frozenset(fingerprint([step]) for step in steps)


def _outcome(run: Callable[[Arguments], list[Value]], arguments: Arguments) -> str:
    try:
        return repr(run(arguments)[-1])
    except FAILURES as error:
        return type(error).__name__
