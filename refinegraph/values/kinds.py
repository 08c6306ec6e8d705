"""Kinds of plain values: numbers, text, choices and switches."""

import math
import operator
from collections.abc import Sequence
from typing import Any

from refinegraph.values.base import UnfitValue, Value, nearest
from refinegraph.values.plain import listed

_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class Number(Value):
    """A finite number within bounds."""

    metavar = "N"

    def __init__(
        self,
        metavar: str | None = None,
        *,
        whole: bool = False,
        minimum: float | None = None,
        above: float | None = None,
        maximum: float | None = None,
    ) -> None:
        super().__init__(metavar)
        self.whole = whole
        self.minimum = minimum
        self.above = above
        self.maximum = maximum

    def read(self, text: str) -> int | float:
        """Parse a number."""
        try:
            return self.check(int(text) if self.whole else float(text))
        except UnfitValue:
            raise
        except ValueError:
            raise UnfitValue(f"is not {self._noun()}") from None

    def check(self, value: Any) -> int | float:
        """Return the number, as a float unless it must be whole."""
        number = self._number(value)
        if not math.isfinite(number):
            raise UnfitValue(f"is not {self._noun()}")
        if self.minimum is not None and number < self.minimum:
            raise UnfitValue(f"is not {self._noun()} of at least {self.minimum:g}")
        if self.above is not None and number <= self.above:
            raise UnfitValue(f"is not above {self.above:g}")
        if self.maximum is not None and number > self.maximum:
            raise UnfitValue(f"is above {self.maximum:g}")
        return number

    def _number(self, value: Any) -> int | float:
        if isinstance(value, bool):
            raise UnfitValue(f"is not {self._noun()}")
        try:
            return operator.index(value) if self.whole else float(value + 0)
        except (TypeError, ValueError, OverflowError):
            raise UnfitValue(f"is not {self._noun()}") from None

    def _noun(self) -> str:
        return "a whole number" if self.whole else "a number"


class Text(Value):
    """Text that contains more than whitespace."""

    metavar = "TEXT"

    def check(self, value: Any) -> str:
        """Return the text without surrounding whitespace."""
        if not isinstance(value, str) or not value.strip():
            raise UnfitValue("is not text" if not isinstance(value, str) else "is empty")
        return value.strip()


class Source(Value):
    """Text with its whitespace, possibly empty."""

    metavar = "TEXT"

    def check(self, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise UnfitValue("is not text")
        return value


class Choice(Value):
    """One of several words."""

    def __init__(self, *words: str, metavar: str | None = None, objects: str | None = None) -> None:
        super().__init__(metavar or "|".join(words), objects=objects)
        self.words = self.suggestions = words

    def check(self, value: Any) -> str:
        """Return the word."""
        if value not in self.words:
            raise UnfitValue(f"is none of {', '.join(self.words)}{nearest(value, self.words)}")
        return str(value)


class Several(Value):
    """Several strings, separated by commas or in a sequence."""

    metavar = "A,B"

    def __init__(
        self, metavar: str | None = None, *, words: Sequence[str] = (), noun: str = "word"
    ) -> None:
        super().__init__(metavar)
        self.words = self.suggestions = words
        self.noun = noun

    def read(self, text: str) -> tuple[str, ...]:
        """Split a text at its commas."""
        return self.check([part for part in map(str.strip, text.split(",")) if part])

    def check(self, value: Any) -> tuple[str, ...]:
        """Return the strings in order, without repetitions."""
        parts = listed((value,) if isinstance(value, str) else value)
        if parts is None or not all(isinstance(part, str) for part in parts):
            raise UnfitValue("is not a list of strings")
        unknown = next((part for part in parts if self.words and part not in self.words), None)
        if unknown is not None:
            words = ", ".join(self.words)
            hint = nearest(unknown, self.words)
            raise UnfitValue(f"names an unknown {self.noun} {unknown!r}{hint}; known: {words}")
        return tuple(dict.fromkeys(parts))


class Pair(Value):
    """Two numbers of at least 0, separated by a comma or in a sequence."""

    metavar = "A,B"

    def read(self, text: str) -> tuple[float, float]:
        """Split a text at its comma."""
        parts = text.split(",")
        if len(parts) != 2:
            raise UnfitValue("is not two numbers, such as 0.15,0.6")
        number = Number(minimum=0)
        return number.read(parts[0]), number.read(parts[1])

    def check(self, value: Any) -> tuple[float, float]:
        """Return the two numbers."""
        parts, number = listed(value), Number(minimum=0)
        if parts is None or len(parts) != 2:
            raise UnfitValue("is not two numbers, such as (0.15, 0.6)")
        return number.check(parts[0]), number.check(parts[1])


class Switch(Value):
    """On or off."""

    is_flag = True

    def read(self, text: str) -> bool:
        """Parse a word such as true, yes or 1, or their opposites."""
        if text.strip().lower() not in _WORDS:
            raise UnfitValue("is neither true nor false")
        return _WORDS[text.strip().lower()]

    def check(self, value: Any) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise UnfitValue("is neither True nor False")
        return value
