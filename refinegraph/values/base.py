"""What a kind of value is: read from text, checked where it is given in Python."""

from collections.abc import Sequence
from typing import Any

from refinegraph.values.plain import is_instance, plain_data


class UnfitValue(ValueError):
    """A value that an option cannot take; the text follows the value in a sentence."""


class Value:
    """A kind of value. Subclasses implement `check`, and `read` where text needs parsing.

    `objects` names a class, `module:Class`, whose instances are taken as they are.
    """

    metavar = "VALUE"
    is_flag = False
    """Whether the flag on the command line takes no value."""
    suggestions: Sequence[str] = ()
    """Words that a shell may complete a value with."""

    def __init__(self, metavar: str | None = None, *, objects: str | None = None) -> None:
        self.metavar = metavar or self.metavar
        self.objects = objects

    def read(self, text: str) -> Any:
        """Return the value that a text stands for; raises `UnfitValue`."""
        return self.check(text)

    def accept(self, value: Any) -> Any:
        """Return a value given in Python or in a file; raises `UnfitValue`."""
        if self.objects and is_instance(value, self.objects):
            return value
        return self.check(value)

    def check(self, value: Any) -> Any:
        """Return a value of plain data in its normal form; raises `UnfitValue`."""
        raise NotImplementedError

    def identity(self, value: Any) -> Any:
        """Return what tells this value from others, as plain data."""
        return plain_data(value)


def nearest(word: object, known: Sequence[str]) -> str:
    """Return a hint at the nearest known word; empty where none is near.

    >>> nearest("agrement", ["agreement"])
    " (did you mean 'agreement'?)"
    """
    import difflib

    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
