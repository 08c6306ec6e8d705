"""Read JUnit XML, as pytest, Maven, Gradle, jest-junit, vitest and node write it."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.results import merged

_LONGEST = 6_000
"""Characters of a failing test's text that are kept: enough for a traceback with its values."""
_STATUSES: Mapping[str, CaseStatus] = {"error": "error", "failure": "failed", "skipped": "not_run"}
_MOST_BYTES = 1 << 26


def read_junit(reports: Iterable[bytes]) -> tuple[CaseOutcome, ...]:
    """Return the tests in these reports; one that cannot be read counts for nothing.

    A name that occurs twice is one test, which failed where either did. Documents that define
    entities are not read, since those can grow without bound.
    """
    outcomes: list[CaseOutcome] = []
    for report in reports:
        if len(report) > _MOST_BYTES or b"<!ENTITY" in report or b"<!DOCTYPE" in report:
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
            said = (detail.get("message") or "").strip()[:600] or text.strip()[:200]
            return CaseOutcome(
                id=name, status=status, error=said or tag, traceback=text or None, seconds=seconds
            )
    return CaseOutcome(id=name, status="passed", seconds=seconds)


def _seconds(case: ElementTree.Element) -> float:
    try:
        return max(0.0, float((case.get("time") or "0").replace(",", "")))
    except ValueError:
        return 0.0


def _name(case: ElementTree.Element) -> str:
    """Return a test's name; where a file is named, as pytest writes it."""
    file, name = case.get("file"), case.get("name") or ""
    owner = case.get("classname") or ""
    if not file or not file.endswith(".py"):
        return f"{owner}::{name}" if owner else name
    module = ".".join(PurePosixPath(file).with_suffix("").parts)
    classes = owner.removeprefix(module).strip(".").replace(".", "::")
    return "::".join(part for part in (file, classes, name) if part)


def tail(text: str) -> str:
    """Return the end of a long text, which is where runners say what went wrong."""
    return text if len(text) <= _LONGEST else f"...{text[-_LONGEST:]}"
