"""Parse the output of `cargo test`."""

import re

from refinegraph.schema import CaseOutcome, CaseStatus
from refinegraph.tools.test_runs.readers.junit import tail
from refinegraph.tools.test_runs.results import merged

_TEST = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)")
_OUTPUT = re.compile(r"^---- (.+?) stdout ----$")
_STATUSES: dict[str, CaseStatus] = {"ok": "passed", "FAILED": "failed", "ignored": "not_run"}


def read_cargo(stdout: str, stderr: str = "") -> tuple[CaseOutcome, ...]:
    """Return the outcomes of all tests; a package that does not build is one failing test.

    >>> read_cargo("test adds ... ok\\ntest subtracts ... FAILED\\n")[1].status
    'failed'
    """
    outputs = _outputs(stdout)
    outcomes: list[CaseOutcome] = []
    for line in stdout.splitlines():
        match = _TEST.match(line)
        if match:
            outcomes.append(_outcome(match[1], _STATUSES[match[2]], outputs.get(match[1], "")))
    if not outcomes and "error" in stderr:
        first = next((line for line in stderr.splitlines() if line.startswith("error")), "error")
        outcomes.append(
            CaseOutcome(id="build", status="error", error=first[:600], traceback=tail(stderr))
        )
    return merged(outcomes)


def _outcome(name: str, status: CaseStatus, output: str) -> CaseOutcome:
    if status == "passed":
        return CaseOutcome(id=name, status=status)
    if status == "not_run":
        return CaseOutcome(id=name, status=status, error="ignored")
    lines = [line for line in output.splitlines() if line.strip()]
    error = next((line for line in lines if not line.startswith("thread ")), "it failed")
    return CaseOutcome(id=name, status=status, error=error[:600], traceback=tail(output) or None)


def _outputs(stdout: str) -> dict[str, str]:
    """Return the output of failing tests, which cargo prints after all tests."""
    outputs: dict[str, list[str]] = {}
    name = ""
    for line in stdout.splitlines():
        match = _OUTPUT.match(line)
        if match:
            name = match[1]
        elif line.startswith(("failures:", "test result:")):
            name = ""
        elif name:
            outputs.setdefault(name, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in outputs.items()}
