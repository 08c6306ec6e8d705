"""Drive tenacity by a retry policy."""

from typing import NamedTuple

from tenacity import RetryCallState

from refinegraph.agents.models.failures import RETRIED, Failure
from refinegraph.retry_policy import RetryPolicy


class AttemptFailed(Exception):
    """Carries the failure of one attempt to the loop that retries it."""

    def __init__(self, failure: Failure, error: Exception) -> None:
        super().__init__(failure.kind)
        self.failure = failure
        self.error = error


class TryAgain(NamedTuple):
    """A tenacity `retry`, `stop` and `wait` over one policy."""

    policy: RetryPolicy

    def worth_it(self, state: RetryCallState) -> bool:
        """Whether another attempt may cure the failure."""
        failure = failure_of(state)
        return failure is not None and self.may_cure(failure)

    def may_cure(self, failure: Failure) -> bool:
        """Whether the failure is one that time cures, and soon enough."""
        patient = (failure.retry_after or 0.0) <= self.policy.longest_retry_after
        return failure.kind in RETRIED and patient

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        failure = failure_of(state)
        return self.policy.wait(state.attempt_number, failure.retry_after if failure else None)


def failure_of(state: RetryCallState) -> Failure | None:
    """Return the failure of the attempt that just ended; None where it did not fail as one."""
    error = state.outcome.exception() if state.outcome else None
    return error.failure if isinstance(error, AttemptFailed) else None
