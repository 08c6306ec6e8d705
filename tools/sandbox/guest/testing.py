"""Run tests one by one, against a program in another process or in this one."""

import ast
import builtins
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.codec import exact_type
from refinegraph.tools.sandbox.guest.describing import describe, readable, remember, shorten
from refinegraph.tools.sandbox.guest.line import Line, Message
from refinegraph.tools.sandbox.guest.program import Space, load
from refinegraph.tools.sandbox.guest.remote import (
    Lost,
    Program,
    Remote,
    Unshared,
    exception_fields,
)

_TEST = "<test>"
_BUILTIN = frozenset(dir(builtins))
_LEFT, _RIGHT = "__left__", "__right__"
"""The variables for the sides of an asserted comparison."""


def run_tests(job: Message, line: Line, peer: Line) -> None:
    """Run tests against a program in another process."""
    program = Program(peer)
    if job["call_seconds"]:
        peer.wait_at_most(job["call_seconds"])
    space = prepared_space(job["preamble"])
    line.send({"ready": True})
    names: Message = line.receive()["names"]
    for name, shape in names.items():
        if _may_be_bound(name, space, job["entry_point"]):
            space[name] = _bound(name, shape, program)
        elif name in _BUILTIN and not job["entry_point"]:
            space[name] = Unshared(name)
    _report(job, space, line, program)


def _may_be_bound(name: str, space: Space, entry_point: str | None) -> bool:
    """Return whether tests may see a name of the program.

    Only the function under test may have the name of a builtin or of the preamble; any other such
    name would let the program replace what the tests are written with.
    """
    return name == entry_point or (name not in _BUILTIN and name not in space)


def _bound(name: str, shape: list[Any], program: Program) -> Any:
    if shape[0] == "function":
        return Remote(name, program)
    return codec.decode(shape[1]) if shape[0] == "data" else Unshared(name)


def run_tests_in_process(job: Message, line: Line) -> None:
    """Run tests in the program's own process, which can forge the results."""
    space = prepared_space(job["preamble"])
    error = load(job["source"], space)
    if error is not None:
        line.send({"loaded": False, **error})
        return
    line.send({"loaded": True, "names": {}})
    _report(job, space, line)


def prepared_space(preamble: str) -> Space:
    """Return the names that tests see before those of the program."""
    space: Space = {"__name__": "tests", "__builtins__": builtins}
    try:
        exec(compile(preamble, "<preamble>", "exec", dont_inherit=True), space)
    except BaseException:
        return {"__name__": "tests", "__builtins__": builtins}
    return space


def _report(job: Message, space: Space, line: Line, program: Program | None = None) -> None:
    for number, (unit, kept) in enumerate(zip(job["units"], job["kept"], strict=True)):
        began = time.perf_counter()
        reply = run_unit(unit, kept, dict(space))
        reply["seconds"] = time.perf_counter() - began
        if program and program.trace is not None:
            reply["trace_lines"] = program.trace
        line.send({**reply, "unit": number})
        if "lost" in reply:
            return


def run_unit(unit: str, kept: str, space: Space) -> Message:
    """Run one test and return its result.

    `kept` is the same test, except that it keeps both sides of every asserted comparison in
    variables, on the same lines.
    """
    remember(unit, _TEST)
    try:
        exec(compile(kept, _TEST, "exec", dont_inherit=True), space)
    except codec.Unserializable as error:
        return {"status": "unserializable", "error": "unserializable", "said": shorten(str(error))}
    except Lost as error:
        return {"lost": str(error)}
    except BaseException as error:
        reply: Message | None = getattr(error, "program", None)
        if exact_type(reply) is dict:
            return {**exception_fields(reply or {}), "status": "error"}
        if isinstance(error, AssertionError):
            return {"status": "failed", **_sides_of(error, unit)}
        return {"status": "error", **describe(error, _TEST)}
    return {"status": "passed"}


def _sides_of(error: BaseException, unit: str) -> Message:
    """Return both sides of the comparison in a failed assertion."""
    reply: Message = {"said": shorten(str(error))}
    for frame, number in _frames(error):
        reply["call"] = shorten(_asserted(unit, number))
        if _LEFT in frame.f_locals:
            reply["got"] = readable(frame.f_locals[_LEFT])
            reply["expected"] = readable(frame.f_locals.get(_RIGHT))
    return reply


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == _TEST:
            yield step.tb_frame, step.tb_lineno
        step = step.tb_next


def _asserted(unit: str, number: int) -> str:
    """Return the source of the assertion at a line."""
    for node in ast.walk(ast.parse(unit)):
        if isinstance(node, ast.Assert) and node.lineno <= number <= (node.end_lineno or 0):
            return ast.get_source_segment(unit, node) or ""
    return ""
