"""What a test process holds instead of the program: names whose use is passed on."""

import builtins
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.line import Line, Message

_ENDINGS = (StopIteration, StopAsyncIteration)


class ProgramError(Exception):
    """An exception of a type that the program defined itself."""


class Lost(BaseException):
    """The program ended, or said something other than an answer; no test can go on."""


class Program:
    """The program under test, in its own process at the other end of a line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._asked = 0
        self.trace: object = None
        """What the last call told about its lines."""

    def call(self, name: str, arguments: tuple[Any, ...], keywords: Message) -> Any:
        """Make one call and return or raise what comes back."""
        self._asked += 1
        request = {
            "call": self._asked,
            "name": name,
            "args": [codec.encode(each) for each in arguments],
            "kwargs": {key: codec.encode(each) for key, each in keywords.items()},
        }
        told = self._ask(request)
        self.trace = told.get("trace_lines")
        if "value" in told:
            return self._decoded(told["value"])
        if "unserializable" in told:
            raise codec.Unserializable(str(told["unserializable"]))
        raise as_exception(told)

    def _ask(self, request: Message) -> Message:
        try:
            self._line.send(request)
            told = self._line.receive()
        except TimeoutError:
            raise Lost("timeout") from None
        except (EOFError, OSError):
            raise Lost("ended") from None
        except codec.Malformed:
            raise Lost("protocol_violation") from None
        call = told.get("call")
        if type(call) is not int or call != request["call"]:
            raise Lost("protocol_violation")
        if "too_large" in told:
            raise Lost("output_exceeded")
        return told

    def _decoded(self, value: Any) -> Any:
        try:
            return codec.decode(value)
        except codec.Malformed:
            raise Lost("protocol_violation") from None


class Remote:
    """A function of the program under test."""

    def __init__(self, name: str, program: Program) -> None:
        self.__name__ = name
        self._program = program

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Have the program make the call."""
        return self._program.call(self.__name__, arguments, keywords)


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
    """Return an exception like the one the program raised, with the program's own traceback.

    Not one that ends an iteration: a test that loops over calls would take it for the end.
    """
    kind = getattr(builtins, str(told.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, _ENDINGS):
        kind = ProgramError
    try:
        error: Exception = kind(told.get("said", ""))
    except Exception:
        error = ProgramError(told.get("said", ""))
    error.program = as_told(told)  # type: ignore[attr-defined]
    return error


def as_told(told: Message) -> Message:
    """Return what a program said of an exception, and nothing else that it put beside it."""
    return {key: str(told.get(key) or "") for key in ("error", "said", "trace")}
