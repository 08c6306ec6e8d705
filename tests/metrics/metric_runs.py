"""Small recorded runs, and helpers that compute metrics of them."""

from collections.abc import Collection, Mapping, Sequence

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics import Figure, Measurement, Results, find_metric
from refinegraph.schema import (
    Candidate,
    Decision,
    Difficulty,
    Kind,
    ModelNames,
    Note,
    RefinementResult,
    Review,
    Score,
    Selection,
    StopReason,
    Usage,
)
from refinegraph.testing import candidate


def run(
    *candidates: Candidate,
    right: Collection[str] = (),
    chosen: str | None = None,
    problem: str = "a",
    strategy: str = "s",
    kind: Kind = "math",
    reviews: Sequence[Review] = (),
    notes: Sequence[Note] = (),
    models: ModelNames | None = None,
    level: str = "",
    usage: Usage | None = None,
) -> RunLine:
    """Return a run; the last candidate is chosen unless another is named."""
    stop = StopReason(rule="rounds", detail="")
    picked = chosen or candidates[-1].id
    difficulty = None
    if level:
        difficulty = Difficulty(level="easy" if level == "easy" else "hard")
    tokens = sum(each.tokens for each in candidates)
    result = RefinementResult(
        problem_id=problem,
        solved=None,
        answer=next(each.content for each in candidates if each.id == picked),
        strategy=strategy,
        difficulty=difficulty,
        rounds=max(each.round for each in candidates),
        stop_reason=stop,
        selection=Selection(candidate_id=picked, reason=""),
        usage=usage or Usage(llm_calls=1, completion_tokens=tokens),
        candidates=tuple(candidates),
        reviews=tuple(reviews),
        decisions=(Decision(difficulty=difficulty, stop_reason=stop),),
        notes=tuple(notes),
        models=models or ModelNames(),
    )
    return RunLine(
        problem_id=problem,
        strategy=strategy,
        prompt="?",
        kind=kind,
        correct=picked in right,
        candidates_correct=tuple(
            (each.id, each.id in right) for each in candidates if each.complete
        ),
        result=result,
    )


def refined(problem: str, before: bool, after: bool, *, rounds: int = 1) -> RunLine:
    """Return a run with one answer that was refined once, or left unchanged in later rounds."""
    pair = candidate("0.0", "3", tokens=10), candidate(f"{rounds}.0", "4", parents="0.0", tokens=30)
    right = [each.id for each, good in zip(pair, (before, after), strict=True) if good]
    return run(*pair, right=right, problem=problem)


def measure(name: str, *runs: RunLine, **folders: Sequence[RunLine]) -> Measurement:
    """Compute a metric over runs of one folder, or over named folders."""
    found: Mapping[str, Sequence[RunLine]] = folders or {"results": runs}
    return find_metric(name).compute(Results(found))


def figures(name: str, *runs: RunLine, **folders: Sequence[RunLine]) -> dict[str, Figure]:
    """Return the figures of a metric by part, and by strategy if it is not `s`."""
    return {
        "/".join(filter(None, (each.strategy if each.strategy != "s" else "", each.part))): each
        for each in measure(name, *runs, **folders).figures
    }


def values(name: str, *runs: RunLine, **folders: Sequence[RunLine]) -> dict[str, float]:
    """Return the values of a metric by part, rounded to four places."""
    found = figures(name, *runs, **folders)
    return {part: round(figure.value, 4) for part, figure in found.items()}


def by(scorer: str, value: float | None, *steps: float) -> tuple[Score, ...]:
    """Return a candidate's scores from one scorer."""
    return (Score(scorer=scorer, value=value, steps=steps),)


def review(
    id: str,
    approves: bool,
    *,
    round: int = 1,
    wrong_step: str = "",
    evidence: str = "",
    change: str = "",
) -> Review:
    """Return a review of a candidate."""
    return Review(
        candidate_id=id,
        round=round,
        approves=approves,
        wrong_step=wrong_step,
        evidence=evidence,
        change=change,
    )
