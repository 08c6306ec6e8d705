"""How far a patch moves tests from what they executed, and what that decides."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import CART, FAILING, TEST, shop

from refinegraph.fixing.baseline import localise
from refinegraph.fixing.drift import Drift, drift, measure_drift, moved_lines
from refinegraph.fixing.selecting import best_patch
from refinegraph.fixing.sources import read_sources
from refinegraph.fixing.suites import Suite
from refinegraph.schema import Candidate, CaseOutcome, Isolation, Problem, Verdict
from refinegraph.tools import Sandbox
from refinegraph.tools.localisation import Line
from refinegraph.tools.patches import unified_patch
from refinegraph.tools.test_runs import take_baseline

lines = st.sets(st.integers(1, 9)).map(lambda numbers: frozenset(Line("a.py", n) for n in numbers))
executed = st.dictionaries(st.sampled_from("abcd"), lines)


@given(executed, executed)
def test_drift_is_a_share_and_symmetric(one: dict[str, frozenset[Line]], other: object) -> None:
    assert isinstance(other, dict)
    there, back = drift(one, other, {}, "ab"), drift(other, one, {}, "ab")
    assert there == pytest.approx(back)
    assert all(0 <= value <= 1 for value in there)


@given(executed)
def test_nothing_drifts_without_a_change(one: dict[str, frozenset[Line]]) -> None:
    assert drift(one, one, {}, "ab") == Drift(0, 0)


def test_lines_keep_their_identity_when_they_move() -> None:
    before = {"t": frozenset({Line("a.py", 1), Line("a.py", 2)})}
    after = {"t": frozenset({Line("a.py", 1), Line("a.py", 3)})}
    moved = {"a.py": moved_lines("a\nb\n", "a\nnew\nb\n")}
    assert drift(before, after, moved, []) == Drift(0, 0)
    assert drift(before, after, {}, []).passing == pytest.approx(2 / 3)


async def test_drift_of_a_patch_is_measured_with_the_tests_that_reach_it(tmp_path: Path) -> None:
    shop(tmp_path)
    suite, sources = Suite(Sandbox(), tmp_path, TEST), read_sources(tmp_path)
    baseline = await take_baseline(suite.tests)
    localised = await localise(suite, sources, baseline)
    assert localised.spectrum
    measure = measure_drift(suite, sources, baseline, localised.spectrum)
    path = "shop/cart.py"
    right = CART.replace("> free_from", ">= free_from")
    found = await measure(unified_patch({path: CART}, {path: right}))
    assert baseline.failing_ids == (FAILING,)
    assert found.passing == 0
    assert found.failing > 0


def candidate(number: int, patch: str) -> Candidate:
    outcome = CaseOutcome(id="t", status="passed")
    verdict = Verdict(
        passed=True, status="passed", tests=(outcome,), isolation=Isolation(tier="weak")
    )
    id = f"0.{number}"
    return Candidate(id=id, text=patch, program=patch, equivalence_class=id, verdict=verdict)


async def test_the_patch_that_leaves_passing_tests_on_their_paths_is_selected() -> None:
    patches = [unified_patch({"a.py": "x = 1\n"}, {"a.py": f"x = {n}\n"}) for n in (2, 3)]
    drifts = dict(zip(patches, (Drift(0.5, 0.2), Drift(0.0, 0.2)), strict=True))

    async def measured(patch: str) -> Drift:
        return drifts[patch]

    pool = [candidate(number, patch) for number, patch in enumerate(patches)]
    problem = Problem(prompt="", kind="repository")
    without = await best_patch({"a.py": "x = 1\n"}, [])(problem, pool)
    chosen = await best_patch({"a.py": "x = 1\n"}, [], drift=measured)(problem, pool)
    assert (without.candidate_id, chosen.candidate_id) == ("0.0", "0.1")
