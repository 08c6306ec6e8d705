"""The records of an evaluation: a line of results and a whole run."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict

from refinegraph.runs.report import ModelsReport, Report, report, usage_report
from refinegraph.schema import (
    SCHEMA_VERSION,
    Candidate,
    Frozen,
    Kind,
    RefinementResult,
    Usage,
)

ErrorKind = Literal["model", "budget", "sandbox", "setting", "input", "unexpected"]
"""The kind of failure that left a run without a result."""

RunKey = tuple[str, str]
"""A problem id and a strategy name."""


class RunError(Frozen):
    """Why a run has no result."""

    kind: ErrorKind
    type: str
    """The class name of the exception."""
    detail: str
    """One sentence, with keys redacted."""


class ResultLine(Report):
    """One line of `results.jsonl`: the output of `solve --json` and the correctness of the answer.

    Field names are a contract.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    strategy: str
    correct: bool | None
    """By hidden tests or gold answer; None without a label or without a result."""
    error: RunError | None = None
    """Why the run has no result. Such runs are not counted, and `--resume` repeats them."""

    @property
    def key(self) -> RunKey:
        """The identity of this line within its evaluation."""
        return self.problem_id, self.strategy


def error_line(key: RunKey, error: RunError, usage: Usage) -> ResultLine:
    """Return the line of a run without a result; `usage` is its cost."""
    problem_id, strategy = key
    return ResultLine(
        schema_version=SCHEMA_VERSION,
        problem_id=problem_id,
        strategy=strategy,
        correct=None,
        error=error,
        solved=None,
        answer=None,
        difficulty=None,
        rounds=0,
        stop_reason="error",
        usage=usage_report(usage),
        candidates=(),
        isolation=None,
        models=ModelsReport(solver=None, reviewer=None, refiner=None),
        seed=None,
    )


class RunLine(Frozen):
    """One line of `runs.jsonl`: the whole run, for reports and training data."""

    problem_id: str
    strategy: str
    """The name used in comparisons."""
    prompt: str
    kind: Kind
    correct: bool | None
    candidates_correct: tuple[tuple[str, bool], ...] = ()
    """Pairs of a candidate id and whether the hidden tests or the gold answer accept it."""
    result: RefinementResult

    @property
    def key(self) -> RunKey:
        """The identity of this run within its evaluation."""
        return self.problem_id, self.strategy

    @property
    def judged(self) -> Mapping[str, bool]:
        """The correctness of each candidate, by id."""
        return dict(self.candidates_correct)

    @property
    def line(self) -> ResultLine:
        """The line of `results.jsonl`."""
        fields = report(self.result).model_dump()
        return ResultLine.model_validate(
            {**fields, "strategy": self.strategy, "correct": self.correct}
        )

    @property
    def first(self) -> Candidate | None:
        """The candidate that would have been selected before any refinement."""
        return self.best_until(0)

    def best_until(self, last: int) -> Candidate | None:
        """Return the candidate that would have been selected had the run stopped after a round.

        Candidates are ranked by visible tests passed, then by score, then by the size of their
        group of equal answers; the earliest wins a tie.
        """
        started = [
            candidate
            for candidate in self.result.candidates
            if candidate.round <= last and candidate.content
        ]
        if not started:
            return None
        sizes = [sum(_same(candidate, other) for other in started) for candidate in started]
        ranked = zip(started, sizes, strict=True)
        return min(ranked, key=_rank)[0]


def _rank(pair: tuple[Candidate, int]) -> tuple[float, float, int, tuple[int, ...]]:
    candidate, size = pair
    passed = len(candidate.verdict.passed_ids) if candidate.verdict else 0
    return -passed, -(candidate.score or 0.0), -size, candidate.sort_key


def _same(one: Candidate, other: Candidate) -> bool:
    return (one.equivalence_class or one.content) == (other.equivalence_class or other.content)
