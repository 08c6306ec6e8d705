"""Where a line of training data comes from."""

from refinegraph.evaluation.records import RunLine
from refinegraph.schema import Candidate, Frozen


class Source(Frozen):
    """The origin of a line, by which on-policy data can be distinguished."""

    problem_id: str
    strategy: str
    model: str | None
    version: str
    """Of refinegraph."""
    candidate_id: str
    round: int
    solved: bool | None
    """By visible tests; null if none was run."""
    correct: bool | None
    """By hidden tests or the gold answer; null if it was not judged."""


def source_of(run: RunLine, candidate: Candidate) -> Source:
    """Return the origin of a line that a candidate was made into."""
    from refinegraph import __version__

    models = run.result.models
    return Source(
        problem_id=run.problem_id,
        strategy=run.strategy,
        model=(models.refiner or models.solver) if candidate.parents else models.solver,
        version=__version__,
        candidate_id=candidate.id,
        round=candidate.round,
        solved=candidate.verdict.passed if candidate.verdict else None,
        correct=run.judged.get(candidate.id),
    )
