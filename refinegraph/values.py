"""Kinds of option values: how a value is read from text, and how one given in Python is checked.

A kind raises `UnfitValue` with what is wrong, to be written after the value: "is not above 0".
Whoever knows where the value came from (a flag, a variable, a file, an argument) makes the
sentence.
"""

import math
import operator
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, cast

_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]+@|\?[^\s,]*")
_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class UnfitValue(ValueError):
    """A value that an option cannot take; the text follows the value in a sentence."""


class Value:
    """A kind of value. Subclasses implement `check`, and `read` where text needs parsing.

    `objects` names a class, `module:Class`, whose instances are taken as they are.
    """

    metavar = "VALUE"
    is_flag = False
    """Whether the flag on the command line takes no value."""

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


class Number(Value):
    """A finite number, with bounds."""

    metavar = "N"

    def __init__(
        self,
        metavar: str | None = None,
        *,
        whole: bool = False,
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
    ) -> None:
        super().__init__(metavar)
        self.whole = whole
        self.least = least
        self.above = above
        self.most = most

    def read(self, text: str) -> int | float:
        """Read digits."""
        try:
            return self.check(int(text) if self.whole else float(text))
        except UnfitValue:
            raise
        except ValueError:
            raise UnfitValue(f"is not {self._noun()}") from None

    def check(self, value: Any) -> int | float:
        """Return the number; a float where it need not be whole."""
        number = self._number(value)
        if not math.isfinite(number):
            raise UnfitValue(f"is not {self._noun()}")
        if self.least is not None and number < self.least:
            raise UnfitValue(f"is not {self._noun()} of at least {self.least:g}")
        if self.above is not None and number <= self.above:
            raise UnfitValue(f"is not above {self.above:g}")
        if self.most is not None and number > self.most:
            raise UnfitValue(f"is above {self.most:g}")
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
    """Text that is not empty."""

    metavar = "TEXT"

    def check(self, value: Any) -> str:
        """Return the text without spaces around it."""
        if not isinstance(value, str) or not value.strip():
            raise UnfitValue("is not text" if not isinstance(value, str) else "is empty")
        return value.strip()


class Source(Value):
    """Text as it is, spaces and all; it may be empty."""

    metavar = "TEXT"

    def check(self, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise UnfitValue("is not text")
        return value


class FileName(Value):
    """The path of a file."""

    metavar = "FILE"

    def check(self, value: Any) -> str:
        """Return the path as text."""
        if not isinstance(value, str | os.PathLike):
            raise UnfitValue("is not the path of a file")
        return os.fspath(value)


class FileContent(FileName):
    """The path of a file whose content counts, wherever it lies."""

    def identity(self, value: Any) -> Any:
        """Return the digest of the content."""
        if not isinstance(value, str):
            return plain_data(value)
        import hashlib

        try:
            with open(value, "rb") as file:  # noqa: PTH123 - the value is text
                return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except OSError:
            return value


class Choice(Value):
    """One of several words."""

    def __init__(self, *words: str, metavar: str | None = None, objects: str | None = None) -> None:
        super().__init__(metavar or "|".join(words), objects=objects)
        self.words = words

    def check(self, value: Any) -> str:
        """Return the word."""
        if value not in self.words:
            raise UnfitValue(f"is none of {', '.join(self.words)}{nearest(value, self.words)}")
        return str(value)


class Several(Value):
    """Several texts, joined by commas or in a sequence."""

    metavar = "A,B"

    def __init__(
        self, metavar: str | None = None, *, words: Sequence[str] = (), noun: str = "word"
    ) -> None:
        super().__init__(metavar)
        self.words = words
        self.noun = noun

    def read(self, text: str) -> tuple[str, ...]:
        """Split at the commas."""
        return self.check([part for part in map(str.strip, text.split(",")) if part])

    def check(self, value: Any) -> tuple[str, ...]:
        """Return the texts, each once, in their order."""
        parts = _listed((value,) if isinstance(value, str) else value)
        if parts is None or not all(isinstance(part, str) for part in parts):
            raise UnfitValue("is not a list of texts")
        unknown = next((part for part in parts if self.words and part not in self.words), None)
        if unknown is not None:
            known = ", ".join(self.words)
            hint = nearest(unknown, self.words)
            raise UnfitValue(f"names an unknown {self.noun} {unknown!r}{hint}; known: {known}")
        return tuple(dict.fromkeys(parts))


class Pair(Value):
    """Two numbers of at least 0, joined by a comma or in a sequence."""

    metavar = "A,B"

    def read(self, text: str) -> tuple[float, float]:
        """Split at the comma."""
        parts = text.split(",")
        if len(parts) != 2:
            raise UnfitValue("is not two numbers, such as 0.15,0.6")
        number = Number(least=0)
        return number.read(parts[0]), number.read(parts[1])

    def check(self, value: Any) -> tuple[float, float]:
        """Return the two numbers."""
        parts, number = _listed(value), Number(least=0)
        if parts is None or len(parts) != 2:
            raise UnfitValue("is not two numbers, such as (0.15, 0.6)")
        return number.check(parts[0]), number.check(parts[1])


class Switch(Value):
    """On or off."""

    is_flag = True

    def read(self, text: str) -> bool:
        """Read a word such as true, yes, 1, or their opposites."""
        if text.strip().lower() not in _WORDS:
            raise UnfitValue("is neither true nor false")
        return _WORDS[text.strip().lower()]

    def check(self, value: Any) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise UnfitValue("is neither True nor False")
        return value


class Model(Value):
    """A chat model, or the name of one."""

    metavar = "M"

    def __init__(self) -> None:
        super().__init__(objects="langchain_core.language_models.chat_models:BaseChatModel")

    def check(self, value: Any) -> str:
        """Return the name."""
        if not isinstance(value, str):
            raise UnfitValue("is neither the name of a model nor a LangChain chat model")
        if not value.strip():
            raise UnfitValue("names no model")
        return value.strip()


class Models(Value):
    """Several chat models or names of such, joined by commas or in a sequence."""

    metavar = "M,N"

    def read(self, text: str) -> tuple[Any, ...]:
        """Split at the commas."""
        return self.check([part for part in map(str.strip, text.split(",")) if part])

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return the models."""
        models = _listed(value)
        return tuple(map(Model().accept, (value,) if models is None else models))


class Function(Value):
    """Anything that can be called."""

    def check(self, value: Any) -> Any:
        """Return it."""
        if not callable(value):
            raise UnfitValue("cannot be called")
        return value


class Instance(Value):
    """An object of one class, `module:Class`, or of one that is derived from it."""

    def __init__(self, objects: str) -> None:
        super().__init__(objects=objects)

    def check(self, value: Any) -> Any:
        """Refuse whatever is no such object."""
        raise UnfitValue(f"is no {str(self.objects).partition(':')[2]}")


def is_instance(value: Any, name: str) -> bool:
    """Whether a value is of a class, `module:Class`, without importing the module.

    >>> from pathlib import Path
    >>> is_instance(Path(), "pathlib:Path"), is_instance(3, "nowhere:Nothing")
    (True, False)
    """
    module, _, attribute = name.partition(":")
    found = getattr(sys.modules.get(module), attribute, None)
    return isinstance(found, type) and isinstance(value, found)


def _listed(value: Any) -> tuple[Any, ...] | None:
    """Return the items of a list or a tuple; None for anything else."""
    return tuple(cast("list[Any]", value)) if isinstance(value, list | tuple) else None


def nearest(word: object, known: Sequence[str]) -> str:
    """Return a hint at the nearest known word; empty where none is near.

    >>> nearest("agrement", ["agreement"])
    " (did you mean 'agreement'?)"
    """
    import difflib

    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def without_credentials(text: str) -> str:
    """Return text without users, passwords and queries in its addresses.

    >>> without_credentials("prm:http://me:hush@host/m?key=hush")
    'prm:http://host/m'
    """
    return _CREDENTIALS.sub("", text) if "://" in text else text


def plain_data(value: Any) -> Any:
    """Return plain data as it is, credentials removed, and the name or repr of an object."""
    if isinstance(value, str):
        return without_credentials(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    parts = _listed(value)
    if parts is not None:
        return [plain_data(part) for part in parts]
    if is_instance(value, "langchain_core.language_models.chat_models:BaseChatModel"):
        from refinegraph.agents.models import model_name

        return model_name(value)
    return repr(value)
