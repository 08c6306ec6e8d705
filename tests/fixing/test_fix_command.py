"""`refinegraph fix` as a user calls it: its output and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Done, run_process
from projects import CART, TEST, shop, snapshot


def fix(*arguments: str) -> Done:
    return run_process("fix", *arguments)


def test_the_patch_is_printed_alone_and_applied_on_demand(tmp_path: Path) -> None:
    checkout = shop(tmp_path / "shop")
    before = snapshot(checkout)
    done = fix(str(checkout), "--test", TEST, "--no-keep")
    assert done.code == 0, done.err
    assert done.out.startswith("diff --git a/shop/cart.py b/shop/cart.py\n")
    assert snapshot(checkout) == before
    assert "1 fail, 3 pass" in done.err
    applied = fix(str(checkout), "--test", TEST, "--no-keep", "--apply", "--quiet")
    assert (applied.code, applied.err) == (0, "")
    assert ">= free_from" in (checkout / "shop/cart.py").read_text()
    again = fix(str(checkout), "--test", TEST)
    assert (again.code, again.out) == (0, "")
    assert "nothing to fix" in again.err


def test_a_patch_that_is_refuted_is_not_printed(tmp_path: Path) -> None:
    cart = CART.replace("return 0\n    return 5", "return 3\n    return 7")
    checkout = shop(tmp_path, cart)
    done = fix(str(checkout), "--test", TEST, "--candidates", "2", "--no-keep")
    assert (done.code, done.out) == (1, "")
    assert "refuted" in done.err
    said = " ".join(done.err.split())
    assert "None of 2 small changes repairs the program" in said
    assert "--candidates 100" in said
    assert "The most suspicious places: shop/cart.py:" in said
    asked = ("--candidates", "2", "--no-keep", "--json", "--quiet")
    report = json.loads(fix(str(checkout), "--test", TEST, *asked).out)
    assert report["solved"] is False
    assert report["strategy"] == "mutations"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--test", "pytest"], "'nowhere' is not a directory"),
        (["."], "the test command is missing"),
        ([".", "--test", "no-such-command-at-all"], "no-such-command-at-all cannot be run"),
        ([".", "--test", "pytest", "--issue", ""], "is empty"),
        (["--demo", "--test", "pytest"], "--demo has its own"),
        ([".", "--test", "pytest", "--candidates", "0"], "at least 1"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: list[str], words: str) -> None:
    done = fix(*arguments)
    assert done.code == 2
    assert words in done.err
    assert done.out == ""


def test_the_demonstration_repairs_its_project() -> None:
    done = fix("--demo")
    assert done.code == 0, done.err
    assert "+    if minutes >= LONG_SHIFT:" in done.out


def test_the_flag_of_pytest_offers_a_patch(tmp_path: Path) -> None:
    checkout = shop(tmp_path)
    # The option, unlike the variable, holds in the runs that prove the patch as well.
    alone = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload"]
    done = subprocess.run(
        [*alone, "-p", "refinegraph.fixing.pytest_plugin", "--refine"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "+    if total >= free_from:" in done.stdout
