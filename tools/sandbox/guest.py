# pyright: basic
"""What runs inside a sandbox: a program that answers calls, a script, or the tests of a program.

Standard library only; started as `python -I -S guest.py FD` and told over that socket what to do.
Nothing here decides whether a program is right: it only sends values.
"""

import ast
import builtins
import importlib.util
import linecache
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LONGEST_TEXT = 600


def load(name: str) -> Any:
    """Import a file that lies beside this one."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shorten(text: str) -> str:
    """Cut a text in the middle."""
    if len(text) <= LONGEST_TEXT:
        return text
    return text[: LONGEST_TEXT // 2] + " ... " + text[-LONGEST_TEXT // 2 :]


def readable(value: object) -> str:
    """Return a short repr, whatever the value does."""
    try:
        return shorten(repr(value))
    except BaseException as error:
        return "<" + type(error).__name__ + " while it was shown>"


def describe(error: BaseException, file: str) -> dict[str, Any]:
    """Return an exception as a message, its traceback cut to the lines of one file."""
    name = type.__getattribute__(type(error), "__name__")
    try:
        said = shorten(str(error))
    except BaseException:
        said = "(its text could not be made)"
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    lines: list[str] = []
    for frame in frames[-6:]:
        lines.append(f"line {frame.lineno or 0}, in {frame.name}: {frame.line or ''}")
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(f"line {error.lineno}: {(error.text or '').strip()[:200]}")
    return {"error": str(name)[:100], "said": said, "trace": shorten("\n".join(lines))}


def remember(source: str, file: str) -> None:
    """Let tracebacks show the lines of a source that is in no file."""
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)


def run_program(job: Any, line: Any, data: Any) -> None:
    """Load a program, tell what it defines, and answer calls until the line is closed."""
    file = "<program>"
    remember(job["source"], file)
    space = {"__name__": "program", "__builtins__": builtins}
    try:
        exec(compile(job["source"], file, "exec"), space)
    except BaseException as error:
        line.send({"loaded": False, **describe(error, file)})
        return
    line.send({"loaded": True, "names": shown_names(space, data)})
    while True:
        request = line.receive()
        line.send({"call": request["call"], **answer(request, space, data, file, job)})


def shown_names(space: dict[str, Any], data: Any) -> dict[str, Any]:
    """Return the public names of a program: callable, plain data, or something else."""
    names: dict[str, Any] = {}
    for name, value in list(space.items()):
        if type(name) is not str or name.startswith("__"):
            continue
        if type(value) is type(shown_names):
            names[name] = ["function"]
        elif callable(value):
            names[name] = ["other"]
        else:
            try:
                names[name] = ["data", data.encode(value, 20, 10_000)]
            except data.Unserializable:
                names[name] = ["other"]
    return names


def answer(request: Any, space: dict[str, Any], data: Any, file: str, job: Any) -> dict[str, Any]:
    """Make one call and return its value or its exception."""
    began = time.perf_counter()
    try:
        arguments = [data.decode(each) for each in request["args"]]
        keywords = {key: data.decode(each) for key, each in request["kwargs"].items()}
        value = space[request["name"]](*arguments, **keywords)
        told: dict[str, Any] = {"value": data.encode(value, job["depth"], job["items"])}
    except data.Unserializable as error:
        told = {"unserializable": shorten(str(error))}
    except BaseException as error:
        told = describe(error, file)
    told["seconds"] = time.perf_counter() - began
    return told


def run_script(job: Any, line: Any, data: Any) -> None:
    """Run a script as `__main__`; its output goes where the host reads it."""
    file = "<program>"
    remember(job["source"], file)
    code = 0
    try:
        space = {"__name__": "__main__", "__builtins__": builtins}
        exec(compile(job["source"], file, "exec"), space)
    except SystemExit as error:
        code = error.code if type(error.code) is int else 0 if error.code is None else 1
    except BaseException as error:
        line.send({"ended": True, **describe(error, file)})
        return
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
    line.send({"ended": True, "code": code})


class Remote:
    """A function of the program under test; calling it asks the host, which asks the program."""

    def __init__(self, name: str, line: Any, data: Any) -> None:
        self.name, self.line, self.data = name, line, data
        self.__name__ = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Pass the call on and return or raise what comes back."""
        encode = self.data.encode
        self.line.send(
            {
                "name": self.name,
                "args": [encode(each) for each in arguments],
                "kwargs": {key: encode(each) for key, each in keywords.items()},
            }
        )
        told = self.line.receive()
        if "value" in told:
            return self.data.decode(told["value"])
        if "unserializable" in told:
            raise self.data.Unserializable(told["unserializable"])
        raise as_exception(told)


class Unshared:
    """Something of the program that is no function and no plain data."""

    def __init__(self, name: str, data: Any) -> None:
        self.name, self.data = name, data

    def __getattr__(self, attribute: str) -> Any:
        """Refuse."""
        raise self.data.Unserializable(f"`{self.name}` is neither a function nor plain data")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Refuse."""
        raise self.data.Unserializable(f"`{self.name}` is neither a function nor plain data")


class ProgramError(Exception):
    """An exception of a type that the program defined itself."""


def as_exception(told: dict[str, Any]) -> Exception:
    """Return an exception like the one the program raised, with the program's own traceback."""
    kind = getattr(builtins, told["error"], None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = ProgramError
    try:
        error: Exception = kind(told["said"])
    except Exception:
        error = ProgramError(told["said"])
    error.program = told  # type: ignore[attr-defined]
    return error


class Sides(ast.NodeTransformer):
    """Keep both sides of an asserted comparison, so that they can be shown."""

    def visit_Assert(self, node: ast.Assert) -> Any:
        """Put both sides in variables first."""
        test = node.test
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
            return node
        sides = [test.left, test.comparators[0]]
        kept = [
            ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=side)
            for name, side in zip(("__left__", "__right__"), sides, strict=True)
        ]
        left, right = (ast.Name(id=name, ctx=ast.Load()) for name in ("__left__", "__right__"))
        compare = ast.Compare(left=left, ops=test.ops, comparators=[right])
        check = ast.Assert(test=compare, msg=node.msg)
        return [ast.copy_location(each, node) for each in (*kept, check)]


def run_tests(job: Any, line: Any, data: Any) -> None:
    """Run tests one by one against a program that lives in another process."""
    space = {"__name__": "tests", "__builtins__": builtins}
    try:
        exec(compile(job["preamble"], "<preamble>", "exec"), space)
    except BaseException:
        space = {"__name__": "tests", "__builtins__": builtins}
    for name, shape in job["names"].items():
        if shape[0] == "function":
            space[name] = Remote(name, line, data)
        elif shape[0] == "data":
            space[name] = data.decode(shape[1])
        elif name not in space or not isinstance(space[name], type(sys)):
            space.setdefault(name, Unshared(name, data))
    for number, unit in enumerate(job["units"]):
        line.send({"starting": number})
        began = time.perf_counter()
        told = run_unit(unit, dict(space), data)
        line.send({"unit": number, "seconds": time.perf_counter() - began, **told})


def run_unit(unit: str, space: dict[str, Any], data: Any) -> dict[str, Any]:
    """Run one test and tell how it ended."""
    file = "<test>"
    remember(unit, file)
    try:
        tree = ast.fix_missing_locations(Sides().visit(ast.parse(unit)))
        exec(compile(tree, file, "exec"), space)
    except data.Unserializable as error:
        return {"status": "unserializable", "error": "unserializable", "said": shorten(str(error))}
    except AssertionError as error:
        if not hasattr(error, "program"):
            return {"status": "failed", **sides_of(error, unit, file)}
        return {"status": "error", **getattr(error, "program", {})}
    except BaseException as error:
        told = getattr(error, "program", None)
        return {"status": "error", **(told if isinstance(told, dict) else describe(error, file))}
    return {"status": "passed"}


def sides_of(error: BaseException, unit: str, file: str) -> dict[str, Any]:
    """Return what was compared where an assertion failed."""
    frame: Any = None
    number = 0
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            frame, number = step.tb_frame, step.tb_lineno
        step = step.tb_next
    told = {"call": shorten(asserted(unit, number)), "said": shorten(str(error))}
    if frame is not None and "__left__" in frame.f_locals:
        told["got"] = readable(frame.f_locals["__left__"])
        told["expected"] = readable(frame.f_locals.get("__right__"))
    return told


def asserted(unit: str, number: int) -> str:
    """Return the assertion at a line, as it is written."""
    for node in ast.walk(ast.parse(unit)):
        if isinstance(node, ast.Assert) and node.lineno <= number <= (node.end_lineno or 0):
            return ast.get_source_segment(unit, node) or ""
    return ""


ROLES = {"program": run_program, "script": run_script, "tests": run_tests}


def main() -> None:
    """Confine this process, say so, and do what it is for."""
    data, confine = load("guest_data"), load("guest_confine")
    connection = socket.socket(fileno=int(sys.argv[1]))
    line = data.Line(connection)
    job = line.receive()
    try:
        layers, missing = confine.confine(job["limits"])
    except BaseException as error:
        line.send({"refused": shorten(str(error))})
        return
    line.send({"armed": layers, "missing": missing})
    with suppress(EOFError, OSError):
        ROLES[job["role"]](job, line, data)


if __name__ == "__main__":
    main()
