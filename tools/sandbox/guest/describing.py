"""Put values and exceptions into short texts, whatever they do when they are shown."""

import linecache
from types import TracebackType
from typing import Any

PROGRAM = "<program>"
"""The file name that a program's own lines have."""
_LONGEST = 600
_FRAMES = 6


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Cut a text in the middle."""
    if len(text) <= longest:
        return text
    return text[: longest // 2] + " ... " + text[-longest // 2 :]


def readable(value: object, longest: int = _LONGEST) -> str:
    """Return a short repr, whatever the value does."""
    try:
        return shorten(str(repr(value)), longest)
    except BaseException as error:
        return "<" + type(error).__name__ + " while it was shown>"


def describe(error: BaseException, file: str) -> dict[str, Any]:
    """Return an exception as a message, its traceback cut to the lines of one file."""
    name = type.__getattribute__(type(error), "__name__")
    try:
        said = shorten(str(error))
    except BaseException:
        said = "(its text could not be made)"
    lines = _lines_of(error.__traceback__, file)
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(f"line {error.lineno}: {(error.text or '').strip()[:200]}")
    return {"error": str(name)[:100], "said": said, "trace": shorten("\n".join(lines))}


def remember(source: str, file: str) -> None:
    """Let tracebacks show the lines of a source that is in no file."""
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
