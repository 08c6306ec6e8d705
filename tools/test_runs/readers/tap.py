"""Parse the Test Anything Protocol as written by node, prove, bats and many others."""

import re

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.results import merged

_LINE = re.compile(r"^( *)(not )?ok\b *(\d*) *(?:- )?(.*?)(?: *# *(skip|todo)\b\s*(.*))?$", re.I)
_PLAN = re.compile(r"^1\.\.(\d+)")
_DETAIL = 2_000
"""Characters kept of a failing test's details: a choice."""


def looks_like_tap(output: str) -> bool:
    """Return whether a text is written in this protocol.

    >>> looks_like_tap("TAP version 13\\nok 1 - adds\\n1..1\\n")
    True
    """
    lines = output.splitlines()
    versioned = any(line.startswith("TAP version") for line in lines[:5])
    planned = any(_PLAN.match(line) for line in lines)
    return (versioned or planned) and any(_LINE.match(line) for line in lines)


def read_tap(output: str) -> tuple[CaseOutcome, ...]:
    """Return the outcomes of all tests; planned tests that never ran have failed.

    The names of subtests are prefixed with those of their parents. A test with the directive `skip`
    or `todo` has not passed.
    """
    outcomes: list[CaseOutcome] = []
    inner: list[CaseOutcome] = []
    lines = output.splitlines()
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        outcome = _outcome(match, lines[number + 1 :])
        if match[1]:
            inner.append(outcome)
            continue
        outcomes += [sub.model_copy(update={"id": f"{outcome.id} > {sub.id}"}) for sub in inner]
        inner.clear()
        outcomes.append(outcome)
    return merged([*outcomes, *_missing(lines, outcomes)])


def _outcome(match: re.Match[str], after: list[str]) -> CaseOutcome:
    _, failed, number, name, directive, reason = match.groups()
    status: CaseStatus = "not_run" if directive else "failed" if failed else "passed"
    detail = _detail(after) if failed else ""
    error = f"{directive.lower()} {reason or ''}".strip() if directive else None
    if status == "failed":
        error = (detail.strip().splitlines() or ["not ok"])[0].strip()
    return CaseOutcome(
        id=name.strip() or number or "test", status=status, error=error, traceback=detail or None
    )


def _detail(after: list[str]) -> str:
    """Return the block or the comments that follow a failed test."""
    details: list[str] = []
    for line in after:
        if _LINE.match(line) or _PLAN.match(line):
            break
        stripped = line.strip()
        if stripped not in ("---", "..."):
            details.append(stripped.removeprefix("#").strip())
    return "\n".join(details)[:_DETAIL]


def _missing(lines: list[str], outcomes: list[CaseOutcome]) -> list[CaseOutcome]:
    plans = [int(match[1]) for line in lines if (match := _PLAN.match(line))]
    top = [outcome for outcome in outcomes if " > " not in outcome.id]
    count = max(0, min(plans[-1] - len(top), 10_000)) if plans else 0
    if not count:
        return []
    return [CaseOutcome(id="(planned)", status="error", error=f"{count} planned tests never ran")]
