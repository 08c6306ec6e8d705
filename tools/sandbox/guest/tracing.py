"""Write down what the local variables of a program became, line by line.

The idea of LDB (arXiv 2402.16906). A trace is the program's own word: it can say anything.
"""

import reprlib
import sys
from types import FrameType
from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.describing import PROGRAM

_FIRST_VISITS = 2
"""How many visits of one line are kept; of those that follow, only the last is."""
_VALUE = 120
_KEPT = 400
_EVENTS = 10_000
"""After so many lines nothing more is written down."""


class Visit(NamedTuple):
    """One execution of a line: what it changed, and in which function."""

    number: int
    function: str
    changed: dict[str, str]


class Tracer:
    """Watch the lines of a program from `start` to `stop`."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []
        self._pending: dict[FrameType, tuple[int, dict[str, str]]] = {}
        self._events = 0
        self._show = _short()

    def start(self) -> None:
        """Begin to watch."""
        sys.settrace(self._call)

    def stop(self) -> list[list[Any]]:
        """Stop, and return each visit as line number, function and what changed."""
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
        self._note(number, frame, changed)
        if event == "return":
            self._pending.pop(frame, None)
            self._note(frame.f_lineno, frame, {"return": self._shown(argument)})
        else:
            self._pending[frame] = (frame.f_lineno, now)
        return self._line

    def _note(self, number: int, frame: FrameType, changed: dict[str, str]) -> None:
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
    """Keep the first visits of every line, and the last."""
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
