"""What an observer of a run hears about its model calls."""

from refinegraph.schema import Frozen, Usage


class Work(Frozen):
    """What a model call is made for."""

    node: str
    """The node of the graph."""
    candidate_id: str | None = None
    """The candidate that it works on."""


class ModelEvent(Frozen):
    """Something that happened to one request; `call` is unique within the process."""

    call: int
    model: str


class CallStarted(ModelEvent):
    """A request is about to be made."""

    n: int
    """How many choices it asks for."""
    work: Work | None = None
    """What it is asked for; None outside of a graph."""


class TokensStreamed(ModelEvent):
    """More of an answer has come; told only where a run streams."""

    text: str


class CallRetried(ModelEvent):
    """An attempt was of no use and the request will be sent again."""

    reason: str
    """One sentence, free of keys."""
    attempt: int
    """The attempt that was of no use; the first is 1."""
    delay: float
    """Seconds until the next one."""


class CallFinished(ModelEvent):
    """A request was answered."""

    usage: Usage
    choices: int
    seconds: float
    """From the start to the answer, waits and retries included."""


class CallFailed(ModelEvent):
    """A request was given up; its error is raised to the caller."""

    error: str
    """One sentence, free of keys."""
    usage: Usage
    """Its retries, and answers without text that were paid for."""
    seconds: float


class FellBack(ModelEvent):
    """A model was given up for one request, and the next of the list is asked."""

    to: str
    reason: str
    """One sentence, free of keys."""


class BudgetLow(Frozen):
    """Most of a budget is spent; told once."""

    detail: str
    """One sentence with the numbers."""
