"""A repair of only those failing tests that are named."""

from pathlib import Path

import pytest
from projects import CART, FAILING, TEST, TESTS, write

import refinegraph as rg
from refinegraph.errors import InputError
from refinegraph.fixing.events import BaselineTaken
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.workshop import prepare, reopen
from refinegraph.schema import CaseOutcome, Frozen
from refinegraph.tools.test_runs import Baseline

IDS = (
    "tests/test_cart.py::test_a",
    "tests/test_cart.py::test_a_long",
    "tests/test_cart.py::test_many[1-x]",
    "tests/test_cart.py::test_many[2-y]",
    "tests/test_shop.py::TestShop::test_a",
)


def baseline(*failing: str) -> Baseline:
    return Baseline(
        failing=tuple(CaseOutcome(id=name, status="failed") for name in failing),
        passing=("tests/test_cart.py::test_good",),
        flaky=("tests/test_cart.py::test_odd",),
        skipped=(),
        collected=9,
        strength="reported",
        seconds=1.0,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    tests = f"{TESTS}\n\ndef test_rounding():\n    assert subtotal([(0.1, 3)]) == 0.3\n"
    files = {"shop/__init__.py": "", "shop/cart.py": CART, "tests/test_cart.py": tests}
    return write(tmp_path, {"pytest.ini": "[pytest]\n", **files})


def test_the_other_failing_tests_may_go_on_failing(checkout: Path) -> None:
    events: list[Frozen] = []
    result = rg.fix(
        checkout,
        test=TEST,
        failing=["test_from_that_amount_on"],
        model="mutations",
        on_event=events.append,
    )
    assert result.solved
    baseline = next(event for event in events if isinstance(event, BaselineTaken))
    assert (baseline.failing, baseline.unrelated, baseline.passing) == ((FAILING,), 1, 3)
    proved = next(made for made in result.candidates if made.verdict and made.verdict.passed)
    assert proved.verdict
    assert {test.id for test in proved.verdict.tests} == {FAILING, "suite"}


async def test_a_resumed_repair_keeps_its_names(checkout: Path) -> None:
    options = FixOptions(path=checkout, test=TEST, failing=["test_from_that_amount_on"])
    prepared = await prepare(options, lambda event: None)
    assert prepared.problem
    assert prepared.problem.repository
    workshop = await reopen(prepared.problem.repository, lambda event: None)
    assert workshop.baseline.failing_ids == (FAILING,)
    assert len(workshop.baseline.unrelated) == 1
    assert "1 other test fails too and may go on failing." in prepared.problem.prompt


def test_without_names_one_patch_has_to_repair_all(checkout: Path) -> None:
    result = rg.fix(checkout, test=TEST, model="mutations", candidates=30)
    assert result.solved is False


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tests/test_cart.py::test_a", [0]),
        ("./tests/test_cart.py::test_a", [0]),
        ("test_a", [0, 4]),
        ("test_many", [2, 3]),
        ("test_many[2-y]", [3]),
        ("tests/test_cart.py", [0, 1, 2, 3]),
        ("tests/test_shop.py::TestShop", [4]),
        ("TestShop", [4]),
    ],
)
def test_a_name_is_an_id_a_test_a_class_or_a_file(name: str, meant: list[int]) -> None:
    aimed = baseline(*IDS).aimed_at([name])
    assert aimed.failing_ids == tuple(IDS[index] for index in meant)
    assert sorted((*aimed.failing_ids, *aimed.unrelated)) == sorted(IDS)


def test_no_names_mean_all_failing_tests() -> None:
    assert baseline(*IDS).aimed_at([]) == baseline(*IDS)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("test_good", "the test 'test_good' passes; pass failing tests only: a::b."),
        ("test_odd", "the test 'test_odd' fails only sometimes"),
        ("test_nowhere", "no test is named 'test_nowhere'; pass failing tests only: a::b."),
    ],
)
def test_a_name_of_no_failing_test_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        baseline("a::b").aimed_at(["a::b", name])
    assert sentence in str(refused.value)


def test_an_error_lists_a_few_of_many_failing_tests() -> None:
    with pytest.raises(InputError, match="t4 and 3 more"):
        baseline(*(f"t{number}" for number in range(8))).aimed_at(["x"])
