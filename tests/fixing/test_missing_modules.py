"""Test files that cannot be imported are reported before anything is tried."""

from pathlib import Path

import pytest

from refinegraph.errors import InputError
from refinegraph.fixing.missing_modules import check_imports
from refinegraph.fixing.sources import Sources
from refinegraph.schema import CaseOutcome
from refinegraph.tools.test_runs import Baseline

SOURCES = Sources(Path(), {"src/shop/cart.py": ""}, {"tests/test_cart.py": ""})


def baseline(id: str, traceback: str) -> Baseline:
    return Baseline(
        failing=(CaseOutcome(id=id, status="error", traceback=traceback),),
        passing=(),
        flaky=(),
        skipped=(),
        collected=1,
        strength="reported",
        seconds=1.0,
    )


def collecting(path: str, module: str) -> str:
    return (
        "importlib/__init__.py:126: in import_module\n    return _bootstrap._gcd_import(name)\n"
        f"{path}:3: in <module>\n    import {module}\n"
        f"E   ModuleNotFoundError: No module named '{module}'"
    )


@pytest.mark.parametrize(
    ("module", "todo"),
    [
        ("hypothesis", "install it for the Python .* --test 'pytest -q --ignore=tests/test_cart.p"),
        ("shop.cart", "'pip install -e .', .* --test 'PYTHONPATH=src pytest -q'"),
    ],
)
def test_a_module_that_a_test_needs_is_named(module: str, todo: str) -> None:
    before = baseline("tests/test_cart.py", collecting("tests/test_cart.py", module))
    name = module.partition(".")[0]
    with pytest.raises(InputError, match=rf"tests/test_cart.py .* no module '{name}'.*{todo}"):
        check_imports(before, SOURCES, "pytest -q")


@pytest.mark.parametrize(
    ("id", "path"),
    [
        ("tests/test_cart.py", "src/shop/cart.py"),
        ("tests/test_cart.py::test_a", "tests/test_cart.py"),
    ],
)
def test_an_import_that_a_patch_can_repair_is_no_mistake(id: str, path: str) -> None:
    check_imports(baseline(id, collecting(path, "colections")), SOURCES, "pytest -q")
