"""Builders and fakes for testing graphs without models, networks or processes.

The builders fill in every field that a test does not care about: `candidate`, `answers`,
`programs`, `verdict`, `review` and `state`. The fakes replace parts that cost time or money:
`FakeSandbox`, `ScriptedPolicy`, `ScriptedChatModel` and `SimulatedChatModel`.

>>> from refinegraph.graphs.stopping import rounds
>>> from refinegraph.testing import answers, state
>>> rounds(2)(state(*answers("4", "5"), round=2)).detail
'2 of 2 rounds done'
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinegraph.agents.models import (
        ScriptedChatModel,
        SimulatedChatModel,
        SimulatedRates,
        allow_real_calls,
        block_real_calls,
        simulated_problems,
    )
    from refinegraph.testing.candidates import answers, candidate, programs, review
    from refinegraph.testing.policies import ScriptedPolicy, decide
    from refinegraph.testing.sandbox import FakeSandbox, SandboxRun
    from refinegraph.testing.states import state
    from refinegraph.testing.verdicts import sandbox_failure, verdict

_MODULES = {
    "FakeSandbox": "testing.sandbox",
    "SandboxRun": "testing.sandbox",
    "ScriptedChatModel": "agents.models",
    "ScriptedPolicy": "testing.policies",
    "SimulatedChatModel": "agents.models",
    "SimulatedRates": "agents.models",
    "allow_real_calls": "agents.models",
    "answers": "testing.candidates",
    "block_real_calls": "agents.models",
    "candidate": "testing.candidates",
    "decide": "testing.policies",
    "programs": "testing.candidates",
    "review": "testing.candidates",
    "sandbox_failure": "testing.verdicts",
    "simulated_problems": "agents.models",
    "state": "testing.states",
    "verdict": "testing.verdicts",
}

__all__ = [
    "FakeSandbox",
    "SandboxRun",
    "ScriptedChatModel",
    "ScriptedPolicy",
    "SimulatedChatModel",
    "SimulatedRates",
    "allow_real_calls",
    "answers",
    "block_real_calls",
    "candidate",
    "decide",
    "programs",
    "review",
    "sandbox_failure",
    "simulated_problems",
    "state",
    "verdict",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use; a scorer's test needs neither LangGraph nor models."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'refinegraph.testing' has no attribute {name!r}")
    return getattr(import_module(f"refinegraph.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
