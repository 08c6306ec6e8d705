"""Parse the report of `jest --json`."""

import json
from typing import Any

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.readers.junit import tail
from refinegraph.tools.test_runs.results import merged

_STATUSES: dict[str, CaseStatus] = {"passed": "passed", "failed": "failed"}


def read_jest(report: bytes, root: str) -> tuple[CaseOutcome, ...]:
    """Return the outcomes in a report, named by file and title; none if it is malformed."""
    try:
        files: list[dict[str, Any]] = json.loads(report)["testResults"]
        return merged([outcome for file in files for outcome in _of_file(file, root)])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _of_file(file: dict[str, Any], root: str) -> list[CaseOutcome]:
    path = str(file.get("name", "")).removeprefix(root).lstrip("/")
    tests: list[dict[str, Any]] = file.get("assertionResults", [])
    if not tests and file.get("status") == "failed":
        message = tail(str(file.get("message", "")))
        return [CaseOutcome(id=path, status="error", error=message[:600], traceback=message)]
    return [_outcome(path, test) for test in tests]


def _outcome(path: str, test: dict[str, Any]) -> CaseOutcome:
    status = _STATUSES.get(str(test.get("status")), "not_run")
    message = tail("\n".join(map(str, test.get("failureMessages") or ())))
    return CaseOutcome(
        id=f"{path} > {test.get('fullName', '')}",
        status=status,
        error=message.split("\n", 1)[0][:600] or None,
        traceback=message or None,
        seconds=float(test.get("duration") or 0) / 1000,
    )
