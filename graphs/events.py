"""What a running graph tells whoever watches it.

Events come out of `graph.astream(..., stream_mode="custom")`, and at once to the observers of
`refinegraph.agents.models.run_scope`, in one order with the model calls.
"""

from refinegraph.schema import Candidate, Decision, Frozen, Review, Usage, VisibleTest

NodeName = str
"""The name of a node: `route`, `score`, `select`, `accept`, or a stage of an operator."""


class NodeStarted(Frozen):
    """A node began, on one candidate where it works on one."""

    node: NodeName
    round: int
    candidate_id: str | None = None


class TestsKnown(Frozen):
    """The visible tests were read, found or generated."""

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
    """The Reviewer answered."""

    review: Review


class Decided(Frozen):
    """The loop chose what to do next."""

    decision: Decision


class Spent(Frozen):
    """A node spent this much."""

    usage: Usage


class BranchFailed(Frozen):
    """A branch ended without its result."""

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
    """Tell the observers of the run and the stream of the graph that is running, if any."""
    # Whoever only reads events of a kept run needs neither LangGraph nor the models.
    from langgraph.config import get_stream_writer

    from refinegraph.agents.models.run_context import current_scope

    current_scope().emit(event)
    try:
        writer = get_stream_writer()
    except RuntimeError:
        return
    writer(event)
