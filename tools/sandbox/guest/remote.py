"""What a test process holds instead of the program: names whose use is passed on."""

import builtins
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.line import Line, Message


class ProgramError(Exception):
    """An exception of a type that the program defined itself."""


class Remote:
    """A function of the program under test; calling it asks the host, which asks the program."""

    def __init__(self, name: str, line: Line) -> None:
        self.__name__ = name
        self._line = line

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Pass the call on and return or raise what comes back."""
        request = {
            "name": self.__name__,
            "args": [codec.encode(each) for each in arguments],
            "kwargs": {key: codec.encode(each) for key, each in keywords.items()},
        }
        self._line.send(request)
        told = self._line.receive()
        if "value" in told:
            return codec.decode(told["value"])
        if "unserializable" in told:
            raise codec.Unserializable(told["unserializable"])
        raise as_exception(told)


class Unshared:
    """Something of the program that is no function and no plain data."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Refuse."""
        raise codec.Unserializable(f"`{self._name}` is neither a function nor plain data")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Refuse."""
        raise codec.Unserializable(f"`{self._name}` is neither a function nor plain data")


def as_exception(told: Message) -> Exception:
    """Return an exception like the one the program raised, with the program's own traceback."""
    kind = getattr(builtins, str(told.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = ProgramError
    try:
        error: Exception = kind(told.get("said", ""))
    except Exception:
        error = ProgramError(told.get("said", ""))
    error.program = told  # type: ignore[attr-defined]
    return error
