"""Operations and steps, in words and in Python."""

import re
from typing import Literal, NamedTuple

Shape = Literal["numbers", "number", "text", "words", "table", "flag"]
"""list[int], int, str, list[str], dict[str, int] and bool, in this order."""

Constants = tuple[int | str, ...]


class Operation(NamedTuple):
    """An operation: its input and output shapes, its Python expression and its phrases."""

    name: str
    """The name, which no other operation has."""
    takes: Shape
    gives: Shape
    code: str
    """An expression of `x`, with `@` for the constant."""
    phrases: tuple[str, ...]
    """Commands that state the operation unambiguously, with `@` for the constant."""
    vague: tuple[str, ...] = ()
    """Commands that also fit another operation, so that only the examples tell which one is
    meant."""
    constants: Constants = ()
    """The possible values of `@`; empty if the operation has no constant."""
    vague_constants: Constants = ()
    """The possible constants for a phrase without `@`, which leaves them to the examples."""


class Step(NamedTuple):
    """An operation with a chosen constant."""

    operation: Operation
    constant: int | str | None

    @property
    def expression(self) -> str:
        """The Python expression of the step."""
        return _fill(self.operation.code, self.constant)

    def expression_of(self, argument: str) -> str:
        """Return the Python expression of the step, with another name in place of `x`.

        >>> from refinegraph.embedded.tasks.operation import Operation, Step
        >>> Step(Operation("cut", "text", "text", "x + '@'", ()), None).expression_of("word")
        "word + '@'"
        """
        return _fill(re.sub(r"\bx\b", argument, self.operation.code), self.constant)

    def say(self, phrase: str) -> str:
        """Return a phrase with the constant filled in.

        >>> from refinegraph.embedded.tasks.operation import Operation, Step
        >>> cut = Operation("cut", "numbers", "numbers", "x[:@]", ("keep the first @",))
        >>> Step(cut, 3).say("keep the first @"), Step(cut, 3).expression
        ('keep the first 3', 'x[:3]')
        """
        return _fill(phrase, self.constant)

    @property
    def gloss(self) -> str:
        """The step in unambiguous words."""
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
    """Return an operation; `phrases` and `vague` contain phrases separated by `|`."""
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
    return tuple(phrase.strip() for phrase in phrases.split("|") if phrase.strip())
