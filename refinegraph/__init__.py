"""Refine the answers of any language model with a graph of agents that knows when to stop.

import refinegraph as rg
result = rg.solve("Write add(a, b).", tests="assert add(1, 2) == 3", model="openai/gpt-5-mini")
"""

from typing import TYPE_CHECKING

from refinegraph.support.notebook import register_html, register_text

if TYPE_CHECKING:
    from refinegraph.batches import BatchRecord, solve_many
    from refinegraph.errors import (
        DeadlineExceeded,
        InputError,
        ModelError,
        RefinegraphError,
        SandboxUnavailable,
        SettingError,
        StateError,
    )
    from refinegraph.fixing.running import afix, fix
    from refinegraph.runs.solving import asolve, solve
    from refinegraph.schema import (
        Candidate,
        Difficulty,
        Problem,
        RefinementResult,
        Review,
        Score,
        StopReason,
        Usage,
        Verdict,
    )

__version__ = "0.1.0"

_MODULES = {
    "BatchRecord": "batches",
    "Candidate": "schema",
    "DeadlineExceeded": "errors",
    "Difficulty": "schema",
    "InputError": "errors",
    "ModelError": "errors",
    "Problem": "schema",
    "RefinegraphError": "errors",
    "RefinementResult": "schema",
    "Review": "schema",
    "SandboxUnavailable": "errors",
    "Score": "schema",
    "SettingError": "errors",
    "StateError": "errors",
    "StopReason": "schema",
    "Usage": "schema",
    "Verdict": "schema",
    "afix": "fixing.running",
    "asolve": "runs.solving",
    "fix": "fixing.running",
    "solve": "runs.solving",
    "solve_many": "batches",
}

__all__ = [
    "BatchRecord",
    "Candidate",
    "DeadlineExceeded",
    "Difficulty",
    "InputError",
    "ModelError",
    "Problem",
    "RefinegraphError",
    "RefinementResult",
    "Review",
    "SandboxUnavailable",
    "Score",
    "SettingError",
    "StateError",
    "StopReason",
    "Usage",
    "Verdict",
    "__version__",
    "afix",
    "asolve",
    "fix",
    "solve",
    "solve_many",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that importing the package stays cheap."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'refinegraph' has no attribute {name!r}")
    return getattr(import_module(f"refinegraph.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


def _run_as_html(result: "RefinementResult") -> str:
    from refinegraph.html.run import run_fragment

    return "".join(run_fragment(result))


def _run_as_text(result: "RefinementResult") -> str:
    from refinegraph.terminal.summary import result_text

    return result_text(result)


register_html("RefinementResult", _run_as_html)
register_text("RefinementResult", _run_as_text)
