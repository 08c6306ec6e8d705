"""Load a program and answer calls of its functions with plain data."""

import builtins
import sys
import time
from types import FunctionType, ModuleType
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.describing import PROGRAM, describe, remember, shorten
from refinegraph.tools.sandbox.guest.line import Line, Message
from refinegraph.tools.sandbox.guest.tracing import Tracer

Space = dict[str, Any]
_MAX_DATA = 100_000
"""Bytes of a module-level value that tests receive: a choice."""


def run_program(job: Message, line: Line, peer: Line | None = None) -> None:
    """Load a program, report its definitions, and answer calls until the connection closes.

    The calls come from the process of the tests if there is one, and otherwise from the host.
    """
    space: Space = {"__name__": "program", "__builtins__": own_builtins()}
    error = load(job["source"], space)
    flush_streams()
    if error is not None:
        line.send({"loaded": False, **error})
        return
    line.send({"loaded": True, "names": shown_names(space)})
    caller = peer or line
    while True:
        request = caller.receive()
        tracer = Tracer() if job["trace"] else None
        reply = answer(request, space, depth=job["depth"], items=job["items"], tracer=tracer)
        flush_streams()
        caller.send({"call": request["call"], **reply})
        if request.get("last"):
            caller.end()
            return


_own = ModuleType("builtins")
"""A copy of the builtins, which a program can break without affecting this module."""


def keep_own_builtins() -> None:
    """Make the copy of the builtins, once for all forks; call this before the first fork."""
    _own.__dict__.update(builtins.__dict__)


def own_builtins() -> ModuleType:
    """Give this process the copy of the builtins."""
    sys.modules["builtins"] = _own
    return _own


def load(source: str, space: Space) -> Message | None:
    """Execute a program's top level; return the exception that it raised, if any."""
    remember(source, PROGRAM)
    try:
        exec(compile(source, PROGRAM, "exec", dont_inherit=True), space)
    except BaseException as error:
        return describe(error, PROGRAM)
    return None


def shown_names(space: Space) -> Message:
    """Return the kinds of a program's names: function, plain data with its value, or other."""
    names: Message = {}
    for name, value in list(space.items()):
        if type(name) is not str or name.startswith("__"):
            continue
        if type(value) is FunctionType:
            names[name] = ["function"]
        elif callable(value):
            names[name] = ["other"]
        else:
            names[name] = _shown_data(value)
    return names


def _shown_data(value: object) -> list[Any]:
    try:
        data = codec.encode(value, 20, 10_000)
    except codec.Unserializable:
        return ["other"]
    return ["data", data] if len(codec.pack({"": data})) <= _MAX_DATA else ["other"]


def answer(
    request: Message, space: Space, *, depth: int, items: int, tracer: Tracer | None = None
) -> Message:
    """Make one call and return its value or its exception, and its trace."""
    began = time.perf_counter()
    try:
        arguments = [codec.decode(argument) for argument in request["args"]]
        keywords = {key: codec.decode(value) for key, value in request["kwargs"].items()}
        if tracer:
            tracer.start()
        value = space[request["name"]](*arguments, **keywords)
        reply: Message = {"value": codec.encode(value, depth, items)}
    except codec.Unserializable as error:
        reply = {"unserializable": shorten(str(error))}
    except BaseException as error:
        reply = describe(error, PROGRAM)
    reply["seconds"] = time.perf_counter() - began
    if tracer:
        reply["trace_lines"] = tracer.stop()
    return reply


_STREAMS = (sys.stdout, sys.stderr)


def flush_streams() -> None:
    """Flush the output streams."""
    for stream in _STREAMS:
        try:
            stream.flush()
        except BaseException:
            continue
