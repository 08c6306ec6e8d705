"""Build the parts of a run from its options: chat models, scorers, rules and the plan."""

import os
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from refinegraph.errors import InputError
from refinegraph.graphs.named import build_policy
from refinegraph.graphs.named_scorers import build_scorer
from refinegraph.options import RunOptions
from refinegraph.options.config import default_model, rates_folder
from refinegraph.schema import Kind

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.memory import Memory
    from refinegraph.agents.models import Ledger, RateLimits
    from refinegraph.agents.models.spending.ledger_file import LedgerFile
    from refinegraph.agents.prompts import PromptSet
    from refinegraph.graphs.policies.calibration import ConfidenceCalibrator
    from refinegraph.graphs.policies.costs import CostUnit
    from refinegraph.graphs.policies.rate_store import RateStore
    from refinegraph.graphs.policies.success_rates import SuccessRates
    from refinegraph.graphs.strategies import Plan
    from refinegraph.graphs.strategies.plan import PlannedRepair, ReviewForm
    from refinegraph.tools.sandbox import Sandbox
    from refinegraph.tools.scorers import Scorer


class Models(NamedTuple):
    """A chat model for every role, or None for a role that uses the Solver's model."""

    solver: "BaseChatModel"
    reviewer: "BaseChatModel | None"
    refiner: "BaseChatModel | None"
    tester: "BaseChatModel | None"


def resolve_models(options: RunOptions) -> Models:
    """Return the chat models of the roles; the model of a role overrides the general one.

    The first call imports the model layer, which takes seconds. Raises `SettingError` for an
    unknown model name or a missing API key.
    """
    from refinegraph.agents.models import FallbackChatModel

    resolve = _resolver(options)
    fallbacks = tuple(map(resolve, options.fallback))

    def with_fallbacks(model: "str | BaseChatModel") -> "BaseChatModel":
        resolved = resolve(model)
        return FallbackChatModel(models=(resolved, *fallbacks)) if fallbacks else resolved

    def of_role(model: "str | BaseChatModel | None") -> "BaseChatModel | None":
        return None if model is None else with_fallbacks(model)

    return Models(
        solver=with_fallbacks(options.solver_model or options.model or default_model()),
        reviewer=of_role(options.reviewer_model),
        refiner=of_role(options.refiner_model),
        tester=of_role(options.tester_model),
    )


def plan_of(
    options: RunOptions,
    *,
    kind: Kind,
    models: Models,
    sandbox: "Sandbox | None" = None,
    checkpointer: "BaseCheckpointSaver[Any] | None" = None,
    rates: "SuccessRates | None" = None,
) -> "Plan":
    """Return the plan from which a strategy builds its graph."""
    from dataclasses import replace

    from refinegraph.graphs.nodes.human import interrupt_points
    from refinegraph.graphs.strategies import Plan

    plan = Plan(
        model=models.solver,
        reviewer_model=models.reviewer,
        refiner_model=models.refiner,
        tester_model=models.tester,
        kind=kind,
        samples=options.samples,
        batch_size=options.batch_size,
        rounds=options.rounds,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        seed=options.seed,
        prompts=_prompts(options.prompts),
        scorer=_scorers(options, models),
        router=_part("router", options.router),
        stop=_part("stop", options.stop),
        select=_part("select", options.select),
        sandbox=sandbox,
        trace=options.trace,
        repair=cast("PlannedRepair", options.repair),
        edits=options.edits,
        review=cast("ReviewForm", options.review),
        evidence=tuple(options.evidence),
        min_gain_per_1k_tokens=options.min_gain_per_1k_tokens,
        calibrator=_calibrator(options.calibration),
        memory=_memory(options.memory),
        rates=rates,
        cost=cast("CostUnit", options.cost),
        checkpointer=checkpointer,
        interrupt_before=interrupt_points(options.ask),
    )
    policy = options.policy
    return replace(plan, policy=build_policy(policy, plan) if isinstance(policy, str) else policy)


def rate_store() -> "RateStore":
    """Return the store of learned success rates in the user's directory."""
    from refinegraph.graphs.policies.rate_store import RateStore

    return RateStore(rates_folder())


@contextmanager
def learned_rates(options: RunOptions, models: Models) -> "Generator[SuccessRates | None]":
    """Yield the success rates that a run starts from, and save what it learns if `learn` is `keep`.

    Rates that cannot be saved cause a warning instead of an error, so that the run is not lost.
    """
    from refinegraph.graphs.policies.attempts import SHIPPED_RATES
    from refinegraph.graphs.policies.success_rates import SuccessRates

    if options.learn != "keep":
        yield SuccessRates(SHIPPED_RATES, learn=False) if options.learn == "off" else None
        return
    store, names = rate_store(), model_names(models)
    rates = store.load(names)
    before = rates.table
    try:
        yield rates
    finally:
        if rates.table != before:
            try:
                store.add(names, before, rates.table)
            except InputError as error:
                warnings.warn(str(error), stacklevel=2)


def model_names(models: Models) -> str:
    """Return the key of the rates: the Solver's model, and the Refiner's if it differs."""
    from refinegraph.agents.models import model_name

    names = [model_name(models.solver)]
    if models.refiner is not None and model_name(models.refiner) not in names:
        names.append(model_name(models.refiner))
    return " + ".join(names)


def ledger_of(options: RunOptions) -> "Ledger | None":
    """Return the ledger that limits spending, or None if no budget is set."""
    from refinegraph.agents.models import Ledger
    from refinegraph.agents.models.spending.shared_ledger import SharedLedger

    usd, tokens, calls = options.budget_usd, options.budget_tokens, options.budget_calls
    if all(amount is None for amount in (usd, tokens, calls)):
        return None
    file = _ledger_file(options)
    if file:
        return SharedLedger(file, usd=usd, tokens=tokens, calls=calls)
    return Ledger(usd=usd, tokens=tokens, calls=calls)


def rate_limits_of(options: RunOptions, *, concurrency: int = 64) -> "RateLimits":
    """Return the rate limits for requests to a provider."""
    from refinegraph.agents.models import RateLimits

    return RateLimits(
        concurrency,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        shared=_ledger_file(options),
    )


def _ledger_file(options: RunOptions) -> "LedgerFile | None":
    """Return the file through which processes share budgets and rate limits, or None."""
    from refinegraph.agents.models.spending.ledger_file import LedgerFile

    return LedgerFile(Path(options.ledger)) if options.ledger else None


def _resolver(options: RunOptions) -> "Callable[[str | BaseChatModel], BaseChatModel]":
    from refinegraph.agents.models import RetryPolicy, resolve_model

    retry = RetryPolicy(hedge_after=options.hedge)

    def resolve(model: "str | BaseChatModel") -> "BaseChatModel":
        return resolve_model(
            model,
            api_base=options.api_base,
            timeout=options.call_timeout,
            retry=retry,
            prices=options.prices,
            client=options.client,
        )

    return resolve


def _scorers(options: RunOptions, models: Models) -> "Sequence[Scorer] | None":
    """Return the scorers; the Reviewer's model judges unless a scorer names another."""
    scorers = cast("Sequence[str | Scorer] | None", options.scorer)
    if scorers is None:
        return None
    judge, resolve = models.reviewer or models.solver, _resolver(options)
    return [
        build_scorer(scorer, judge=judge, resolve=resolve) if isinstance(scorer, str) else scorer
        for scorer in scorers
    ]


def _memory(memory: "str | Path | Memory | None") -> "Memory | None":
    """Return the memory, opened from its file if it is a path."""
    if not isinstance(memory, str | os.PathLike):
        return memory
    from refinegraph.agents.memory import SQLiteMemory

    return SQLiteMemory(memory)


def _part(name: str, value: Any) -> Any:
    """Return the router, rule or selector that a text describes; objects are returned as is."""
    value_kind: Any = RunOptions.declared[name].value
    return value_kind.build(value)


def _prompts(prompts: "str | PromptSet | None") -> "PromptSet | None":
    from refinegraph.agents.prompts import PROMPT_SETS

    return PROMPT_SETS[prompts] if isinstance(prompts, str) else prompts


def _calibrator(calibration: "str | Path | ConfidenceCalibrator | None") -> "ConfidenceCalibrator":
    from refinegraph.graphs.policies.calibration import DEFAULT_CALIBRATOR, ConfidenceCalibrator

    if calibration is None:
        return DEFAULT_CALIBRATOR
    if isinstance(calibration, ConfidenceCalibrator):
        return calibration
    return ConfidenceCalibrator.load(Path(calibration))
