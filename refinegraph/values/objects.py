"""Kinds of values that stand for more than themselves: files, models, objects of Python."""

import os
from typing import Any

from refinegraph.values.base import UnfitValue, Value
from refinegraph.values.plain import listed, plain_data


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
        models = listed(value)
        return tuple(map(Model().accept, (value,) if models is None else models))


class Function(Value):
    """Anything that can be called."""

    def check(self, value: Any) -> Any:
        """Return it."""
        if not callable(value):
            raise UnfitValue("cannot be called")
        return value


class Items(Value):
    """Several objects in a sequence."""

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return them as a tuple."""
        items = listed(value)
        if items is None:
            raise UnfitValue("is neither a list nor a tuple")
        return items


class Instance(Value):
    """An object of one class, `module:Class`, or of one that is derived from it."""

    def __init__(self, objects: str) -> None:
        super().__init__(objects=objects)

    def check(self, value: Any) -> Any:
        """Refuse whatever is no such object."""
        raise UnfitValue(f"is not a {str(self.objects).partition(':')[2]}")


class Stream(Value):
    """Anything that yields one item after the other, in a loop or in an `async` loop."""

    def check(self, value: Any) -> Any:
        """Return it; one text is refused, since its items would be its letters."""
        if isinstance(value, str | bytes) or not (
            hasattr(value, "__iter__") or hasattr(value, "__aiter__")
        ):
            raise UnfitValue("is nothing that yields problems, such as a list")
        return value
