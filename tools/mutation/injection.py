"""Errors that are injected on purpose: a right program or solution, damaged at one place."""

import random
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation.catalogue import OPERATORS
from refinegraph.tools.mutation.search import mutations

# A program of a benchmark has a few dozen changes; a long one need not be searched to its end.
_MOST_CHANGES = 400
# Guards, wrapped calls and moved statements are good repairs, but leave most right programs right.
_BREAKING = frozenset(
    {
        *("boundary", "opposite", "other-comparison", "arithmetic", "connective", "negation"),
        *("constant", "off-by-one", "dropped-operand", "swapped-arguments", "swapped-operands"),
        *("variable", "sign", "assignment", "called-function", "attribute", "removed"),
    }
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_SIGN = re.compile(r"(?<=\s)[-+*](?=\s)")
_OTHER_SIGN = {"+": "-", "-": "+", "*": "+"}
_PATH = "program.py"
_OPERATORS = [operator for operator in OPERATORS if operator.name in _BREAKING]


class InjectedError(NamedTuple):
    """A text with one error in it."""

    type: str
    """The kind of change, such as `boundary` or `number`."""
    start: int
    """Where the edited span begins in the damaged text."""
    end: int
    before: str
    """What stood there: the correction."""
    text: str
    """The whole damaged text."""

    @property
    def after(self) -> str:
        """What stands in the edited span."""
        return self.text[self.start : self.end]


def program_errors(program: str, *, seed: int = 0) -> Iterator[InjectedError]:
    """Yield a program damaged in one place after the other, in an order that the seed gives.

    Whether a change is an error has to be found by running it: some leave a program right. Yields
    nothing for what is no Python program.

    >>> error = next(program_errors("def f(x):\\n    return x < 2\\n"))
    >>> error.text[: error.start] + error.before + error.text[error.end :]
    'def f(x):\\n    return x < 2\\n'
    """
    lines = len(program.splitlines())
    suspects = [SuspectLine(path=_PATH, line=line, score=1.0) for line in range(1, lines + 1)]
    changes = list(
        islice(mutations({_PATH: program}, suspects, operators=_OPERATORS), _MOST_CHANGES)
    )
    random.Random(seed).shuffle(changes)
    for change in changes:
        yield _error(change.operator, program, change.text)


def text_errors(text: str, *, seed: int = 0) -> Iterator[InjectedError]:
    """Yield a solution in words with one number or sign changed, in an order that the seed gives.

    >>> error = next(text_errors("2 eggs"))
    >>> error.type, error.before
    ('number', '2')
    """
    changes = [
        ("number", match, other) for match in _NUMBER.finditer(text) for other in _near(match)
    ]
    changes += [("sign", match, _OTHER_SIGN[match[0]]) for match in _SIGN.finditer(text)]
    random.Random(seed).shuffle(changes)
    for type, match, other in changes:
        yield _error(type, text, f"{text[: match.start()]}{other}{text[match.end() :]}")


def error_between(right: str, damaged: str) -> InjectedError | None:
    """Return the injected error that turns one text into the other; None for any other change."""
    if right == damaged:
        return None
    for errors in (program_errors(right), text_errors(right)):
        match = next((error for error in errors if error.text == damaged), None)
        if match:
            return match
    return None


def _near(match: re.Match[str]) -> tuple[str, str]:
    """Return two other numbers: one more, and twice as much."""
    value = float(match[0]) if "." in match[0] else int(match[0])
    return str(value + 1), str(2 * value if value else 2)


def _error(type: str, right: str, damaged: str) -> InjectedError:
    """Return the change with the least span in which the texts differ."""
    start = 0
    most = min(len(right), len(damaged))
    while start < most and right[start] == damaged[start]:
        start += 1
    kept = 0
    while kept < most - start and right[-1 - kept] == damaged[-1 - kept]:
        kept += 1
    return InjectedError(
        type, start, len(damaged) - kept, right[start : len(right) - kept], damaged
    )
