"""Every option, declared once.

A field of `RunOptions` is an option everywhere: an argument of `refinegraph.solve` and `asolve`, a
flag, an environment variable `REFINEGRAPH_NAME`, a key of `refinegraph.toml`, part of a saved run
and of the digest of an evaluation. To add one, declare it here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from refinegraph.client_names import Client
from refinegraph.errors import InputError
from refinegraph.graphs.named import (
    POLICIES,
    PROMPT_SETS,
    ROUTERS,
    SCORERS,
    SELECTORS,
    STOP_RULES,
    ScorerNames,
    StopExpression,
)
from refinegraph.graphs.parts import Named
from refinegraph.option_set import Option, OptionSet
from refinegraph.values import (
    Choice,
    FileContent,
    FileName,
    Function,
    Instance,
    Model,
    Models,
    Number,
    Pair,
    Several,
    Source,
    Switch,
    Text,
    UnfitValue,
    Value,
    nearest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.models import CallCache
    from refinegraph.agents.prompts import PromptSet
    from refinegraph.graphs.policies.base import Policy
    from refinegraph.graphs.policies.calibration import ConfidenceCalibrator
    from refinegraph.graphs.routing import Router
    from refinegraph.graphs.selection import Selector
    from refinegraph.graphs.stopping import RuleFunction
    from refinegraph.running import Asker, Watcher
    from refinegraph.schema import Kind, Problem
    from refinegraph.tools.sandbox import Sandbox
    from refinegraph.tools.scorers import Scorer

_PROVIDERS_OWN = re.compile(r"embedded|(?!local/)[a-z0-9_]+/[\w.-]+(:[\w.-]+)?", re.IGNORECASE)
"""Models that a provider serves under its own name: no path, no address, nobody's account."""
_SERVERLESS = {scorer.name for scorer in SCORERS if not scorer.takes.startswith("URL")}


def _names_no_place(model: Any) -> bool:
    return isinstance(model, str) and bool(_PROVIDERS_OWN.fullmatch(model))


def _name_no_place(models: Any) -> bool:
    return all(map(_names_no_place, models))


def _ask_no_server(scorers: Any) -> bool:
    return all(isinstance(scorer, str) and scorer in _SERVERLESS for scorer in scorers)


def _is_users_own(cache: Any) -> bool:
    """Whether a cache is the one in the user's own folder, which an empty name stands for."""
    return isinstance(cache, str) and not cache


def _names(parts: Sequence[Any]) -> str:
    return ", ".join(part.name for part in parts)


_COUNT = Number("N", whole=True, least=1)
_FROM_ZERO = Number("N", whole=True, least=0)
_AMOUNT = Number("X", above=0)
_SECONDS = Number("SECONDS", above=0)
_RATE = Number("N", above=0)
_KIND = Choice("code", "math", "choice", "text")
_CALIBRATION = FileContent(objects="refinegraph.graphs.policies.calibration:ConfidenceCalibrator")
_CACHE = FileName(objects="refinegraph.agents.models.spending.call_cache:CallCache")
_PROMPTS = Choice(
    *PROMPT_SETS, metavar="SET", objects="refinegraph.agents.prompts.prompt:PromptSet"
)
_ASK = Several(words=("refine", "accept"), noun="interrupt point")

_EVERYWHERE = "solve eval demo"
_AGAIN = "solve eval resume"
"""Where a run goes on, its limits may be changed."""


# fmt: off
@dataclass(frozen=True, kw_only=True)
class RunOptions(OptionSet):
    """How a run is made: models, sizes, limits, parts. Frozen, checked and hashable.

    Raises `InputError` for a value that an option cannot take.

    >>> RunOptions(samples=4, stop="rounds(3)|accepted()").stop
    'rounds(3) | accepted()'
    >>> RunOptions(samples=4).difference(RunOptions(trace=True))
    'samples was None and is 4; trace was True and is False'
    """

    strategy: Annotated[str, Option(
        "way through the graph; `refinegraph graph NAME` draws it",
        Text("NAME"), "strategy", _EVERYWHERE, safe=True)] = "adaptive"
    kind: Annotated["Kind | None", Option(
        "what the answer is: a program, a number or formula, a letter, words; default: code",
        _KIND, "strategy", "solve", is_setting=False)] = None
    samples: Annotated[int | None, Option(
        "maximum number of candidates to sample",
        Number("K", whole=True, least=1), "strategy", _EVERYWHERE, safe=True)] = None
    batch_size: Annotated[int | None, Option(
        "samples asked for at a time (sample-until, adaptive); best-of-n then stops early",
        Number("N", whole=True, least=1), "strategy", safe=True)] = None
    rounds: Annotated[int | None, Option(
        "maximum number of refinement rounds",
        _FROM_ZERO, "strategy", _EVERYWHERE, safe=True)] = None
    temperature: Annotated[float | None, Option(
        "sampling temperature of the Solver", Number("T", least=0), "strategy", safe=True)] = None
    max_tokens: Annotated[int | None, Option(
        "maximum tokens per answer; default: the provider's limit",
        _COUNT, "strategy", safe=True)] = None
    seed: Annotated[int | None, Option(
        "seed passed on to the model",
        Number("S", whole=True), "strategy", _EVERYWHERE, safe=True)] = None
    min_gain_per_1k_tokens: Annotated[float | None, Option(
        "minimum gain in success probability that justifies 1,000 tokens (adaptive)",
        Number("P", least=0), "strategy", safe=True)] = None
    calibration: Annotated["str | Path | ConfidenceCalibrator | None", Option(
        "confidence calibration file written by `eval --fit` (adaptive)",
        _CALIBRATION, "strategy")] = None
    trace: Annotated[bool, Option(
        "show the Reviewer a failing test line by line", Switch(), "strategy", safe=True)] = False
    ask: Annotated[Sequence[str], Option(
        "pause for your approval before each repair (refine), the answer (accept), or both",
        _ASK, "strategy", "solve", safe=True)] = ()

    model: Annotated["str | BaseChatModel | None", Option(
        "model of every role, such as ollama_chat/qwen3:8b",
        Model(), "models", _EVERYWHERE, safe=_names_no_place)] = None
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
        "address of the models' server",
        Text("URL"), "models", "solve eval demo resume", affects_results=False)] = None
    client: Annotated[Client, Option(
        "what sends requests: direct (OpenAI's protocol), litellm (any provider), or auto: direct"
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
        "USD per million prompt and completion tokens, if litellm lists no price",
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
    timeout: Annotated[float | None, Option(
        "stop after SECONDS and return the best answer so far",
        _SECONDS, "limits", _AGAIN, safe=True)] = None

    scorer: Annotated["str | Scorer | Sequence[str | Scorer] | None", Option(
        f"what scores candidates: {_names(SCORERS)}; several with commas; a judge's model after"
        " a colon; orm:URL/MODEL and prm:URL/MODEL for reward models",
        ScorerNames(), "parts", safe=_ask_no_server)] = None
    router: Annotated["str | Router | None", Option(
        f"what decides whether a problem is hard: {_names(ROUTERS)}",
        Named("router", ROUTERS), "parts", safe=True)] = None
    stop: Annotated["str | RuleFunction | None", Option(
        f"when to stop, such as 'rounds(3) | budget(tokens=20_000)'; rules: {_names(STOP_RULES)}",
        StopExpression(), "parts", safe=True)] = None
    select: Annotated["str | Selector | None", Option(
        f"what chooses the answer: {_names(SELECTORS)}",
        Named("selector", SELECTORS), "parts", safe=True)] = None
    policy: Annotated["str | Policy | None", Option(
        f"what decides each step, instead of the strategy: {_names(POLICIES)}",
        Named("policy", POLICIES), "parts", safe=True)] = None
    prompts: Annotated["str | PromptSet | None", Option(
        f"prompts of every role: {', '.join(PROMPT_SETS)}; default: those that suit the model",
        _PROMPTS, "parts", safe=True)] = None

    cache: Annotated["str | Path | CallCache | None", Option(
        "keep the models' answers in FILE and reuse them; default: the user's own cache",
        _CACHE, "records", safe=_is_users_own, affects_results=False)] = None
    replay: Annotated["str | Path | None", Option(
        "take answers from a cache only and make no calls",
        FileName(), "records", affects_results=False, is_kept=False)] = None

    __hash__ = OptionSet.__hash__

    def __post_init__(self) -> None:
        """Check the values, and that no two exclude each other."""
        super().__post_init__()
        if self.cache is not None and self.replay is not None:
            raise InputError("cache and replay were both given; give one of them.")


def _python(help: str, value: Value) -> Option:
    """Return an option that only Python has, since no text can stand for it."""
    return Option(help, value, "python", "", is_setting=False, is_kept=False, affects_results=False)


@dataclass(frozen=True, kw_only=True)
class SolveOptions(RunOptions):
    """The arguments of `refinegraph.solve` and `refinegraph.asolve`."""

    problem: Annotated["str | Problem", _python(
        "what to solve, in words, or a Problem",
        Source(objects="refinegraph.schema:Problem"))] = field(kw_only=False)
    tests: Annotated[str, _python(
        "visible tests: assert lines, test functions, doctests or JSON cases", Source())] = ""
    sandbox: Annotated["Sandbox | None", _python(
        "where programs run", Instance("refinegraph.tools.sandbox.sandbox:Sandbox"))] = None
    checkpointer: Annotated["BaseCheckpointSaver[Any] | None", _python(
        "LangGraph checkpointer that keeps the run; asked again, it continues after the last"
        " finished node", Instance("langgraph.checkpoint.base:BaseCheckpointSaver"))] = None
    run_id: Annotated[str | None, _python(
        "thread under which the checkpointer keeps the run", Text())] = None
    on_question: Annotated["Asker | None", _python(
        "async function that answers the questions that `ask` leads to", Function())] = None
    on_event: Annotated["Watcher | None", _python(
        "function that is called with every event, in order", Function())] = None
    stream: Annotated[bool, _python(
        "whether `on_event` also gets the text of answers while they are written",
        Switch())] = False

    __hash__ = OptionSet.__hash__


def _shown(help: str, value: Value, commands: str = "solve resume") -> Option:
    """Return an option that changes what a command prints, and nothing of the run."""
    return Option(help, value, "output", commands, is_setting=False, affects_results=False)


@dataclass(frozen=True, kw_only=True)
class CommandOptions(OptionSet):
    """Options of the command line beside those of a run: what is printed and kept where."""

    home: Annotated[str | None, Option(
        "folder of the user's runs, cache and trusted files",
        FileName("DIR"), "output", "", affects_results=False)] = None
    json: Annotated[bool, _shown("print one JSON object", Switch())] = False
    output: Annotated[str | None, _shown("also write the answer to FILE", FileName())] = None
    quiet: Annotated[bool, _shown("print the answer only", Switch())] = False
    no_keep: Annotated[bool, _shown("do not keep the run", Switch(), "solve")] = False
    log_json: Annotated[str | None, Option(
        "write every event to FILE, one JSON object per line",
        FileName(), "output", _AGAIN, affects_results=False)] = None
    otel: Annotated[bool, Option(
        "send OpenTelemetry spans as the OTEL_ variables say",
        Switch(), "output", _AGAIN, affects_results=False)] = False

    __hash__ = OptionSet.__hash__
# fmt: on


@cache
def settings() -> dict[str, Option]:
    """Return the options that the environment and files may set, by name."""
    every = {**RunOptions.declared, **CommandOptions.declared}
    return {name: option for name, option in every.items() if option.is_setting}


def variable_of(name: str) -> str:
    """Return the environment variable of a setting.

    >>> variable_of("api_base")
    'REFINEGRAPH_API_BASE'
    """
    return f"REFINEGRAPH_{name.upper()}"


def flag_of(name: str) -> str:
    """Return the flag of an option.

    >>> flag_of("api_base")
    '--api-base'
    """
    return f"--{name.replace('_', '-')}"


def read_option(name: str, text: str) -> Any:
    """Return the value that a text stands for, as on the command line; raises `InputError`.

    >>> read_option("samples", "4")
    4
    """
    option = RunOptions.declared.get(name)
    if option is None:
        known = list(RunOptions.declared)
        raise InputError(f"there is no option {name!r}{nearest(name, known)}.")
    try:
        return option.value.read(text)
    except UnfitValue as error:
        raise InputError(f"{name}: {text!r} {error}.") from None
