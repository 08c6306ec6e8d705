"""Fit a confidence calibration to runs whose answers were judged."""

from collections.abc import Iterable

from refinegraph.evaluation.records import RunLine
from refinegraph.graphs.policies.calibration import (
    ConfidenceCalibrator,
    fit_calibrator,
    pool_features,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Feature, Problem

_FEWEST = 2
"""The smallest pool of candidates: agreement needs two."""


def fit_from_runs(runs: Iterable[RunLine]) -> ConfidenceCalibrator:
    """Fit a calibration to the candidate pools of runs and the correctness of their answers.

    Runs with fewer than two candidates and runs without a label are skipped. Raises `InputError`
    if the remaining runs all have the same label.
    """
    rows = [_row(run) for run in runs if run.correct is not None and _is_pool(run)]
    return fit_calibrator(rows)


def _is_pool(run: RunLine) -> bool:
    return len(run.result.candidates) >= _FEWEST


def _row(run: RunLine) -> tuple[tuple[Feature, ...], bool]:
    state = RefinementState(
        problem=Problem(id=run.problem_id, prompt=run.prompt, kind=run.kind),
        candidates=run.result.candidates,
        tests=run.result.tests,
        rejected=run.result.rejected,
    )
    return pool_features(state), bool(run.correct)
