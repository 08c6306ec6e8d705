"""The model layer: names to chat models, n samples, retries, usage, and fakes for tests."""

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
