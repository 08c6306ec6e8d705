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


def refuted(candidate: Candidate) -> bool:
    """Return whether execution proved the candidate wrong; a sandbox that failed proves nothing."""
    verdict = candidate.verdict
    return verdict is not None and not verdict.passed and verdict.status != "sandbox_error"
