"""Record the local variables of a program line by line, as in LDB (arXiv 2402.16906).

The tracer runs in the program's process, so the program can forge its trace.
"""

import reprlib
import sys
from types import FrameType
from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.describing import PROGRAM

_FIRST_VISITS = 2
"""Visits of a line that are kept; of the following ones, only the last is kept: a choice."""
_VALUE = 120
"""Characters of a value: a choice."""
_KEPT = 400
"""Visits that are sent, ten times as many as a Reviewer is shown."""
_EVENTS = 10_000
"""Executed lines after which recording stops, since tracing slows a program down."""


class Visit(NamedTuple):
    """One execution of a line: its function and the variables that it changed."""

    number: int
    function: str
    changed: dict[str, str]


class Tracer:
    """Record the executed lines of a program from `start` to `stop`."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []
        self._pending: dict[FrameType, tuple[int, dict[str, str]]] = {}
        self._events = 0
        self._show = _short()

    def start(self) -> None:
        """Start recording."""
        sys.settrace(self._call)

    def stop(self) -> list[list[Any]]:
        """Stop recording and return the visits as lists of line, function and changes."""
        sys.settrace(None)
        return [list(visit) for visit in _folded(self._visits)[:_KEPT]]

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != PROGRAM or frame.f_code.co_name.startswith("<"):
            return None
        self._pending[frame] = (frame.f_lineno, {})
        return self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._events += 1
        if self._events > _EVENTS:
            sys.settrace(None)
            return None
        number, before = self._pending.get(frame, (frame.f_lineno, {}))
        now = self._values(frame)
        changed = {name: text for name, text in now.items() if before.get(name) != text}
        self._record(number, frame, changed)
        if event == "return":
            self._pending.pop(frame, None)
            self._record(frame.f_lineno, frame, {"return": self._shown(argument)})
        else:
            self._pending[frame] = (frame.f_lineno, now)
        return self._line

    def _record(self, number: int, frame: FrameType, changed: dict[str, str]) -> None:
        if changed:
            self._visits.append(Visit(number, frame.f_code.co_name, changed))

    def _values(self, frame: FrameType) -> dict[str, str]:
        return {
            name: self._shown(value)
            for name, value in list(frame.f_locals.items())[:30]
            if not name.startswith("__")
        }

    def _shown(self, value: object) -> str:
        try:
            return self._show.repr(value)[:_VALUE]
        except BaseException as error:
            return "<" + type(error).__name__ + " while it was shown>"


def _folded(visits: list[Visit]) -> list[Visit]:
    """Keep the first visits of every line and the last one."""
    last = {visit[:2]: index for index, visit in enumerate(visits)}
    seen: dict[tuple[int, str], int] = {}
    kept: list[Visit] = []
    for index, visit in enumerate(visits):
        count = seen[visit[:2]] = seen.get(visit[:2], 0) + 1
        if count <= _FIRST_VISITS or last[visit[:2]] == index:
            kept.append(visit)
    return kept


def _short() -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    short.maxlist = short.maxtuple = short.maxset = short.maxdict = 12
    short.maxlevel = 3
    return short
