"""Tests that a model writes from an issue rank patches, and decide where no test fails."""

from pathlib import Path

import pytest
from projects import CART, TEST, shop

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.fixing.name_map import name_map
from refinegraph.schema import SuspectLine

ISSUE = "`shipping` should cost 7 below the limit"
WRITTEN = """Here it is:
```python
from shop.cart import nothing_like_this
from shop.cart import shipping

def test_dear():
    assert shipping(10) == 7
```
"""
USABLE = WRITTEN.replace("from shop.cart import nothing_like_this\n", "")
REPAIRED = CART.replace("> free_from", ">= free_from")
WRITTEN_TEST = "tests/test_of_the_issue_1.py::test_dear"


def _edit(value: int) -> str:
    return (
        "shop/cart.py\n<<<<<<< SEARCH\n    return 5\n=======\n"
        f"    return {value}\n>>>>>>> REPLACE\n"
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shop(tmp_path, REPAIRED)
    # No test of the checkout knows the price.
    tests = (tmp_path / "tests/test_cart.py").read_text()
    (tmp_path / "tests/test_cart.py").write_text(tests.replace("== 5", "> 0"))
    return tmp_path


def fix(checkout: Path, answers: list[str], written: str, **options: object) -> rg.RefinementResult:
    return rg.fix(
        checkout,
        test=TEST,
        issue=ISSUE,
        model=ScriptedChatModel(answers),
        tester_model=ScriptedChatModel(written, cycle=True),
        strategy="best-of-n",
        candidates=len(answers),
        **options,  # type: ignore[arg-type]
    )


def test_the_patch_that_passes_the_written_tests_is_chosen(checkout: Path) -> None:
    result = fix(checkout, [_edit(6), _edit(7)], USABLE, issue_tests=1)
    assert result.selection.candidate_id == "0.1"
    assert result.solved is None
    wrong, right = (candidate.verdict for candidate in result.candidates)
    assert wrong and right
    assert (wrong.passed, right.passed) == (False, True)
    assert [test.id for test in right.tests] == ["suite", WRITTEN_TEST]
    assert wrong.detail == "1 of 1 tests written from the issue fail"
    assert result.usage.llm_calls >= 2


def test_tests_that_are_wrong_themselves_are_dropped(checkout: Path) -> None:
    result = fix(checkout, [_edit(6)], WRITTEN)
    verdict = result.candidates[0].verdict
    assert verdict and verdict.passed
    assert [test.id for test in verdict.tests] == ["suite"]


def test_written_tests_never_refute_a_patch_that_makes_failing_tests_pass(tmp_path: Path) -> None:
    shop(tmp_path)
    right = _edit(5).replace("    return 5", "    if total > free_from:", 1)
    right = right.replace("    return 5", "    if total >= free_from:")
    result = fix(tmp_path, [right], USABLE)
    assert result.solved
    verdict = result.candidates[0].verdict
    assert verdict and not verdict.tests[-1].passed


def test_no_test_is_written_on_request(checkout: Path) -> None:
    result = fix(checkout, [_edit(6)], USABLE, issue_tests=0)
    assert result.usage.llm_calls == 1


def test_a_map_lists_the_most_suspicious_file_first() -> None:
    files = {"a.py": "def f(x, *, y=1): ...\n", "b.go": "func Go(x int) {\n}\n", "c.txt": "def"}
    suspects = [SuspectLine(path="b.go", line=1, score=0.5)]
    assert name_map(files, suspects) == "b.go\n  1: func Go(x int)\na.py\n  1: def f(x, *, y)"


def test_a_map_is_short() -> None:
    many = {f"m{number}.py": "def f(): ...\n" * 30 for number in range(50)}
    lines = name_map(many, []).splitlines()
    assert len(lines) <= 80
    assert lines[17] == "  and 14 more"
