"""Parse the records of the pytest plugin."""

import hashlib
import hmac
import json
from collections import defaultdict
from typing import Any, NamedTuple

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.results import merged

Record = dict[str, Any]
_DIGEST = 64


class GuardReport(NamedTuple):
    """The report of the pytest plugin."""

    outcomes: tuple[CaseOutcome, ...]
    collected: tuple[str, ...]
    deselected: tuple[str, ...]
    complete: bool
    """Whether the test session finished."""
    exit_code: int | None
    patched: tuple[str, ...]
    plugins: tuple[str, ...]
    tampering: tuple[str, ...]
    root: str
    """The directory that the names of tests are relative to."""


def read_records(body: bytes, key: bytes) -> GuardReport:
    """Parse the bytes that came through the pipe.

    Records are signed and numbered. A record with a wrong signature or number, or one after the end
    of the session, is reported as tampering.
    """
    records, tampering = _signed(body, key)
    by_kind: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_kind[str(record.get("kind"))].append(record)
    if records and records[-1].get("kind") != "end" and by_kind["end"]:
        tampering.append("a result was reported after the end of the tests")
    phases: dict[str, list[Record]] = defaultdict(list)
    for record in by_kind["test"]:
        phases[str(record["id"])].append(record)
        if record["raised"] and record["outcome"] == "passed" and record["expected"] is None:
            tampering.append(f"{record['id']} raised an exception and was reported as passed")
    outcomes = [_outcome(name, parts) for name, parts in phases.items()]
    outcomes += [_uncollected(record) for record in by_kind["uncollected"]]
    end = by_kind["end"][-1] if by_kind["end"] else {}
    return GuardReport(
        outcomes=merged(outcomes),
        collected=_ids(by_kind["collected"][-1:]),
        deselected=_ids(by_kind["deselected"]),
        complete=bool(end),
        exit_code=end.get("code"),
        patched=tuple(end.get("patched", ())),
        plugins=tuple(end.get("plugins", ())),
        tampering=tuple(tampering),
        root=str(by_kind["begin"][0]["root"]) if by_kind["begin"] else "",
    )


def _signed(body: bytes, key: bytes) -> tuple[list[Record], list[str]]:
    records: list[Record] = []
    for line in body.split(b"\n")[:-1]:
        signature, text = line[:_DIGEST], line[_DIGEST:]
        right = hmac.new(key, text, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(signature, right):
            return records, ["a result was not signed by the plugin"]
        number, record = json.loads(text)
        if number != len(records):
            return records, ["results did not arrive in the order in which they were written"]
        records.append(record)
    return records, []


def _ids(records: list[Record]) -> tuple[str, ...]:
    return tuple(str(name) for record in records for name in record["ids"])


def _outcome(name: str, phases: list[Record]) -> CaseOutcome:
    """Return the outcome of a test from its setup, call and teardown phases."""
    worst = max(phases, key=_badness)
    called = any(phase["when"] == "call" for phase in phases)
    return CaseOutcome(
        id=name,
        status=_status(worst, called=called),
        error=_message(worst) or None,
        traceback=_printable(worst["text"]) or None if worst["outcome"] == "failed" else None,
        seconds=sum(float(phase["seconds"]) for phase in phases),
    )


def _badness(phase: Record) -> int:
    return {"failed": 2, "skipped": 1}.get(phase["outcome"], 0)


def _status(worst: Record, *, called: bool) -> CaseStatus:
    if worst["outcome"] == "skipped":
        return "not_run"
    if worst["outcome"] == "failed":
        return "failed" if worst["when"] == "call" else "error"
    return "passed" if called else "not_run"


def _message(phase: Record) -> str:
    if phase["expected"] is not None and phase["outcome"] == "skipped":
        return f"expected to fail: {_printable(phase['expected'])}"
    if phase["outcome"] == "skipped":
        return _printable(phase["message"]) or "skipped"
    return _printable(phase["message"])


def _uncollected(record: Record) -> CaseOutcome:
    return CaseOutcome(
        id=str(record["id"]),
        status="error",
        error=_printable(record["message"]) or "it could not be collected",
        traceback=_printable(record["text"]) or None,
    )


def _printable(text: object) -> str:
    return str(text).encode("utf-8", "backslashreplace").decode()
