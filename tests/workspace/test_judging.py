"""Patches are judged by the original tests of the checkout, and tampering is rejected."""

import asyncio
import sys
from pathlib import Path

import pytest
from workspace_checkout import FILES, make_checkout

from refinegraph.errors import InputError
from refinegraph.tools import Sandbox
from refinegraph.tools.test_runs import PatchJudge, TestSuite, take_baseline
from refinegraph.tools.test_runs.tampering import SHAPES, Tampering, Target

MODULE, TEST = "src/adding.py", "tests/test_adding.py"
RIGHT = "def add(a, b):\n    return a + b\n"
COMMAND = f"env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q"
"""Without the plug-ins of this project's tests, pytest starts twice as fast."""


@pytest.fixture
def suite(checkout: Path) -> TestSuite:
    """Return the suite of a checkout, with this interpreter."""
    return TestSuite(Sandbox(), checkout, COMMAND)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> PatchJudge:
    """Return a judge of one checkout, for tests that do not change the checkout."""
    suite = TestSuite(Sandbox(), make_checkout(tmp_path_factory.mktemp("judged")), COMMAND)
    return PatchJudge(suite, asyncio.run(take_baseline(suite, runs=1)))


async def test_baseline_distinguishes_failing_passing_and_skipped_tests(checkout: Path) -> None:
    text = (
        "import pytest\ndef test_good(): pass\ndef test_bad(): assert 1 == 2\n"
        "@pytest.mark.skip(reason='later')\ndef test_later(): pass\n"
        "@pytest.mark.xfail\ndef test_known(): assert False\n"
    )
    (checkout / TEST).write_text(text)
    suite = TestSuite(Sandbox(), checkout, COMMAND)
    found = await take_baseline(suite, runs=1)
    assert found.failing_ids == (f"{TEST}::test_bad",)
    assert found.passing == (f"{TEST}::test_good",)
    assert set(found.skipped) == {f"{TEST}::test_later", f"{TEST}::test_known"}
    assert "assert 1 == 2" in (found.failing[0].error or "")
    assert found.collected == 4


async def test_right_patch_is_accepted_with_the_tests_that_it_adds(
    judge: PatchJudge,
) -> None:
    added = {"tests/test_more.py": "def test_more():\n    pass\n"}
    verdict = await judge.check({MODULE: RIGHT, **added})
    assert verdict.passed, verdict.detail
    assert [outcome.id for outcome in verdict.tests] == [f"{TEST}::test_two"]
    assert "tests/test_more.py" in verdict.detail
    assert verdict.isolation.tier in ("strong", "medium")
    assert verdict.strength == "in process with guards"


async def test_patch_that_breaks_another_test_is_refuted_with_its_name(
    judge: PatchJudge,
) -> None:
    verdict = await judge.check({MODULE: "def add(a, b):\n    return 4\n"})
    assert not verdict.passed
    assert [(each.id, each.passed) for each in verdict.tests] == [
        (f"{TEST}::test_two", True),
        (f"{TEST}::test_zero", False),
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_tampering_is_not_accepted(judge: PatchJudge, shape: Tampering) -> None:
    target = Target(
        module=MODULE,
        source=FILES[MODULE],
        test=f"{TEST}::test_two",
        test_source=FILES[TEST],
    )
    verdict = await judge.check(shape.changes(target))
    assert not verdict.passed, verdict.detail
    assert verdict.detail


async def test_command_that_runs_no_test_is_named(checkout: Path) -> None:
    suite = TestSuite(Sandbox(), checkout, f"{COMMAND} no_such_folder")
    with pytest.raises(InputError, match="ran no test"):
        await take_baseline(suite, runs=1)


async def test_other_commands_are_judged_by_their_exit_code(checkout: Path) -> None:
    suite = TestSuite(Sandbox(), checkout, "grep -q 'a + b' src/adding.py")
    found = await take_baseline(suite, runs=1)
    assert (found.failing_ids, found.strength) == (("command",), "exit code")
    verdict = await PatchJudge(suite, found).check({MODULE: RIGHT})
    assert verdict.passed


async def test_file_that_could_not_be_collected_passes_when_its_tests_do(checkout: Path) -> None:
    (checkout / MODULE).write_text("def add(a, b):\n    return a +\n")
    suite = TestSuite(Sandbox(), checkout, COMMAND)
    found = await take_baseline(suite, runs=1)
    assert found.failing_ids == (TEST,)
    judge = PatchJudge(suite, found)
    assert (await judge.check({MODULE: RIGHT})).passed
    assert not (await judge.check({MODULE: "def add(a, b):\n    return 0\n"})).passed


async def test_variables_before_the_command_do_not_hide_the_results(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    command = COMMAND.replace("env ", "PYTHONPATH=src ", 1)
    found = await take_baseline(TestSuite(Sandbox(), checkout, command), runs=1)
    assert found.failing_ids == (f"{TEST}::test_two",)
    assert found.strength == "in process with guards"
