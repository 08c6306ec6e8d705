"""Kinds of values that refer to files, models or Python objects."""

import os
from typing import Any

from refinegraph.values.base import UnfitValue, Value
from refinegraph.values.plain import listed, plain_data


class FileName(Value):
    """The path of a file."""

    metavar = "FILE"

    def check(self, value: Any) -> str:
        """Return the path as a string."""
        if not isinstance(value, str | os.PathLike):
            raise UnfitValue("is not the path of a file")
        return os.fspath(value)


class FileContent(FileName):
    """The path of a file that is identified by its content."""

    def identity(self, value: Any) -> Any:
        """Return a digest of the file's content."""
        if not isinstance(value, str):
            return plain_data(value)
        import hashlib

        try:
            with open(value, "rb") as file:  # noqa: PTH123 - the value is text
                return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except OSError:
            return value


class Model(Value):
    """A chat model or the name of one."""

    metavar = "M"

    def __init__(self) -> None:
        super().__init__(objects="langchain_core.language_models.chat_models:BaseChatModel")

    def check(self, value: Any) -> str:
        """Return the model's name."""
        if not isinstance(value, str):
            raise UnfitValue("is neither the name of a model nor a LangChain chat model")
        if not value.strip():
            raise UnfitValue("names no model")
        if "," in value and not value.startswith("local/"):
            raise UnfitValue(
                "names more than one model; to compare models, run `eval` with each of them and"
                " then `compare`"
            )
        return value.strip()


class Models(Value):
    """Several chat models or their names, separated by commas or in a sequence."""

    metavar = "M,N"

    def read(self, text: str) -> tuple[Any, ...]:
        """Split a text at its commas."""
        return self.check([part for part in map(str.strip, text.split(",")) if part])

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return the models."""
        models = listed(value)
        return tuple(map(Model().accept, (value,) if models is None else models))


class Function(Value):
    """A callable."""

    def check(self, value: Any) -> Any:
        """Return the callable."""
        if not callable(value):
            raise UnfitValue("cannot be called")
        return value


class Items(Value):
    """Several objects in a sequence."""

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return the objects as a tuple."""
        items = listed(value)
        if items is None:
            raise UnfitValue("is neither a list nor a tuple")
        return items


class Instance(Value):
    """An instance of a class, which is named as `module:Class`."""

    def __init__(self, objects: str) -> None:
        super().__init__(objects=objects)

    def check(self, value: Any) -> Any:
        """Refuse a value that is not an instance."""
        raise UnfitValue(f"is not a {str(self.objects).partition(':')[2]}")


class Stream(Value):
    """An iterable or an async iterable."""

    def check(self, value: Any) -> Any:
        """Return the iterable; a string is refused, since its items would be its characters."""
        if isinstance(value, str | bytes) or not (
            hasattr(value, "__iter__") or hasattr(value, "__aiter__")
        ):
            raise UnfitValue("is not an iterable of problems, such as a list")
        return value
