"""The options of a run, declared one after another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from refinegraph.client_names import Client
from refinegraph.errors import InputError
from refinegraph.graphs.named import (
    POLICIES,
    PROMPT_SETS,
    ROUTERS,
    SELECTORS,
    STOP_RULES,
    StopExpression,
)
from refinegraph.graphs.named_scorers import SCORERS, ScorerNames
from refinegraph.graphs.parts import Named
from refinegraph.options.option_set import Option, OptionSet
from refinegraph.values import (
    Choice,
    FileContent,
    FileName,
    Model,
    Models,
    Number,
    Pair,
    Several,
    Switch,
    Text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.language_models import BaseChatModel

    from refinegraph.agents.memory import Memory
    from refinegraph.agents.models import CallCache
    from refinegraph.agents.prompts import PromptSet
    from refinegraph.graphs.policies.base import Policy
    from refinegraph.graphs.policies.calibration import ConfidenceCalibrator
    from refinegraph.graphs.routing import Router
    from refinegraph.graphs.selection import Selector
    from refinegraph.graphs.stopping import RuleFunction
    from refinegraph.schema import Kind
    from refinegraph.tools.scorers import Scorer

_PROVIDERS_OWN = re.compile(
    r"embedded|mutations|(?!local/)[a-z0-9_]+/[\w.-]+(:[\w.-]+)?", re.IGNORECASE
)
"""Models that a provider serves under its own name: no paths, addresses or private accounts."""
_SERVERLESS = {scorer.name for scorer in SCORERS if not scorer.takes.startswith("URL")}


def _names_no_place(model: Any) -> bool:
    return isinstance(model, str) and bool(_PROVIDERS_OWN.fullmatch(model))


def _name_no_place(models: Any) -> bool:
    return all(map(_names_no_place, models))


def _ask_no_server(scorers: Any) -> bool:
    return all(isinstance(scorer, str) and scorer in _SERVERLESS for scorer in scorers)


def _is_users_own(cache: Any) -> bool:
    """Whether a cache is the one in the user's own folder; its name is empty."""
    return isinstance(cache, str) and not cache


def _names(parts: Sequence[Any]) -> str:
    return ", ".join(part.name for part in parts)


_COUNT = Number("N", whole=True, minimum=1)
_FROM_ZERO = Number("N", whole=True, minimum=0)
_AMOUNT = Number("X", above=0)
_SECONDS = Number("SECONDS", above=0)
_RATE = Number("N", above=0)
_KIND = Choice("code", "math", "choice", "text")
_CALIBRATION = FileContent(objects="refinegraph.graphs.policies.calibration:ConfidenceCalibrator")
_CACHE = FileName(objects="refinegraph.agents.models.spending.call_cache:CallCache")
_MEMORY = FileName(objects="refinegraph.agents.memory.memory:Memory")
_PROMPTS = Choice(
    *PROMPT_SETS, metavar="SET", objects="refinegraph.agents.prompts.prompt:PromptSet"
)
_EVIDENCE_KINDS = ("verdict", "slice", "suspects", "smallest", "contrast")
_EVIDENCE = Several(words=(*_EVIDENCE_KINDS, "none"), noun="kind of evidence")
_ASK = Several(words=("refine", "accept"), noun="interrupt point")

_EVERYWHERE = "solve eval batch demo fix serve mcp"
_SAMPLING = "solve eval batch demo serve mcp"
"""The commands that sample fresh candidates; `fix` has its own limit."""
_AGAIN = "solve eval batch resume fix serve mcp"
"""The commands with limits, which may change when a run is resumed."""


# fmt: off
@dataclass(frozen=True, kw_only=True)
class RunOptions(OptionSet):
    """The options of a run: models, sizes, limits, parts. Frozen, checked and hashable.

    Raises `InputError` for a value that an option cannot take.

    >>> RunOptions(samples=4, stop="rounds(3)|accepted()").stop
    'rounds(3) | accepted()'
    >>> RunOptions(samples=4).difference(RunOptions(trace=True))
    'samples was None and is 4; trace was True and is False'
    """

    strategy: Annotated[str, Option(
        "strategy of the run; `refinegraph strategies` lists all of them",
        Text("NAME"), "strategy", "solve eval batch demo fix mcp", safe=True)] = "adaptive"
    kind: Annotated["Kind | None", Option(
        "what the answer is: a program, a number or formula, the letter of a choice, other words;"
        " default: inferred from the problem's wording",
        _KIND, "strategy", "solve batch demo", safe=True, is_setting=False)] = None
    samples: Annotated[int | None, Option(
        "maximum number of candidates to sample",
        Number("K", whole=True, minimum=1), "strategy", _SAMPLING, safe=True, short="-n")] = None
    batch_size: Annotated[int | None, Option(
        "samples per request (sample-until, adaptive); lets best-of-n stop early",
        Number("N", whole=True, minimum=1), "strategy", safe=True)] = None
    rounds: Annotated[int | None, Option(
        "maximum number of refinement rounds",
        _FROM_ZERO, "strategy", _EVERYWHERE, safe=True)] = None
    temperature: Annotated[float | None, Option(
        "sampling temperature of the Solver", Number("T", minimum=0), "strategy", safe=True)] = None
    max_tokens: Annotated[int | None, Option(
        "maximum tokens per answer; default: the provider's limit",
        _COUNT, "strategy", safe=True)] = None
    seed: Annotated[int | None, Option(
        "seed for the model and for random choices",
        Number("S", whole=True), "strategy", _EVERYWHERE, safe=True)] = None
    min_gain_per_1k_tokens: Annotated[float | None, Option(
        "minimum gain in success probability that justifies 1,000 tokens (adaptive)",
        Number("P", minimum=0), "strategy", safe=True)] = None
    calibration: Annotated["str | Path | ConfidenceCalibrator | None", Option(
        "confidence calibration file written by `eval --fit` (adaptive, for answers)",
        _CALIBRATION, "strategy")] = None
    cost: Annotated[str, Option(
        "what adaptive economises: tokens, usd (needs known prices) or seconds",
        Choice("tokens", "usd", "seconds"), "strategy", safe=True)] = "tokens"
    learn: Annotated[str | None, Option(
        "learn how often samples and repairs succeed (adaptive): off, within this command (run), or"
        " also across commands (keep); default: keep for solve, else run",
        Choice("off", "run", "keep"), "strategy", safe=True)] = None
    trace: Annotated[bool, Option(
        "show the Reviewer a failing test line by line", Switch(), "strategy", safe=True)] = False
    repair: Annotated[str, Option(
        "how a program is repaired: at the token of which the model was least sure (branch), by"
        " edits, by a rewrite, or what suits the prompts (auto)",
        Choice("auto", "branch", "edit", "rewrite"), "strategy", safe=True)] = "auto"
    edits: Annotated[int | None, Option(
        "edits drawn per repair, all of which are run; default: what suits the prompts",
        Number("N", whole=True, minimum=1), "strategy", safe=True)] = None
    review: Annotated[str, Option(
        "how a program is reviewed before its repair: separate, joint (in the same call), none",
        Choice("separate", "joint", "none"), "strategy", safe=True)] = "separate"
    evidence: Annotated[Sequence[str], Option(
        f"evidence for Reviewer and Refiner: {', '.join(_EVIDENCE_KINDS)}; default: what the"
        " prompts are written for", _EVIDENCE, "strategy", safe=True)] = ()
    ask: Annotated[Sequence[str], Option(
        "pause for your approval before each repair (refine), the answer (accept), or both",
        _ASK, "strategy", "solve", safe=True)] = ()

    model: Annotated["str | BaseChatModel | None", Option(
        "model for every role, such as ollama_chat/qwen3:8b",
        Model(), "models", _EVERYWHERE, safe=_names_no_place, short="-m")] = None
    solver_model: Annotated["str | BaseChatModel | None", Option(
        "another model for the Solver", Model(), "models", safe=_names_no_place)] = None
    reviewer_model: Annotated["str | BaseChatModel | None", Option(
        "another model for the Reviewer", Model(), "models", safe=_names_no_place)] = None
    refiner_model: Annotated["str | BaseChatModel | None", Option(
        "another model for the Refiner", Model(), "models", safe=_names_no_place)] = None
    tester_model: Annotated["str | BaseChatModel | None", Option(
        "another model to write tests", Model(), "models", safe=_names_no_place)] = None
    fallback: Annotated["Sequence[str | BaseChatModel]", Option(
        "models to try if the main model fails permanently",
        Models(), "models", safe=_name_no_place)] = ()
    api_base: Annotated[str | None, Option(
        "address of the model server",
        Text("URL"), "models", f"{_EVERYWHERE} resume", affects_results=False)] = None
    client: Annotated[Client, Option(
        "client for requests: direct (OpenAI's protocol), litellm (any provider), or auto: direct"
        " for a server with an address",
        Choice("auto", "direct", "litellm"), "models", safe=True, affects_results=False)] = "auto"
    hedge: Annotated[float | None, Option(
        "send a duplicate request if there is no answer after SECONDS",
        _SECONDS, "models", safe=True, affects_results=False)] = None
    requests_per_minute: Annotated[float | None, Option(
        "limit requests per minute, per provider",
        _RATE, "models", safe=True, affects_results=False)] = None
    tokens_per_minute: Annotated[float | None, Option(
        "limit tokens per minute, per provider",
        _RATE, "models", safe=True, affects_results=False)] = None
    prices: Annotated[tuple[float, float] | None, Option(
        "USD per million prompt and completion tokens, if litellm has no price",
        Pair("IN,OUT"), "models")] = None
    call_timeout: Annotated[float | None, Option(
        "seconds for one attempt of a model call; default: 600",
        _SECONDS, "models", safe=True, affects_results=False)] = None

    budget_usd: Annotated[float | None, Option(
        "stop after X USD", _AMOUNT, "limits", _AGAIN, safe=True)] = None
    budget_tokens: Annotated[int | None, Option(
        "stop after N tokens", _COUNT, "limits", f"{_AGAIN} demo", safe=True)] = None
    budget_calls: Annotated[int | None, Option(
        "stop after N model calls", _COUNT, "limits", _AGAIN, safe=True)] = None
    ledger: Annotated[str | None, Option(
        "share budgets and rate limits with all processes on this machine that name the same FILE",
        FileName(), "limits", _AGAIN, affects_results=False, is_kept=False)] = None
    timeout: Annotated[float | None, Option(
        "stop after SECONDS and return the best answer so far",
        _SECONDS, "limits", _AGAIN, safe=True)] = None

    scorer: Annotated["str | Scorer | Sequence[str | Scorer] | None", Option(
        f"scorers of candidates, joined by commas: {_names(SCORERS)}; append :MODEL to choose a"
        " judge's model; orm:URL/MODEL and prm:URL/MODEL are reward models",
        ScorerNames(), "parts", safe=_ask_no_server)] = None
    router: Annotated["str | Router | None", Option(
        f"rule that decides whether a problem is hard: {_names(ROUTERS)}",
        Named("router", ROUTERS), "parts", safe=True)] = None
    stop: Annotated["str | RuleFunction | None", Option(
        f"when to stop, such as 'rounds(3) | budget(tokens=20_000)'; rules: {_names(STOP_RULES)}",
        StopExpression(), "parts", safe=True)] = None
    select: Annotated["str | Selector | None", Option(
        f"selector of the answer: {_names(SELECTORS)}",
        Named("selector", SELECTORS), "parts", safe=True)] = None
    policy: Annotated["str | Policy | None", Option(
        f"policy that decides every step, instead of the strategy: {_names(POLICIES)}",
        Named("policy", POLICIES), "parts", safe=True)] = None
    prompts: Annotated["str | PromptSet | None", Option(
        f"prompts for every role: {', '.join(PROMPT_SETS)}; default: those suited to the model",
        _PROMPTS, "parts", safe=True)] = None

    memory: Annotated["str | Path | Memory | None", Option(
        "keep notes across runs in FILE, for strategies with a memory",
        _MEMORY, "records")] = None
    cache: Annotated["str | Path | CallCache | None", Option(
        "cache model answers in FILE and reuse them; default: your own cache",
        _CACHE, "records", safe=_is_users_own, affects_results=False)] = None
    replay: Annotated["str | Path | None", Option(
        "take answers only from the cache FILE and make no calls",
        FileName(), "records", affects_results=False, is_kept=False)] = None

    __hash__ = OptionSet.__hash__

    def __post_init__(self) -> None:
        """Check the values and that they do not exclude one another."""
        super().__post_init__()
        if self.cache is not None and self.replay is not None:
            raise InputError("cache and replay were both given; give one of them.")
# fmt: on
