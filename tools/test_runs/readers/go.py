"""Parse the events of `go test -json`."""

import json
from typing import Any, cast

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.readers.junit import tail

_STATUSES: dict[str, CaseStatus] = {"pass": "passed", "fail": "failed", "skip": "not_run"}


def read_go(output: str) -> tuple[CaseOutcome, ...]:
    """Return the outcomes of all tests; a package that does not build or panics is a failing test.

    >>> line = '{"Action": "pass", "Package": "p", "Test": "TestA", "Elapsed": 0.5}'
    >>> read_go(line)[0].id, read_go(line)[0].status
    ('p.TestA', 'passed')
    """
    outputs: dict[str, list[str]] = {}
    outcomes: dict[str, CaseOutcome] = {}
    running: dict[str, None] = {}
    for event in _events(output):
        name = _name(event)
        action = event.get("Action")
        if action == "output":
            outputs.setdefault(name, []).append(str(event.get("Output", "")))
        elif action == "run":
            running[name] = None
        elif action in _STATUSES and ("Test" in event or action == "fail"):
            running.pop(name, None)
            outcomes[name] = _outcome(name, _STATUSES[action], outputs.get(name, []), event)
    for name in running:
        outcomes[name] = _outcome(name, "error", outputs.get(name, []), {})
    return tuple(outcomes.values())


def _events(output: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for line in output.splitlines():
        if line.startswith("{"):
            try:
                event: Any = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "Action" in event:
                events.append(cast("dict[str, Any]", event))
    return events


def _name(event: dict[str, Any]) -> str:
    package, test = str(event.get("Package", "")), event.get("Test")
    return f"{package}.{test}" if test else package


def _outcome(
    name: str, status: CaseStatus, output: list[str], event: dict[str, Any]
) -> CaseOutcome:
    text = tail("".join(output)).strip()
    lines = [line.strip() for line in text.splitlines() if not line.startswith(("===", "---"))]
    default = "skipped" if status == "not_run" else "it failed"
    error = None if status == "passed" else (lines[0] if lines else default)[:600]
    seconds = event.get("Elapsed", 0.0)
    return CaseOutcome(
        id=name,
        status=status,
        error=error,
        traceback=text or None if status in ("failed", "error") else None,
        seconds=float(seconds) if isinstance(seconds, (int, float)) else 0.0,
    )
