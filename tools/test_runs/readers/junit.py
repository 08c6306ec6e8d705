"""Parse JUnit XML as written by pytest, Maven, Gradle, jest-junit, vitest and node."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.results import merged

_MAX_TEXT = 6_000
"""Characters kept from the end of a failing test's text: enough for a traceback with its values."""
_STATUSES: Mapping[str, CaseStatus] = {"error": "error", "failure": "failed", "skipped": "not_run"}
_MAX_BYTES = 1 << 26
"""Larger reports are ignored: a bound on memory, far above the reports of real suites."""


def read_junit(reports: Iterable[bytes]) -> tuple[CaseOutcome, ...]:
    """Return the outcomes in the reports, skipping malformed reports.

    A name that occurs twice is one test, which failed if either occurrence did. Documents that
    define entities are skipped, since entities can expand without bound.
    """
    outcomes: list[CaseOutcome] = []
    for report in reports:
        if len(report) > _MAX_BYTES or b"<!ENTITY" in report or b"<!DOCTYPE" in report:
            continue
        try:
            root = ElementTree.fromstring(report)
        except (ElementTree.ParseError, ValueError):
            continue
        outcomes += [_outcome(case) for case in root.iter("testcase")]
    return merged(outcomes)


def _outcome(case: ElementTree.Element) -> CaseOutcome:
    name, seconds = _name(case), _seconds(case)
    for tag, status in _STATUSES.items():
        detail = case.find(tag)
        if detail is not None:
            text = tail(detail.text or "")
            message = (detail.get("message") or "").strip()[:600] or text.strip()[:200] or tag
            return CaseOutcome(
                id=name, status=status, error=message, traceback=text or None, seconds=seconds
            )
    return CaseOutcome(id=name, status="passed", seconds=seconds)


def _seconds(case: ElementTree.Element) -> float:
    try:
        return max(0.0, float((case.get("time") or "0").replace(",", "")))
    except ValueError:
        return 0.0


def _name(case: ElementTree.Element) -> str:
    """Return the name of a test, in pytest's notation if the report names a Python file."""
    file, name = case.get("file"), case.get("name") or ""
    owner = case.get("classname") or ""
    if not file or not file.endswith(".py"):
        return f"{owner}::{name}" if owner else name
    module = ".".join(PurePosixPath(file).with_suffix("").parts)
    classes = owner.removeprefix(module).strip(".").replace(".", "::")
    return "::".join(part for part in (file, classes, name) if part)


def tail(text: str) -> str:
    """Return the end of a long text, where runners print the reason of a failure."""
    return text if len(text) <= _MAX_TEXT else f"...{text[-_MAX_TEXT:]}"
