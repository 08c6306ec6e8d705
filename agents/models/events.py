"""Events about model calls, sent to the observers of a run."""

from refinegraph.schema import Frozen, Usage


class Work(Frozen):
    """The purpose of a model call."""

    node: str
    """The node of the graph."""
    candidate_id: str | None = None
    """The candidate that the call concerns."""


class ModelEvent(Frozen):
    """Base class of events about one request; `call` is unique within the process."""

    call: int
    model: str


class CallStarted(ModelEvent):
    """A request is about to be sent."""

    n: int
    """Number of choices requested."""
    work: Work | None = None
    """Purpose of the request; None outside of a graph."""


class TokensStreamed(ModelEvent):
    """More text of an answer has arrived; sent only if the run streams."""

    text: str


class CallRetried(ModelEvent):
    """An attempt failed and the request will be retried."""

    reason: str
    """One sentence without keys."""
    attempt: int
    """Number of the failed attempt, counted from 1."""
    delay: float
    """Seconds until the next attempt."""


class CallFinished(ModelEvent):
    """A request was answered."""

    usage: Usage
    choices: int
    seconds: float
    """Seconds from the start to the answer, including waits and retries."""


class CallFailed(ModelEvent):
    """A request was abandoned; its error is raised to the caller."""

    error: str
    """One sentence without keys."""
    usage: Usage
    """Includes retries, and answers without text that were charged."""
    seconds: float


class FellBack(ModelEvent):
    """A model failed permanently for one request, and the next one of the list is tried."""

    to: str
    reason: str
    """One sentence without keys."""


class BudgetLow(Frozen):
    """Most of a budget is spent; sent once per run."""

    detail: str
    """One sentence with the numbers."""
