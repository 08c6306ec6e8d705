"""Describe values and exceptions as short texts, even if their `__repr__` or `__str__` fails."""

import linecache
from types import TracebackType
from typing import Any

PROGRAM = "<program>"
"""The file name of a program's own lines in tracebacks."""
_MAX_TEXT = 600
"""Characters of a text: a choice."""
_FRAMES = 6
"""Innermost frames of a traceback: a choice."""


def shorten(text: str, longest: int = _MAX_TEXT) -> str:
    """Shorten a long text in the middle."""
    if len(text) <= longest:
        return text
    return text[: longest // 2] + " ... " + text[-longest // 2 :]


def readable(value: object, longest: int = _MAX_TEXT) -> str:
    """Return a short repr of a value, even if its `__repr__` fails."""
    try:
        return shorten(str(repr(value)), longest)
    except BaseException as error:
        return "<" + type(error).__name__ + " while it was shown>"


def describe(error: BaseException, file: str) -> dict[str, Any]:
    """Return an exception as a message, with a traceback of the lines of one file."""
    name = type.__getattribute__(type(error), "__name__")
    try:
        text = shorten(str(error))
    except BaseException:
        text = "(its message could not be computed)"
    lines = _lines_of(error.__traceback__, file)
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(f"line {error.lineno}: {(error.text or '').strip()[:200]}")
    return {"error": str(name)[:100], "said": text, "trace": shorten("\n".join(lines))}


def remember(source: str, file: str) -> None:
    """Make tracebacks show the lines of a source that is not in a file."""
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)


def _lines_of(trace: TracebackType | None, file: str) -> list[str]:
    steps: list[tuple[str, int]] = []
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            steps.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
            del steps[:-_FRAMES]
        trace = trace.tb_next
    return [
        f"line {number}, in {name}: {linecache.getline(file, number).strip()}"
        for name, number in steps
    ]
