"""Events emitted while a graph runs.

Events are available from `graph.astream(..., stream_mode="custom")`, and immediately for the
observers of `refinegraph.agents.models.run_scope`, in one sequence with the model events.
"""

from refinegraph.schema import Candidate, Decision, Frozen, Review, Usage, VisibleTest

NodeName = str
"""The name of a node: `route`, `score`, `select`, `accept`, or a stage of an operator."""


class NodeStarted(Frozen):
    """A node started, possibly for one candidate."""

    node: NodeName
    round: int
    candidate_id: str | None = None


class TestsKnown(Frozen):
    """The visible tests are available: read, found or generated."""

    __test__ = False

    tests: tuple[VisibleTest, ...]


class CandidateProposed(Frozen):
    """An agent wrote a candidate."""

    candidate: Candidate


class CandidateJudged(Frozen):
    """A candidate was executed or scored."""

    candidate: Candidate


class RefinementRejected(Frozen):
    """A refinement was not allowed to replace its parent."""

    candidate_id: str
    parent_id: str
    reason: str


class ReviewWritten(Frozen):
    """The Reviewer returned a review."""

    review: Review


class Decided(Frozen):
    """The policy chose the next moves."""

    decision: Decision


class Spent(Frozen):
    """A node spent part of the budget."""

    usage: Usage


class BranchFailed(Frozen):
    """A branch ended without a result."""

    node: NodeName
    detail: str


Event = (
    NodeStarted
    | TestsKnown
    | CandidateProposed
    | CandidateJudged
    | RefinementRejected
    | ReviewWritten
    | Decided
    | Spent
    | BranchFailed
)


def emit(event: Event) -> None:
    """Send an event to the run's observers and to the stream of the running graph, if any."""
    # Imported lazily: reading the events of a stored run needs neither LangGraph nor the models.
    from langgraph.config import get_stream_writer

    from refinegraph.agents.models.run_context import current_scope

    current_scope().emit(event)
    try:
        writer = get_stream_writer()
    except RuntimeError:
        return
    writer(event)
