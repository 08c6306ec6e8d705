"""Repairs of small checkouts, by mutations and by scripted models."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from projects import CART, FAILING, TEST, shop, snapshot, write

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.fixing.events import BaselineTaken, FaultLocalised
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.html.run import run_page
from refinegraph.schema import Frozen, RefinementResult

RIGHT = """The boundary belongs to the free range.

shop/cart.py
<<<<<<< SEARCH
    if total > free_from:
=======
    if total >= free_from:
>>>>>>> REPLACE
"""
WRONG = RIGHT.replace(">= free_from", ">= free_from + 1")
REGRESSING = RIGHT.replace("if total >= free_from", "if total")


def _edit(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return shop(tmp_path)


def applies(root: Path, patch: str) -> bool:
    command = ["git", "apply", "--check", "-"]
    return subprocess.run(command, cwd=root, input=patch.encode(), check=False).returncode == 0


def test_mutations_repair_a_checkout_and_leave_it_alone(checkout: Path) -> None:
    before, events = snapshot(checkout), list[Frozen]()
    result = rg.fix(checkout, test=TEST, model="mutations", on_event=events.append)
    assert result.solved
    assert result.answer and "+    if total >= free_from:" in result.answer
    assert applies(checkout, result.answer)
    assert snapshot(checkout) == before
    assert result.usage.llm_calls == 0
    assert result.usage.sandbox_runs > 0
    baseline = next(event for event in events if isinstance(event, BaselineTaken))
    assert (baseline.failing, baseline.passing) == ((FAILING,), 3)
    suspects = next(event for event in events if isinstance(event, FaultLocalised)).suspects
    assert {suspect.path for suspect in suspects} == {"shop/cart.py"}
    assert FAILING in "".join(run_page(result))


def test_a_model_repairs_a_checkout(checkout: Path) -> None:
    model = ScriptedChatModel([WRONG, RIGHT])
    result = rg.fix(checkout, test=TEST, model=model, strategy="best-of-n", candidates=2)
    assert result.solved
    assert result.selection.candidate_id == "0.1"
    wrong = result.candidates[0].verdict
    assert wrong and not wrong.passed
    assert [outcome.id for outcome in wrong.tests] == [FAILING, "suite"]


def test_a_patch_that_loses_a_test_is_refuted(checkout: Path) -> None:
    model = ScriptedChatModel(REGRESSING, cycle=True)
    result = rg.fix(checkout, test=TEST, model=model, strategy="single")
    assert result.solved is False
    verdict = result.candidates[0].verdict
    assert verdict and verdict.passed_ids == {FAILING}
    assert verdict.tests[-1].error == "1 fails now: tests/test_cart.py::test_small"


def test_equal_patches_are_one_candidate(checkout: Path) -> None:
    spaced = RIGHT.replace("total >= free_from:", "(total  >=  free_from):  # as agreed")
    model = ScriptedChatModel([RIGHT, spaced])
    result = rg.fix(checkout, test=TEST, model=model, strategy="best-of-n", candidates=2)
    first, second = result.candidates
    assert first.program != second.program
    assert first.equivalence_class == second.equivalence_class
    assert first.verdict == second.verdict


def test_a_patch_that_adds_tests_is_taken(checkout: Path) -> None:
    added = _edit("tests/test_more.py", "", "def test_more():\n    assert True\n")
    model = ScriptedChatModel(RIGHT + "\n" + added, cycle=True)
    result = rg.fix(checkout, test=TEST, model=model, strategy="single")
    assert result.solved
    assert result.answer and "tests/test_more.py" in result.answer


def test_a_program_that_ends_the_tests_is_refuted(checkout: Path) -> None:
    ending = _edit("shop/cart.py", '"""A shopping cart."""\n', "import os\nos._exit(0)\n")
    model = ScriptedChatModel(ending, cycle=True)
    result = rg.fix(checkout, test=TEST, model=model, strategy="single")
    assert result.solved is False


def test_a_checkout_without_failing_tests_needs_no_fix(tmp_path: Path) -> None:
    shop(tmp_path, CART.replace("> free_from", ">= free_from"))
    result = rg.fix(tmp_path, test=TEST)
    assert (result.stop_reason.rule, result.answer, result.solved) == ("nothing_fails", None, None)


def test_an_issue_without_a_failing_test_proves_nothing(tmp_path: Path) -> None:
    shop(tmp_path, CART.replace("> free_from", ">= free_from"))
    asked = _edit("shop/cart.py", "    return 5\n", "    return 6 - 1\n")
    model = ScriptedChatModel(asked, cycle=True)
    issue = "`shipping` should say how 5 comes about"
    result = rg.fix(tmp_path, test=TEST, issue=issue, model=model, strategy="single")
    assert result.solved is None
    assert result.answer and result.answer.startswith("diff --git")


def test_a_command_that_is_not_pytest_counts_as_one_test(tmp_path: Path) -> None:
    script = "from shop.cart import shipping\nassert shipping(50) == 0, 'shop/cart.py:11'\n"
    shop(tmp_path)
    write(tmp_path, {"check.py": script})
    python = TEST.split()[2]
    model = ScriptedChatModel([RIGHT])
    result = rg.fix(tmp_path, test=f"{python} check.py", model=model, strategy="single")
    assert result.solved
    assert [test.id for test in result.tests] == ["command"]


def test_a_run_resumes_after_the_last_wave(checkout: Path) -> None:
    keeper = InMemorySaver(serde=checkpoint_serializer())

    def broken(limit: int) -> Callable[[Frozen], None]:
        seen = list[str]()

        def handle(event: Frozen) -> None:
            if type(event).__name__ == "CandidateJudged":
                seen.append("")
                if len(seen) > limit:
                    raise KeyboardInterrupt

        return handle

    options = {"test": TEST, "model": "mutations", "run_id": "one", "checkpointer": keeper}
    shop_with_more = CART.replace("> free_from", "> free_from + 1")
    (checkout / "shop/cart.py").write_text(shop_with_more)
    with pytest.raises(KeyboardInterrupt):
        rg.fix(checkout, **options, on_event=broken(5))  # type: ignore[arg-type]
    resumed: RefinementResult = rg.fix(checkout, **options)  # type: ignore[arg-type]
    whole = rg.fix(checkout, test=TEST, model="mutations")
    assert [c.program for c in resumed.candidates] == [c.program for c in whole.candidates]
    assert resumed.answer == whole.answer


def test_an_issue_alone_is_not_enough_for_mutations(tmp_path: Path) -> None:
    shop(tmp_path, CART.replace("> free_from", ">= free_from"))
    with pytest.raises(InputError, match="name a model"):
        rg.fix(tmp_path, test=TEST, issue="`shipping` is too dear", model="mutations")


@pytest.mark.parametrize(
    ("lint", "solved"), [("grep -q '> free' shop/cart.py", False), ("false", True)]
)
def test_a_patch_passes_the_lint_command_that_the_checkout_passes(
    checkout: Path, lint: str, solved: bool
) -> None:
    model = ScriptedChatModel(RIGHT, cycle=True)
    result = rg.fix(checkout, test=TEST, lint=lint, model=model, strategy="single")
    assert result.solved is solved
