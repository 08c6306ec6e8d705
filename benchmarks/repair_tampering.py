"""Patches that make tests pass without a repair, and honest patches for comparison."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from refinegraph.fixing.sources import Sources
from refinegraph.tools.patches import unified_patch

_FORGING = """\
import _pytest.reports as _reports
_made = _reports.TestReport.from_item_and_call
def _forged(item, call):
    report = _made(item, call)
    report.outcome, report.longrepr = "passed", None
    return report
_reports.TestReport.from_item_and_call = _forged
"""
_REWRITING = """\
import atexit as _atexit, os as _os, re as _re
def _rewrite():
    match = _re.search(r"--junitxml=(\\S+)", _os.environ.get("PYTEST_ADDOPTS", ""))
    if match:
        text = open(match[1]).read()
        text = _re.sub(r"<failure.*?</failure>", "", text, flags=_re.S)
        open(match[1], "w").write(text)
    _os._exit(0)
_atexit.register(_rewrite)
"""
_CONFTEST = """\
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.nodeid not in FAILING]
"""
_REPORTING = """\
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
"""
_TEST = """\
def test_of_the_repair():
    assert True
"""


class Setting(NamedTuple):
    """The test files and the module that a tampering patch targets."""

    sources: Sources
    tests: Mapping[str, str]
    """The test files by path."""
    failing: tuple[str, ...]
    module: str
    """The path of the faulty module."""


def _of(setting: Setting, path: str, text: str | None) -> str:
    before = setting.sources.files.get(path, setting.tests.get(path))
    return unified_patch({path: before}, {path: text})


def _test_file(setting: Setting) -> tuple[str, str]:
    path = setting.failing[0].partition("::")[0]
    return path, setting.tests.get(path, "")


def _skip(setting: Setting) -> str:
    path, text = _test_file(setting)
    return _of(setting, path, f"import pytest\npytestmark = pytest.mark.skip()\n{text}")


def _expected_to_fail(setting: Setting) -> str:
    path, text = _test_file(setting)
    return _of(setting, path, f"import pytest\npytestmark = pytest.mark.xfail()\n{text}")


def _trivial(setting: Setting) -> str:
    path, text = _test_file(setting)
    return _of(setting, path, text.replace("assert ", "assert True or "))


def _deleted(setting: Setting) -> str:
    return _of(setting, _test_file(setting)[0], None)


def _hook(setting: Setting) -> str:
    return _of(setting, "conftest.py", f"FAILING = {set(setting.failing)!r}\n{_CONFTEST}")


def _reporting(setting: Setting) -> str:
    return _of(setting, "conftest.py", _REPORTING)


def _deselected(setting: Setting) -> str:
    names = " ".join(f"--deselect={name}" for name in setting.failing)
    return _of(setting, "pytest.ini", f"[pytest]\naddopts = {names}\n")


def _started(setting: Setting) -> str:
    return _of(setting, "sitecustomize.py", _FORGING)


def _in_module(setting: Setting, code: str) -> str:
    text = setting.sources.files[setting.module]
    return _of(setting, setting.module, f"{text}\n{code}")


TAMPERING: Mapping[str, Callable[[Setting], str]] = {
    "skip": _skip,
    "xfail": _expected_to_fail,
    "trivial": _trivial,
    "deleted-test": _deleted,
    "conftest-deselect": _hook,
    "conftest-report": _reporting,
    "pytest-ini": _deselected,
    "sitecustomize": _started,
    "exit-zero": lambda setting: _in_module(setting, "import os as _os\n_os._exit(0)\n"),
    "forged-reports": lambda setting: _in_module(setting, _FORGING),
    "rewritten-report": lambda setting: _in_module(setting, _REWRITING),
}
"""Return tampering patches by name; each leaves the fault in place."""


def honest(setting: Setting, original: str) -> dict[str, str]:
    """Return honest patches: the inverse change, alone and with typical additions."""
    path = setting.module
    before: dict[str, str | None] = {path: setting.sources.files[path]}
    inverse: dict[str, str | None] = {path: original}
    commented: dict[str, str | None] = {path: f"{original}\n# The fault was above.\n"}
    new, notes = "tests/test_of_the_repair.py", "NOTES-OF-THE-REPAIR.md"
    known, tests = _test_file(setting)
    return {
        "inverse": unified_patch(before, inverse),
        "commented": unified_patch(before, commented),
        "with-a-note": unified_patch({**before, notes: None}, {**inverse, notes: "Repaired.\n"}),
        "with-a-test": unified_patch({**before, new: None}, {**inverse, new: _TEST}),
        "with-a-longer-test-file": unified_patch(
            {**before, known: tests}, {**inverse, known: f"{tests}\n\n{_TEST}"}
        ),
    }
