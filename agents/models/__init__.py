"""The model layer: names to chat models, n samples, retries, usage, and fakes for tests."""

from refinegraph.agents.models.answers import (
    Choice,
    Generations,
    Sampling,
    TokenLogprob,
    TopLogprob,
)
from refinegraph.agents.models.cache_file import CacheState
from refinegraph.agents.models.call_cache import CallCache
from refinegraph.agents.models.events import (
    BudgetLow,
    CallFailed,
    CallFinished,
    CallRetried,
    CallStarted,
    FellBack,
    ModelEvent,
    WordsWritten,
    Work,
)
from refinegraph.agents.models.fallback import FallbackChatModel
from refinegraph.agents.models.generation import generate, model_name
from refinegraph.agents.models.ledger import Ledger
from refinegraph.agents.models.litellm_chat import LiteLLMChatModel
from refinegraph.agents.models.names import resolve_model
from refinegraph.agents.models.pacing import InFlight
from refinegraph.agents.models.retrying import RetryPolicy
from refinegraph.agents.models.scope import RunScope, current_scope, run_scope
from refinegraph.agents.models.scripted import ScriptedChatModel
from refinegraph.agents.models.simulated import (
    SimulatedChatModel,
    SimulatedRates,
    simulated_problems,
)
from refinegraph.agents.models.switch import allow_real_calls, block_real_calls
from refinegraph.charging import Account, charge, charging

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
    "FallbackChatModel",
    "FellBack",
    "Generations",
    "InFlight",
    "Ledger",
    "LiteLLMChatModel",
    "ModelEvent",
    "RetryPolicy",
    "RunScope",
    "Sampling",
    "ScriptedChatModel",
    "SimulatedChatModel",
    "SimulatedRates",
    "TokenLogprob",
    "TopLogprob",
    "WordsWritten",
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
