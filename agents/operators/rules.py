"""Rules for gates, evaluated on a task."""

from refinegraph.agents.operators.task import Task
from refinegraph.schema import Candidate


class approved:
    """True if the latest review of the parent found nothing wrong.

    Execution outranks the Reviewer: a program refuted by a visible test is not approved, whatever
    the review says.
    """

    def __call__(self, task: Task) -> bool:
        """Check the first parent and its latest review."""
        return bool(task.review and task.review.approves) and not refuted(task.parent)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return "approved()"


def unapproved(task: Task) -> list[Candidate]:
    """Return the parents that a Reviewer should review.

    A parent that was approved in an earlier round and that no test refutes is not reviewed again,
    because nothing about it has changed. A move with an instruction reviews every parent.
    """
    if task.instruction:
        return list(task.parents)
    return [parent for parent in task.parents if not _approval_stands(task, parent)]


def _approval_stands(task: Task, parent: Candidate) -> bool:
    reviews = [review for review in task.reviews if review.candidate_id == parent.id]
    earlier = bool(reviews) and reviews[0].round < task.round
    return earlier and all(review.approves for review in reviews) and not refuted(parent)


def refuted(candidate: Candidate) -> bool:
    """Return whether execution proved a candidate wrong; a sandbox failure proves nothing."""
    verdict = candidate.verdict
    return verdict is not None and not verdict.passed and verdict.status != "sandbox_error"
