"""Chat models: name resolution, sampling, retries, usage, and fakes for tests."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinegraph.agents.models.call_blocking import allow_real_calls, block_real_calls
    from refinegraph.agents.models.calls.rate_limits import RateLimits
    from refinegraph.agents.models.events import (
        BudgetLow,
        CallFailed,
        CallFinished,
        CallRetried,
        CallStarted,
        FellBack,
        ModelEvent,
        TokensStreamed,
        Work,
    )
    from refinegraph.agents.models.generation import generate, model_name
    from refinegraph.agents.models.providers.fallback import FallbackChatModel
    from refinegraph.agents.models.providers.litellm_chat import LiteLLMChatModel
    from refinegraph.agents.models.providers.openai_chat import DirectChatModel
    from refinegraph.agents.models.providers.scripted import ScriptedChatModel
    from refinegraph.agents.models.providers.simulated import (
        SimulatedChatModel,
        SimulatedRates,
        simulated_problems,
    )
    from refinegraph.agents.models.resolve import resolve_model
    from refinegraph.agents.models.run_context import RunScope, current_scope, run_scope
    from refinegraph.agents.models.spending.cache_file import CacheState
    from refinegraph.agents.models.spending.call_cache import CallCache
    from refinegraph.agents.models.spending.ledger import Ledger
    from refinegraph.agents.models.types import (
        Choice,
        Generations,
        Sampling,
        TokenLogprob,
        TopLogprob,
    )
    from refinegraph.charging import Account, charge, charging
    from refinegraph.retry_policy import RetryPolicy

_MODULES = {
    "Account": "refinegraph.charging",
    "BudgetLow": "refinegraph.agents.models.events",
    "CacheState": "refinegraph.agents.models.spending.cache_file",
    "CallCache": "refinegraph.agents.models.spending.call_cache",
    "CallFailed": "refinegraph.agents.models.events",
    "CallFinished": "refinegraph.agents.models.events",
    "CallRetried": "refinegraph.agents.models.events",
    "CallStarted": "refinegraph.agents.models.events",
    "Choice": "refinegraph.agents.models.types",
    "DirectChatModel": "refinegraph.agents.models.providers.openai_chat",
    "FallbackChatModel": "refinegraph.agents.models.providers.fallback",
    "FellBack": "refinegraph.agents.models.events",
    "Generations": "refinegraph.agents.models.types",
    "Ledger": "refinegraph.agents.models.spending.ledger",
    "LiteLLMChatModel": "refinegraph.agents.models.providers.litellm_chat",
    "ModelEvent": "refinegraph.agents.models.events",
    "RateLimits": "refinegraph.agents.models.calls.rate_limits",
    "RetryPolicy": "refinegraph.retry_policy",
    "RunScope": "refinegraph.agents.models.run_context",
    "Sampling": "refinegraph.agents.models.types",
    "ScriptedChatModel": "refinegraph.agents.models.providers.scripted",
    "SimulatedChatModel": "refinegraph.agents.models.providers.simulated",
    "SimulatedRates": "refinegraph.agents.models.providers.simulated",
    "TokenLogprob": "refinegraph.agents.models.types",
    "TokensStreamed": "refinegraph.agents.models.events",
    "TopLogprob": "refinegraph.agents.models.types",
    "Work": "refinegraph.agents.models.events",
    "allow_real_calls": "refinegraph.agents.models.call_blocking",
    "block_real_calls": "refinegraph.agents.models.call_blocking",
    "charge": "refinegraph.charging",
    "charging": "refinegraph.charging",
    "current_scope": "refinegraph.agents.models.run_context",
    "generate": "refinegraph.agents.models.generation",
    "model_name": "refinegraph.agents.models.generation",
    "resolve_model": "refinegraph.agents.models.resolve",
    "run_scope": "refinegraph.agents.models.run_context",
    "simulated_problems": "refinegraph.agents.models.providers.simulated",
}
"""The module of each public name; names are imported lazily because most commands need few."""

__all__ = [
    "Account",
    "BudgetLow",
    "CacheState",
    "CallCache",
    "CallFailed",
    "CallFinished",
    "CallRetried",
    "CallStarted",
    "Choice",
    "DirectChatModel",
    "FallbackChatModel",
    "FellBack",
    "Generations",
    "Ledger",
    "LiteLLMChatModel",
    "ModelEvent",
    "RateLimits",
    "RetryPolicy",
    "RunScope",
    "Sampling",
    "ScriptedChatModel",
    "SimulatedChatModel",
    "SimulatedRates",
    "TokenLogprob",
    "TokensStreamed",
    "TopLogprob",
    "Work",
    "allow_real_calls",
    "block_real_calls",
    "charge",
    "charging",
    "current_scope",
    "generate",
    "model_name",
    "resolve_model",
    "run_scope",
    "simulated_problems",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
