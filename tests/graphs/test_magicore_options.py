"""MAgICoRe's options: a calibration from a file, the first majority, the pool that votes."""

from pathlib import Path

import pytest

from refinegraph.errors import InputError
from refinegraph.graphs.routing import ScoreCalibration
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.schema import Problem
from refinegraph.testing import candidate

PROBLEM = Problem(prompt="What is 2 + 2?", kind="math")


DRAWN = (
    candidate("0.0", "5", score=0.5),
    candidate("0.1", "5", score=0.5),
    candidate("0.2", "4", score=0.7),
)
REFINED = (
    candidate("1.0", "4", score=0.9, parents="0.0"),
    candidate("1.1", "4", score=0.8, parents="0.1"),
)


def test_calibration_survives_its_file(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    found = ScoreCalibration.of([0.1, 0.5, 0.9])
    found.save(file)
    assert ScoreCalibration.load(file) == found
    file.write_text("{}")
    with pytest.raises(InputError, match="is not a calibration file"):
        ScoreCalibration.load(file)
    with pytest.raises(InputError, match="at least 2"):
        ScoreCalibration.of([0.5])


def test_published_options_use_the_given_statistics() -> None:
    state = RefinementState(problem=PROBLEM, candidates=DRAWN)
    found = ScoreCalibration(mean=0.3, deviation=0.1, count=500)
    features = MagicoreOptions.published(found, samples=3).router()(state).features
    assert features[0].value == pytest.approx((0.5 - 0.3) / 0.1)


def test_the_first_majority_is_kept_on_request() -> None:
    state = RefinementState(problem=PROBLEM, candidates=DRAWN + REFINED)
    found = ScoreCalibration(mean=0.5, deviation=0.1, count=500)
    ours = MagicoreOptions(calibration=found).router()(state)
    published = MagicoreOptions.published(found, samples=3).router()(state)
    assert ours.features[0].value == pytest.approx(3.0)
    assert published.features[0].value == pytest.approx(0.0)


def test_only_the_pool_votes() -> None:
    everyone = (
        *DRAWN,
        candidate("0.3", "5", score=0.5),
        candidate("0.4", "5", score=0.4),
        *REFINED,
    )
    assert weighted_vote(top=3)(PROBLEM, everyone).candidate_id == "1.0"
    few = [candidate(f"0.{place}", "5", score=0.3) for place in range(9)]
    assert weighted_vote()(PROBLEM, [*few, *REFINED]).candidate_id == "0.0"
    assert weighted_vote(top=2)(PROBLEM, [*few, *REFINED]).candidate_id == "1.0"


@pytest.mark.parametrize("top", [None, 1, 5])
def test_an_empty_pool_is_no_error(top: int | None) -> None:
    assert weighted_vote(top=top)(PROBLEM, []).candidate_id is None
