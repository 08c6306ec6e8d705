"""What is written of each problem, and what is kept of it to count with."""

from collections.abc import Mapping

from pydantic import ConfigDict

from refinegraph.report import Report, report
from refinegraph.schema import Candidate, Frozen, Kind, RefinementResult


class ResultLine(Report):
    """One line of `results.jsonl`: what `solve --json` prints, and whether it was right.

    The field names are a contract.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    strategy: str
    correct: bool | None
    """By hidden tests or gold answer; None where there is none."""


class RunLine(Frozen):
    """One line of `runs.jsonl`: the whole run, for the report and for training data."""

    problem_id: str
    strategy: str
    """The name that the comparison gives it."""
    prompt: str
    kind: Kind
    correct: bool | None
    candidates_correct: tuple[tuple[str, bool], ...] = ()
    """Which candidates the hidden tests or the gold answer accept, by id."""
    result: RefinementResult

    @property
    def judged(self) -> Mapping[str, bool]:
        """Which candidates are right, by id."""
        return dict(self.candidates_correct)

    @property
    def line(self) -> ResultLine:
        """The line of `results.jsonl`."""
        told = report(self.result).model_dump()
        return ResultLine.model_validate(
            {**told, "strategy": self.strategy, "correct": self.correct}
        )

    @property
    def first(self) -> Candidate | None:
        """The candidate that would have been chosen before any refinement."""
        return self.best_until(0)

    def best_until(self, last: int) -> Candidate | None:
        """Return the candidate that would have been chosen had the run stopped after a round.

        One that visible tests prove comes first; then by score, the earliest of several; where
        nothing was scored, from the largest group of equal answers.
        """
        started = [each for each in self.result.candidates if each.round <= last and each.content]
        if not started:
            return None
        sizes = [sum(_same(each, other) for other in started) for each in started]
        ranked = zip(started, sizes, strict=True)
        return min(ranked, key=_rank)[0]


def _rank(pair: tuple[Candidate, int]) -> tuple[float, float, int, tuple[int, ...]]:
    candidate, size = pair
    passed = len(candidate.verdict.passed_ids) if candidate.verdict else 0
    return -passed, -(candidate.score or 0.0), -size, candidate.order


def _same(one: Candidate, other: Candidate) -> bool:
    return (one.answer_class or one.content) == (other.answer_class or other.content)
