"""Proxies that a test process holds for the functions of a program in another process."""

import builtins
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.line import Line, Message

_ENDINGS = (StopIteration, StopAsyncIteration)


class ProgramError(Exception):
    """An exception of a type that the program defines."""


class Lost(BaseException):
    """The program ended or violated the protocol, so no further test can run."""


class Program:
    """The program under test, which runs in another process."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._calls = 0
        self.trace: object = None
        """The trace of the last call."""

    def call(self, name: str, arguments: tuple[Any, ...], keywords: Message) -> Any:
        """Make one call and return its result or raise its exception."""
        self._calls += 1
        request = {
            "call": self._calls,
            "name": name,
            "args": [codec.encode(argument) for argument in arguments],
            "kwargs": {key: codec.encode(value) for key, value in keywords.items()},
        }
        reply = self._ask(request)
        self.trace = reply.get("trace_lines")
        if "value" in reply:
            return self._decoded(reply["value"])
        if "unserializable" in reply:
            raise codec.Unserializable(str(reply["unserializable"]))
        raise as_exception(reply)

    def _ask(self, request: Message) -> Message:
        try:
            self._line.send(request)
            reply = self._line.receive()
        except TimeoutError:
            raise Lost("timeout") from None
        except (EOFError, OSError):
            raise Lost("ended") from None
        except codec.Malformed:
            raise Lost("protocol_violation") from None
        call = reply.get("call")
        if type(call) is not int or call != request["call"]:
            raise Lost("protocol_violation")
        if "too_large" in reply:
            raise Lost("output_exceeded")
        return reply

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
        """Make the call in the program's process."""
        return self._program.call(self.__name__, arguments, keywords)


class Unshared:
    """An object of the program that is neither a function nor plain data."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Refuse."""
        raise codec.Unserializable(f"`{self._name}` is neither a function nor plain data")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Refuse."""
        raise codec.Unserializable(f"`{self._name}` is neither a function nor plain data")


def as_exception(reply: Message) -> Exception:
    """Return an exception like the one that the program raised, with the program's traceback.

    Exceptions that end an iteration are replaced, since a test that loops over calls would take
    them for the end of its loop.
    """
    kind = getattr(builtins, str(reply.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, _ENDINGS):
        kind = ProgramError
    try:
        error: Exception = kind(reply.get("said", ""))
    except Exception:
        error = ProgramError(reply.get("said", ""))
    error.program = exception_fields(reply)  # type: ignore[attr-defined]
    return error


def exception_fields(reply: Message) -> Message:
    """Return only those fields of a message that describe an exception."""
    return {key: str(reply.get(key) or "") for key in ("error", "said", "trace")}
