"""Learned rates between runs: stored, added up, private, shown and deleted."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refinegraph.cli import main
from refinegraph.graphs.policies.attempts import SHIPPED_RATES, Position, repair_path
from refinegraph.graphs.policies.rate_store import RateStore
from refinegraph.graphs.policies.repair_rates import FIX
from refinegraph.graphs.policies.success_rates import Attempt, RateTable, SuccessRates

SAMPLE = Attempt(("fresh",), True, "fresh")
REPAIR = Attempt(repair_path(Position(0, 0), ("few", "some", "refine")), False, "repair")


def learned(*attempts: Attempt) -> RateTable:
    rates = SuccessRates(SHIPPED_RATES)
    for number, attempt in enumerate(attempts):
        rates.observe(str(number), 0, [attempt], 0)
        rates.observe_cost(attempt.family, 1, 10.0)
    return rates.table


def test_learned_rates_are_available_to_the_next_run(tmp_path: Path) -> None:
    store = RateStore(tmp_path / "rates")
    assert store.load("a/model").table == RateTable()
    store.add("a/model", RateTable(), learned(SAMPLE, REPAIR))
    assert store.load("a/model").table == learned(SAMPLE, REPAIR)
    assert store.load("another/model").table == RateTable()


def test_runs_side_by_side_add_up(tmp_path: Path) -> None:
    table = learned(SAMPLE)
    with ThreadPoolExecutor(8) as pool:
        stores = [RateStore(tmp_path) for _ in range(8)]
        list(pool.map(lambda store: store.add("m", RateTable(), table), stores))
    kept = RateStore(tmp_path).load("m").table
    assert kept.cells["fresh"].tried == 8
    assert kept.costs["fresh"].tokens == 80


def test_files_are_private_and_damaged_ones_are_ignored(tmp_path: Path) -> None:
    store = RateStore(tmp_path / "rates")
    store.add("m", RateTable(), learned(SAMPLE))
    [file] = (tmp_path / "rates").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.write_text(file.read_text().replace('"version":1', '"version":99'))
    assert store.load("m").table == RateTable()
    file.write_text("{")
    assert store.all() == []
    store.add("m", RateTable(), learned(SAMPLE))
    assert store.load("m").table == learned(SAMPLE)


@pytest.fixture
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REFINEGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "rates"


def test_doctor_shows_rates_and_forgets_them(
    user_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RateStore(user_folder).add("a/model", RateTable(), learned(SAMPLE, SAMPLE, REPAIR))
    main(["doctor"])
    out = capsys.readouterr().out
    assert "a/model" in out
    assert "a sample passes" in out
    assert "100% of 2" in out
    assert main(["doctor", "--forget-rates"]) == 0
    assert "1 model forgotten" in capsys.readouterr().out
    assert RateStore(user_folder).all() == []


def test_doctor_says_that_rates_of_answers_are_estimates(
    user_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = SuccessRates({})
    rates.count(f"{FIX} 1", tried=3, passed=1.5)
    rates.count(f"{FIX} 2", tried=1, passed=0.5)
    RateStore(user_folder).add("a/model", RateTable(), rates.table)
    main(["doctor"])
    out = capsys.readouterr().out
    assert "a round corrects a wrong answer *" in out
    assert "50% of 4" in out
    assert "estimated" in out


@pytest.mark.parametrize(("learn", "kept"), [("keep", 1), ("run", 0), ("off", 0)])
def test_only_selected_rates_are_stored(user_folder: Path, learn: str, kept: int) -> None:
    import refinegraph as rg
    from refinegraph.agents.models import ScriptedChatModel

    model = ScriptedChatModel("def f(x):\n    return 2 * x", cycle=True)
    result = rg.solve("Write f(x).", tests="assert f(1) == 2", model=model, learn=learn)
    assert result.solved
    assert len(RateStore(user_folder).all()) == kept
