"""Tools that agents act with: the sandbox, tests, programs, answers and scorers."""

from typing import TYPE_CHECKING

assert __name__ == "refinegraph.tools", "import refinegraph.tools, not tools"

if TYPE_CHECKING:
    from refinegraph.tools.programs import extract_program
    from refinegraph.tools.python_tool import execute_python
    from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
    from refinegraph.tools.sandbox.conformance import run_conformance
    from refinegraph.tools.test_cases import parse_tests, statement_examples
    from refinegraph.tools.traces import failing_trace

_MODULES = {
    "Sandbox": "sandbox",
    "SandboxPolicy": "sandbox",
    "execute_python": "python_tool",
    "extract_program": "programs",
    "failing_trace": "traces",
    "parse_tests": "test_cases",
    "run_conformance": "sandbox.conformance",
    "statement_examples": "test_cases",
}

__all__ = [
    "Sandbox",
    "SandboxPolicy",
    "execute_python",
    "extract_program",
    "failing_trace",
    "parse_tests",
    "run_conformance",
    "statement_examples",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
