"""Rules for gates: what they hold of a task."""

from refinegraph.agents.operators.task import Task
from refinegraph.schema import Candidate


class approved:
    """Hold where the latest review of the parent found nothing wrong.

    Execution outranks the Reviewer: a program that a visible test refutes is not approved,
    whatever the review says.
    """

    def __call__(self, task: Task) -> bool:
        """Look at the first parent and its latest review."""
        return bool(task.review and task.review.approves) and not refuted(task.parent)

    def __repr__(self) -> str:
        """The call that makes it."""
        return "approved()"


def unapproved(task: Task) -> list[Candidate]:
    """Return the parents that a Reviewer is to be asked about.

    An approval stands: a parent that the reviews of an earlier round approve, and that no test
    refutes, is not reviewed again, since nothing about it has changed. A move with an instruction
    asks about every parent.
    """
    if task.instruction:
        return list(task.parents)
    return [parent for parent in task.parents if not _approval_stands(task, parent)]


def _approval_stands(task: Task, parent: Candidate) -> bool:
    reviews = [review for review in task.reviews if review.candidate_id == parent.id]
    earlier = bool(reviews) and reviews[0].round < task.round
    return earlier and all(review.approves for review in reviews) and not refuted(parent)


def refuted(candidate: Candidate) -> bool:
    """Return whether execution proved the candidate wrong; a sandbox that failed proves nothing."""
    verdict = candidate.verdict
    return verdict is not None and not verdict.passed and verdict.status != "sandbox_error"
