"""Read what a process told, believing nothing about its shape."""

from typing import Any, NamedTuple

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.sandbox.process import Message
from refinegraph.tools.sandbox.tracing import TraceLine, trace_line

_ENDINGS: dict[str, str] = {
    "timeout": "it did not answer in time",
    "cpu_exceeded": "it used up its processor time",
    "memory_exceeded": "it used up its memory",
    "output_exceeded": "it printed or returned too much",
    "early_exit": "it ended before it had answered",
    "protocol_violation": "it sent something other than an answer",
}
_LONGEST = 700
_TRACED = 1000


class Broken(NamedTuple):
    """Why a run ended early."""

    status: CaseStatus
    detail: str
    traceback: str | None


def describe_ending(status: CaseStatus) -> str:
    """Say in a few words why a run ended early."""
    return _ENDINGS.get(status, "")


def is_load(told: Message) -> bool:
    """Whether a message says that a program was loaded, or was not."""
    return told.get("loaded") is False or (
        told.get("loaded") is True and isinstance(told.get("names"), dict)
    )


def unit_outcome(name: str, call: str, told: Message) -> CaseOutcome:
    """Return how one test ended."""
    found = told.get("status")
    status: CaseStatus = "error"
    if found in ("passed", "failed", "unserializable"):
        status = found
    return CaseOutcome(
        id=name,
        status=status,
        call=(_text(told, "call") or printable(call))[:600],
        expected=_text(told, "expected"),
        got=_text(told, "got"),
        error=None if status == "passed" else error_in(told) or None,
        traceback=traceback_in(told),
        seconds=seconds_in(told),
    )


def error_in(told: Message) -> str:
    """Return the type and the text of an exception, where one is told."""
    return ": ".join(filter(None, (_text(told, "error"), _text(told, "said"))))


def traceback_in(told: Message) -> str | None:
    """Return the program's own lines of a traceback."""
    return _text(told, "trace") or None


def seconds_in(told: Message) -> float:
    """Return the seconds that a call says it took."""
    value = told.get("seconds")
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e6 else 0.0


def trace_in(told: Message) -> tuple[TraceLine, ...]:
    """Return the lines of a trace, leaving out what is none."""
    if type(told.get("trace_lines")) is not list:
        return ()
    lines: list[Any] = told["trace_lines"]
    found = [trace_line(each) for each in lines[:_TRACED]]
    return tuple(each for each in found if each)


def printable(text: str) -> str:
    """Return a text that can be written anywhere; halves of characters are shown as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(told: Message, key: str) -> str | None:
    value = told.get(key)
    return printable(value)[:_LONGEST] if isinstance(value, str) else None
