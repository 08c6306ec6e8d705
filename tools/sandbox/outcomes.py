"""Read the messages of a process, which are untrusted and may have any shape."""

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
_MAX_TEXT = 700
"""Characters kept of a text in a message: room for the 600 that the guest sends."""
_MAX_TRACE = 1000
"""Trace lines that are read; the guest sends at most 400."""


class Broken(NamedTuple):
    """Why a run ended early."""

    status: CaseStatus
    detail: str
    traceback: str | None


def describe_ending(status: CaseStatus) -> str:
    """Return a short reason why a run ended early."""
    return _ENDINGS.get(status, "")


def is_load(message: Message) -> bool:
    """Return whether a message reports the loading of a program, successful or not."""
    return message.get("loaded") is False or (
        message.get("loaded") is True and isinstance(message.get("names"), dict)
    )


def unit_outcome(name: str, call: str, message: Message) -> CaseOutcome:
    """Return the outcome of one test."""
    reported = message.get("status")
    status: CaseStatus = "error"
    if reported in ("passed", "failed", "unserializable"):
        status = reported
    return CaseOutcome(
        id=name,
        status=status,
        call=(_text(message, "call") or printable(call))[:600],
        expected=_text(message, "expected"),
        got=_text(message, "got"),
        error=None if status == "passed" else error_in(message) or None,
        traceback=traceback_in(message),
        seconds=seconds_in(message),
    )


def error_in(message: Message) -> str:
    """Return the type and text of the exception in a message, or an empty string."""
    return ": ".join(filter(None, (_text(message, "error"), _text(message, "said"))))


def traceback_in(message: Message) -> str | None:
    """Return the program's own lines of a traceback."""
    return _text(message, "trace") or None


def seconds_in(message: Message) -> float:
    """Return the seconds that a call took according to its process."""
    value = message.get("seconds")
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e6 else 0.0


def trace_in(message: Message) -> tuple[TraceLine, ...]:
    """Return the lines of a trace, skipping malformed ones."""
    if type(message.get("trace_lines")) is not list:
        return ()
    entries: list[Any] = message["trace_lines"]
    lines = [trace_line(entry) for entry in entries[:_MAX_TRACE]]
    return tuple(line for line in lines if line)


def printable(text: str) -> str:
    """Return a text that can be encoded as UTF-8, with lone surrogates escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(message: Message, key: str) -> str | None:
    value = message.get(key)
    return printable(value)[:_MAX_TEXT] if isinstance(value, str) else None
