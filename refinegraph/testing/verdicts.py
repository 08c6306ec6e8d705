"""Build verdicts as a sandbox would give them."""

from collections.abc import Sequence

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, CaseStatus, Isolation, Verdict, VerdictStatus

_NOTHING_RAN = Isolation(tier="none")


def verdict(
    *tests: CaseStatus | CaseOutcome, ids: Sequence[str] | None = None, seconds: float = 0.0
) -> Verdict:
    """Return the verdict on a program whose tests ended like this, in their order.

    A test is given by its status, or as a whole `CaseOutcome` if evidence matters. The verdict
    passed if every test did; otherwise its status is that of the first test that did not. Test ids
    are `t1`, `t2`, … unless `ids` names them. Raises `InputError` without any test, and if there
    are more or fewer ids than tests.

    >>> verdict("passed", "timeout").status
    'timeout'
    >>> sorted(verdict("passed", "failed", "passed").passed_ids)
    ['t1', 't3']
    """
    if not tests:
        raise InputError("verdict() was given no test; give the status of each, such as 'passed'.")
    names = [f"t{number}" for number in range(1, len(tests) + 1)] if ids is None else ids
    if len(names) != len(tests):
        raise InputError(f"verdict() was given {len(tests)} tests and {len(names)} ids.")
    outcomes = tuple(
        test if isinstance(test, CaseOutcome) else CaseOutcome(id=name, status=test)
        for name, test in zip(names, tests, strict=True)
    )
    return Verdict(
        passed=all(outcome.passed for outcome in outcomes),
        status=_status_of(outcomes),
        tests=outcomes,
        isolation=_NOTHING_RAN,
        seconds=seconds,
    )


def sandbox_failure(detail: str = "no process could be started") -> Verdict:
    """Return the verdict of a sandbox that failed itself, which says nothing of the program."""
    return Verdict(
        passed=False,
        status="sandbox_error",
        isolation=_NOTHING_RAN,
        detail=f"the sandbox itself failed: {detail}",
    )


def _status_of(outcomes: Sequence[CaseOutcome]) -> VerdictStatus:
    for outcome in outcomes:
        if not outcome.passed and outcome.status != "not_run":
            return outcome.status
    return "passed" if all(outcome.passed for outcome in outcomes) else "failed"
