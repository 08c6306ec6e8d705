"""What the local variables of a program became, line by line (the idea of LDB, 2402.16906).

A trace is the program's own word. It helps a Reviewer; no verdict rests on it.
"""

from collections.abc import Sequence
from typing import Any

from refinegraph.schema import Frozen
from refinegraph.tools.sandbox.guest.codec import exact_type

_LONGEST_VALUE = 120
_MOST_NAMES = 30


class TraceLine(Frozen):
    """One executed line and what it changed."""

    number: int
    function: str
    changed: tuple[tuple[str, str], ...] = ()
    """Names and their new values, as short texts; `return` stands for what was returned."""


def trace_line(told: Any) -> TraceLine | None:
    """Return one line of a trace as a process told it; None where it is none."""
    parts: list[Any] = told if exact_type(told) is list else []
    if [type(part) for part in parts] != [int, str, dict]:
        return None
    changed: dict[Any, Any] = parts[2]
    pairs = [(_text(name)[:80], _text(value)[:_LONGEST_VALUE]) for name, value in changed.items()]
    shown = tuple(pairs[:_MOST_NAMES])
    return TraceLine(number=parts[0], function=_text(parts[1])[:80], changed=shown)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def show_trace(lines: Sequence[TraceLine], source: str, *, most: int = 40) -> str:
    """Write a trace beside the program's lines; the middle of a long one is left out.

    >>> line = TraceLine(number=2, function="f", changed=(("y", "3"),))
    >>> print(show_trace([line], "def f(x):\\n    y = x + 1\\n    return y"))
    line 2  y = x + 1    # y = 3
    """
    written = source.splitlines()
    shown = [_show(line, written) for line in lines]
    if len(shown) > most:
        left_out = f"... {len(shown) - most} more ..."
        shown = [*shown[: most // 2], left_out, *shown[-(most - most // 2) :]]
    return "\n".join(shown)


def _show(line: TraceLine, source: Sequence[str]) -> str:
    code = source[line.number - 1].strip() if 0 < line.number <= len(source) else ""
    values = ", ".join(f"{name} = {value}" for name, value in line.changed)
    return f"line {line.number}  {code}    # {values}"
