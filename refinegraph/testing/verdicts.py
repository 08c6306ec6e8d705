"""Build verdicts like those of a sandbox."""

from collections.abc import Sequence

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, CaseStatus, Isolation, Verdict, VerdictStatus

_NOTHING_RAN = Isolation(tier="none")


def verdict(
    *tests: CaseStatus | CaseOutcome, ids: Sequence[str] | None = None, seconds: float = 0.0
) -> Verdict:
    """Return the verdict on a program whose tests ended with the given statuses.

    Pass a whole `CaseOutcome` instead of a status if the evidence matters. The verdict passes if
    every test passes; otherwise its status is that of the first test that did not. The test ids are
    `t1`, `t2`, … unless `ids` is given. Raises `InputError` if there are no tests, or not as many
    ids as tests.

    >>> verdict("passed", "timeout").status
    'timeout'
    >>> sorted(verdict("passed", "failed", "passed").passed_ids)
    ['t1', 't3']
    """
    if not tests:
        raise InputError("verdict() got no tests; pass the status of every test, such as 'passed'.")
    names = [f"t{number}" for number in range(1, len(tests) + 1)] if ids is None else ids
    if len(names) != len(tests):
        raise InputError(f"verdict() got {len(tests)} tests but {len(names)} ids.")
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
    """Return the verdict of a sandbox failure, which says nothing about the program."""
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
