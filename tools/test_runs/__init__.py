"""Run the test command of a checkout, parse the outcome of every test and judge patches."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinegraph.tools.test_runs.baseline import Baseline, take_baseline
    from refinegraph.tools.test_runs.judging import PatchJudge
    from refinegraph.tools.test_runs.results import TestRun
    from refinegraph.tools.test_runs.suite import TestSuite

_MODULES = {
    "Baseline": "baseline",
    "PatchJudge": "judging",
    "TestRun": "results",
    "TestSuite": "suite",
    "take_baseline": "baseline",
}

__all__ = ["Baseline", "PatchJudge", "TestRun", "TestSuite", "take_baseline"]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
