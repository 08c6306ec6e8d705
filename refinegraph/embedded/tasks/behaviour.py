"""What programs compute, and which of them training never sees.

Two chains of steps that compute the same function have the same fingerprint, whatever their steps
are called and in whatever order they stand, so both lie in the same split.
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
"""The arguments of one call: one or two."""
Function = Callable[..., Value]

FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)
"""What steps may raise."""
_PROBES = 20
"""Enough random arguments, with empty and one-element ones, to tell two chains apart."""
_HELD_OUT_PERCENT = 15


class Parameter(str):
    """The second argument's name, in the place of a step's constant.

    >>> from refinegraph.embedded.tasks.operation import Operation, Step
    >>> Step(Operation("cut", "numbers", "numbers", "x[:@]", ()), Parameter("n")).expression
    'x[:n]'
    """

    def __repr__(self) -> str:
        """The bare name, as it stands in a program."""
        return str(self)


def run_chain(steps: Sequence[Step], arguments: Arguments) -> list[Value]:
    """Return the value after every step; what a step raises is passed on.

    The expressions are the package's own, so they run in this process.
    """
    return compile_chain(steps)(arguments)


def compile_chain(
    steps: Sequence[Step], *, largest: int | None = None
) -> Callable[[Arguments], list[Value]]:
    """Return what `run_chain` does as a function of the arguments, for many calls.

    With `largest`, a step whose argument is a larger number raises `OverflowError`: steps that
    count up to their argument would not end in reasonable time.
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
    """Return a step as a function of its value and, if there is one, the second argument."""
    name = str(step.constant) if isinstance(step.constant, Parameter) else "_"
    return _function(step.expression, name)


@functools.lru_cache(maxsize=1 << 14)
def _function(expression: str, second: str) -> Function:
    return cast("Function", eval(f"lambda x, {second}=None: {expression}"))


def fingerprint(steps: Sequence[Step], second: Shape | None = None) -> str:
    """Return a digest of what a chain computes on fixed arguments; an error counts as a result.

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
    """Return the split of a chain; what a single step can compute is always in training.

    A chain can only be new where its parts are known.
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
    """Return a random second argument; numbers are small, as constants are."""
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
