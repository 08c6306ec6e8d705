"""Traces of the local variables of a program, line by line, as in LDB (arXiv 2402.16906).

A program can forge its trace, so a trace helps a Reviewer but is never part of a verdict.
"""

from collections.abc import Sequence
from typing import Any

from refinegraph.schema import Frozen
from refinegraph.tools.sandbox.guest.codec import exact_type

_MAX_VALUE = 120
"""Characters of a value, as in the guest."""
_MAX_NAMES = 30
"""Names per line, as in the guest."""


class TraceLine(Frozen):
    """An executed line and the variables that it changed."""

    number: int
    function: str
    changed: tuple[tuple[str, str], ...] = ()
    """Names with the short repr of their new values; `return` stands for the returned value."""


def trace_line(entry: Any) -> TraceLine | None:
    """Return one line of a trace from a process's message, or None if it is malformed."""
    parts: list[Any] = entry if exact_type(entry) is list else []
    if [type(part) for part in parts] != [int, str, dict]:
        return None
    changed: dict[Any, Any] = parts[2]
    pairs = [(_text(name)[:80], _text(value)[:_MAX_VALUE]) for name, value in changed.items()]
    kept = tuple(pairs[:_MAX_NAMES])
    return TraceLine(number=parts[0], function=_text(parts[1])[:80], changed=kept)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def show_trace(lines: Sequence[TraceLine], source: str, *, max_lines: int = 40) -> str:
    """Format a trace next to the program's lines, leaving out the middle of a long one.

    >>> line = TraceLine(number=2, function="f", changed=(("y", "3"),))
    >>> print(show_trace([line], "def f(x):\\n    y = x + 1\\n    return y"))
    line 2  y = x + 1    # y = 3
    """
    source_lines = source.splitlines()
    rows = [_show(line, source_lines) for line in lines]
    if len(rows) > max_lines:
        left_out = f"... {len(rows) - max_lines} more ..."
        rows = [*rows[: max_lines // 2], left_out, *rows[-(max_lines - max_lines // 2) :]]
    return "\n".join(rows)


def _show(line: TraceLine, source: Sequence[str]) -> str:
    code = source[line.number - 1].strip() if 0 < line.number <= len(source) else ""
    values = ", ".join(f"{name} = {value}" for name, value in line.changed)
    return f"line {line.number}  {code}    # {values}"
