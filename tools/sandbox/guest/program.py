"""Load a program and answer calls of its functions, as plain data."""

import builtins
import sys
import time
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.describing import PROGRAM, describe, remember, shorten
from refinegraph.tools.sandbox.guest.line import Line, Message
from refinegraph.tools.sandbox.guest.tracing import Tracer

Space = dict[str, Any]
_LONGEST_DATA = 100_000


def run_program(job: Message, line: Line, peer: Line | None = None) -> None:
    """Load a program, tell what it defines, and answer calls until they end.

    The calls come from the host, or from the process of its tests where there is one.
    """
    own = own_builtins()
    space: Space = {"__name__": "program", "__builtins__": own}
    error = load(job["source"], space)
    flush_streams()
    if error is not None:
        line.send({"loaded": False, **error})
        return
    line.send({"loaded": True, "names": shown_names(space)})
    asking = peer or line
    while True:
        request = asking.receive()
        tracer = Tracer() if job["trace"] else None
        told = answer(request, space, depth=job["depth"], items=job["items"], tracer=tracer)
        flush_streams()
        asking.send({"call": request["call"], **told})
        if request.get("last"):
            asking.end()


def own_builtins() -> ModuleType:
    """Return builtins that a program may break without breaking what answers for it."""
    module = ModuleType("builtins")
    module.__dict__.update(builtins.__dict__)
    sys.modules["builtins"] = module
    return module


def load(source: str, space: Space) -> Message | None:
    """Execute a program's top level; return what was raised, if anything."""
    remember(source, PROGRAM)
    try:
        exec(compile(source, PROGRAM, "exec", dont_inherit=True), space)
    except BaseException as error:
        return describe(error, PROGRAM)
    return None


def shown_names(space: Space) -> Message:
    """Return the public names of a program: function, plain data of some size, or other."""
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
    return ["data", data] if len(codec.pack({"": data})) <= _LONGEST_DATA else ["other"]


def answer(
    request: Message, space: Space, *, depth: int, items: int, tracer: Tracer | None = None
) -> Message:
    """Make one call and return its value or its exception, and what was traced."""
    began = time.perf_counter()
    try:
        arguments = [codec.decode(each) for each in request["args"]]
        keywords = {key: codec.decode(each) for key, each in request["kwargs"].items()}
        if tracer:
            tracer.start()
        value = space[request["name"]](*arguments, **keywords)
        told: Message = {"value": codec.encode(value, depth, items)}
    except codec.Unserializable as error:
        told = {"unserializable": shorten(str(error))}
    except BaseException as error:
        told = describe(error, PROGRAM)
    told["seconds"] = time.perf_counter() - began
    if tracer:
        told["trace_lines"] = tracer.stop()
    return told


_STREAMS = (sys.stdout, sys.stderr)


def flush_streams() -> None:
    """Hand over what was printed so far."""
    for stream in _STREAMS:
        with suppress(BaseException):
            stream.flush()
