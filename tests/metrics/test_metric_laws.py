"""Laws that hold for every metric and all results."""

import math
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from metric_runs import run

from refinegraph.evaluation.records import RunLine
from refinegraph.metrics import Measurement, Results, all_metrics
from refinegraph.schema import Candidate, CaseStatus, ModelNames, Note, Review, Score, Step, Usage
from refinegraph.testing import candidate, verdict

STATUSES: tuple[CaseStatus, ...] = ("passed", "failed", "error", "timeout")


def some_candidate(rng: random.Random, id: str, earlier: Sequence[Candidate]) -> Candidate:
    """Return a candidate of any kind: a sample, a step, a refinement, or a person's answer."""
    parents = tuple(each.id for each in rng.sample(earlier, k=min(len(earlier), rng.randint(0, 2))))
    steps = tuple(rng.random() for _ in range(rng.randint(0, 3)))
    scores = tuple(
        Score(scorer=name, value=rng.choice([None, 0.0, 0.5, rng.random()]), steps=steps)
        for name in rng.sample(["prm", "checklist", "judge"], k=rng.randint(0, 3))
    )
    tests: list[CaseStatus] = [rng.choice(STATUSES) for _ in range(rng.randint(0, 2))]
    made = candidate(
        id,
        rng.choice([None, "4", "5"]) if parents or rng.random() < 0.5 else None,
        program=rng.choice([None, "x = 1", "import os", "def f(", "return"]),
        parents=parents,
        verdict=verdict(*tests) if tests else None,
        scores=scores,
        steps=(Step(start=0, end=1),) * rng.randint(0, 3),
        complete=rng.random() < 0.8,
        text=rng.choice(["", "a b c", "wait, let me check: 2 + 2", "a b c\na b c d e\na b c d e"]),
        tokens=rng.choice([0, 7, 120]),
        temperature=rng.choice([None, 0.0, 0.8]),
    )
    operator = rng.choice([made.operator, "damage", "person"])
    return made.model_copy(update={"operator": operator})


def some_run(rng: random.Random, problem: str, strategy: str) -> RunLine:
    """Return a run of one to six candidates in up to three rounds."""
    made: list[Candidate] = []
    for number in range(rng.randint(1, 6)):
        made.append(some_candidate(rng, f"{min(number // 2, 2)}.{number}", made))
    ids = [each.id for each in made]
    reviews = [
        Review(candidate_id=rng.choice(ids), round=1, approves=rng.random() < 0.5, number=n)
        for n in range(rng.randint(0, 3))
    ]
    return run(
        *made,
        right=[id for id in ids if rng.random() < 0.5],
        chosen=rng.choice(ids),
        problem=problem,
        strategy=strategy,
        kind=rng.choice(["code", "math"]),
        reviews=[review.model_copy(update={"edited": rng.random() < 0.3}) for review in reviews],
        notes=[Note(text="mind the sign")] * rng.randint(0, 1),
        models=ModelNames(solver=rng.choice(["m", "n"]), reviewer=rng.choice([None, "m"])),
        level=rng.choice(["", "easy", "hard"]),
        usage=Usage(llm_calls=1, completion_tokens=rng.choice([0, 50]), prompt_tokens=3),
    )


def some_results(seed: int) -> Results:
    """Return one or two evaluations of two strategies."""
    rng = random.Random(seed)
    folders = [f"f{number}" for number in range(rng.randint(1, 2))]
    return Results(
        {
            folder: [some_run(rng, str(problem), name) for name in "ab" for problem in range(4)]
            for folder in folders
        }
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_every_metric_computes_or_says_what_is_missing(seed: int) -> None:
    results = some_results(seed)
    for metric in all_metrics():
        measured = metric.compute(results)
        assert bool(measured.figures) is (measured.missing is None), metric.name
        assert len({(each.strategy, each.part) for each in measured.figures}) == len(
            measured.figures
        ), metric.name
        for figure in measured.figures:
            assert math.isfinite(figure.value), metric.name
            if metric.unit in ("share", "distance"):
                assert 0 <= figure.value <= 1, metric.name
            if metric.unit in ("difference", "correlation"):
                assert -1 <= figure.value <= 1, metric.name
            if figure.low is not None and figure.high is not None:
                assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9, metric.name
        assert Measurement.model_validate_json(measured.model_dump_json()) == measured


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_the_order_of_problems_changes_only_what_is_measured_along_it(seed: int) -> None:
    results = some_results(seed)
    backwards = Results(
        {
            name: [each for strategy in "ab" for each in runs[::-1] if each.strategy == strategy]
            for name, runs in results.folders.items()
        }
    )
    along = {"human-corrections", "accuracy-with-memory", "rejection-gain", "routing-gain"}
    for metric in all_metrics():
        if metric.name not in along:
            here, there = (
                {(each.strategy, each.part): round(each.value, 9) for each in found.figures}
                for found in (metric.compute(results), metric.compute(backwards))
            )
            assert here == there, metric.name
