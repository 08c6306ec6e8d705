"""Connect a retry policy to tenacity."""

from typing import NamedTuple

from tenacity import RetryCallState

from refinegraph.agents.models.failures import RETRIED, Failure
from refinegraph.retry_policy import RetryPolicy


class AttemptFailed(Exception):
    """Carries the failure of one attempt to the retry loop."""

    def __init__(self, failure: Failure, error: Exception) -> None:
        super().__init__(failure.kind)
        self.failure = failure
        self.error = error


class TryAgain(NamedTuple):
    """The `retry` and `wait` callbacks of tenacity for a policy."""

    policy: RetryPolicy

    def worth_it(self, state: RetryCallState) -> bool:
        """Return whether another attempt may succeed."""
        failure = failure_of(state)
        return failure is not None and self.may_cure(failure)

    def may_cure(self, failure: Failure) -> bool:
        """Return whether the failure is temporary and the requested wait acceptable."""
        patient = (failure.retry_after or 0.0) <= self.policy.max_retry_after
        return failure.kind in RETRIED and patient

    def wait(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt."""
        failure = failure_of(state)
        return self.policy.wait(state.attempt_number, failure.retry_after if failure else None)


def failure_of(state: RetryCallState) -> Failure | None:
    """Return the failure of the attempt that just ended, or None if it did not fail."""
    error = state.outcome.exception() if state.outcome else None
    return error.failure if isinstance(error, AttemptFailed) else None
