"""Read the JSON that `jest --json` writes."""

import json
from typing import Any

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.readers.junit import tail
from refinegraph.tools.test_runs.results import merged

_STATUSES: dict[str, CaseStatus] = {"passed": "passed", "failed": "failed"}


def read_jest(report: bytes, root: str) -> tuple[CaseOutcome, ...]:
    """Return the tests of a report, named by file and title; none where it cannot be read."""
    try:
        told = json.loads(report)
        files: list[dict[str, Any]] = told["testResults"]
        return merged([outcome for file in files for outcome in _of_file(file, root)])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _of_file(file: dict[str, Any], root: str) -> list[CaseOutcome]:
    path = str(file.get("name", "")).removeprefix(root).lstrip("/")
    tests: list[dict[str, Any]] = file.get("assertionResults", [])
    if not tests and file.get("status") == "failed":
        said = tail(str(file.get("message", "")))
        return [CaseOutcome(id=path, status="error", error=said[:600], traceback=said)]
    return [_outcome(path, test) for test in tests]


def _outcome(path: str, test: dict[str, Any]) -> CaseOutcome:
    status = _STATUSES.get(str(test.get("status")), "not_run")
    said = tail("\n".join(map(str, test.get("failureMessages") or ())))
    return CaseOutcome(
        id=f"{path} > {test.get('fullName', '')}",
        status=status,
        error=said.split("\n", 1)[0][:600] or None,
        traceback=said or None,
        seconds=float(test.get("duration") or 0) / 1000,
    )
