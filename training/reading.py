"""Parse programs of the grammar into steps, so that they can be run without a sandbox.

Only expressions of the operations in `refinegraph.embedded.tasks` are run in this process. A
program of the model that contains anything else cannot be parsed and is discarded.
"""

import functools
import re
from collections.abc import Sequence

from refinegraph.embedded.tasks.behaviour import Parameter
from refinegraph.embedded.tasks.operation import Operation, Step
from refinegraph.embedded.tasks.vocabulary import ALL_OPERATIONS
from refinegraph.embedded.tasks.wider_operations import SECOND_OPERATIONS

_HEADER = re.compile(r"def (\w+)\((\w+)(?:, (\w+))?\):")
_LINE = re.compile(r"    (?:x = |(return) )(.*)")
_CONSTANT = r"(-?\d{1,2}|'[^'\\]{0,2}'|[a-z]\w*)"


def read_steps(program: str, *, arguments: Sequence[str]) -> tuple[Step, ...] | None:
    """Return the steps of a program, or None if the grammar or its arguments do not match.

    >>> steps = read_steps("def f(xs):\\n    x = xs[::-1]\\n    return x[:3]", arguments=["xs"])
    >>> [step.constant for step in steps]
    [None, 3]
    """
    header, *lines = program.split("\n")
    opening = _HEADER.fullmatch(header)
    if opening is None or [name for name in opening.groups()[1:] if name] != list(arguments):
        return None
    steps: list[Step] = []
    for number, line in enumerate(lines, 1):
        matched = _LINE.fullmatch(line)
        if matched is None or bool(matched[1]) != (number == len(lines)):
            return None
        step = _step(matched[2], arguments[0] if number == 1 else "x", tuple(arguments[1:]))
        if step is None:
            return None
        steps.append(step)
    return tuple(steps) or None


@functools.lru_cache(maxsize=1 << 16)
def _step(expression: str, argument: str, others: tuple[str, ...]) -> Step | None:
    for operation, pattern in _patterns(argument):
        matched = pattern.fullmatch(expression)
        if matched is None:
            continue
        constant = matched.groupdict().get("constant")
        if constant is None:
            return Step(operation, None)
        if constant[0] in "'-0123456789":
            bare = constant[1:-1] if constant[0] == "'" else int(constant)
            return Step(operation, bare)
        if constant in others:
            return Step(operation, Parameter(constant))
    return None


@functools.lru_cache(maxsize=256)
def _patterns(argument: str) -> tuple[tuple[Operation, re.Pattern[str]], ...]:
    operations = (*ALL_OPERATIONS, *(operation for operation, _ in SECOND_OPERATIONS))
    return tuple((operation, _pattern(operation, argument)) for operation in operations)


def _pattern(operation: Operation, argument: str) -> re.Pattern[str]:
    code = re.escape(re.sub(r"\bx\b", argument, operation.code))
    first, *others = code.split("@")
    if not others:
        return re.compile(first)
    named = _CONSTANT.replace("(", "(?P<constant>", 1)
    return re.compile(first + named + "(?P=constant)".join(others))
