"""What a task is composed of: one step in words and in Python."""

import re
from typing import Literal, NamedTuple

Shape = Literal["numbers", "number", "text", "words", "table", "flag"]
"""list[int], int, str, list[str], dict[str, int] and bool."""

Constants = tuple[int | str, ...]


class Operation(NamedTuple):
    """One step: what it takes, what it gives, its Python and the ways to say it."""

    name: str
    """Unique over all operations."""
    takes: Shape
    gives: Shape
    code: str
    """An expression of `x`, with `@` in the place of its constant."""
    phrases: tuple[str, ...]
    """Imperative, each clear by itself, with `@` in the place of the constant."""
    vague: tuple[str, ...] = ()
    """Imperative, each shared with a sibling: only the examples tell which is meant."""
    constants: Constants = ()
    """What `@` may be; empty where there is none."""
    vague_constants: Constants = ()
    """The fewer constants that a phrase without `@` may leave to the examples."""


class Step(NamedTuple):
    """An operation with its constant chosen."""

    operation: Operation
    constant: int | str | None

    @property
    def expression(self) -> str:
        """The Python of the step."""
        return _fill(self.operation.code, self.constant)

    def expression_of(self, argument: str) -> str:
        """The Python of the step on another name than `x`.

        >>> from refinegraph.embedded.tasks.operation import Operation, Step
        >>> Step(Operation("cut", "text", "text", "x + '@'", ()), None).expression_of("word")
        "word + '@'"
        """
        return _fill(re.sub(r"\bx\b", argument, self.operation.code), self.constant)

    def say(self, phrase: str) -> str:
        """Put the constant into a phrase.

        >>> from refinegraph.embedded.tasks.operation import Operation, Step
        >>> cut = Operation("cut", "numbers", "numbers", "x[:@]", ("keep the first @",))
        >>> Step(cut, 3).say("keep the first @"), Step(cut, 3).expression
        ('keep the first 3', 'x[:3]')
        """
        return _fill(phrase, self.constant)

    @property
    def gloss(self) -> str:
        """The step in clear words."""
        return self.say(self.operation.phrases[0])


def _fill(text: str, constant: int | str | None) -> str:
    return text if constant is None else text.replace("@", repr(constant))


def operation(
    name: str,
    shapes: tuple[Shape, Shape],
    code: str,
    phrases: str,
    *,
    vague: str = "",
    constants: Constants = (),
    vague_constants: Constants = (),
) -> Operation:
    """Return an operation whose phrases are given in one text, parted by `|`."""
    return Operation(
        name,
        shapes[0],
        shapes[1],
        code,
        _parted(phrases),
        _parted(vague),
        constants,
        vague_constants,
    )


def _parted(phrases: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in phrases.split("|") if each.strip())
