"""From options to what a run is made of: chat models, scorers, rules, the plan of a strategy."""

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
    from refinegraph.agents.refiner import RepairForm
    from refinegraph.graphs.policies.calibration import ConfidenceCalibrator
    from refinegraph.graphs.policies.costs import CostUnit
    from refinegraph.graphs.policies.rate_store import RateStore
    from refinegraph.graphs.policies.success_rates import SuccessRates
    from refinegraph.graphs.strategies import Plan
    from refinegraph.graphs.strategies.plan import ReviewForm
    from refinegraph.tools.sandbox import Sandbox
    from refinegraph.tools.scorers import Scorer


class Models(NamedTuple):
    """A chat model for every role; None for a role that speaks through the Solver's."""

    solver: "BaseChatModel"
    reviewer: "BaseChatModel | None"
    refiner: "BaseChatModel | None"
    tester: "BaseChatModel | None"


def resolve_models(options: RunOptions) -> Models:
    """Return the chat models of the roles; a role's own wins over the general one.

    Takes the seconds that the model layer needs to be imported. Raises `SettingError` for a name
    that is not known and a key that is not set.
    """
    from refinegraph.agents.models import FallbackChatModel

    named = _resolver(options)
    others = tuple(map(named, options.fallback))

    def of_role(model: "str | BaseChatModel | None") -> "BaseChatModel | None":
        if model is None:
            return None
        return FallbackChatModel(models=(named(model), *others)) if others else named(model)

    solver = options.solver_model or options.model or default_model()
    return Models(
        solver=of_role(solver) or named(solver),
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
    """Return the plan from which a strategy is built."""
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
        repair=cast("RepairForm", options.repair),
        review=cast("ReviewForm", options.review),
        evidence=tuple(options.evidence),
        min_gain_per_1k_tokens=options.min_gain_per_1k_tokens,
        calibrator=_calibrator(options.calibration),
        memory=_memory(options.memory),
        rates=rates,
        cost=cast("CostUnit", options.cost),
        checkpointer=checkpointer,
        ask=interrupt_points(options.ask),
    )
    policy = options.policy
    return replace(plan, policy=build_policy(policy, plan) if isinstance(policy, str) else policy)


def rate_store() -> "RateStore":
    """Return the store of learned success rates in the user's folder."""
    from refinegraph.graphs.policies.rate_store import RateStore

    return RateStore(rates_folder())


@contextmanager
def learned_rates(options: RunOptions, models: Models) -> "Generator[SuccessRates | None]":
    """Yield the success rates that a run starts from, and keep what it learns if it should.

    Rates that cannot be kept are no reason to lose a run: a warning says so.
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
    """Return what rates are kept under: the Solver's model, and the Refiner's if it is another."""
    from refinegraph.agents.models import model_name

    names = [model_name(models.solver)]
    if models.refiner is not None and model_name(models.refiner) not in names:
        names.append(model_name(models.refiner))
    return " + ".join(names)


def ledger_of(options: RunOptions) -> "Ledger | None":
    """Return the account of what may be spent; None where nothing bounds it."""
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
    """Return how fast a provider may be asked."""
    from refinegraph.agents.models import RateLimits

    return RateLimits(
        concurrency,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        shared=_ledger_file(options),
    )


def _ledger_file(options: RunOptions) -> "LedgerFile | None":
    """Return the file through which processes share budgets and rates; None for this one alone."""
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
    """Return the scorers; the Reviewer's model judges where no other is named."""
    chosen = cast("Sequence[str | Scorer] | None", options.scorer)
    if chosen is None:
        return None
    judge, resolve = models.reviewer or models.solver, _resolver(options)
    return [
        build_scorer(scorer, judge=judge, resolve=resolve) if isinstance(scorer, str) else scorer
        for scorer in chosen
    ]


def _memory(chosen: "str | Path | Memory | None") -> "Memory | None":
    """Return the memory in a file, or the one that was given."""
    if not isinstance(chosen, str | os.PathLike):
        return chosen
    from refinegraph.agents.memory import SQLiteMemory

    return SQLiteMemory(chosen)


def _part(name: str, value: Any) -> Any:
    """Return the router, rule or selector that a text stands for; an object as it is."""
    value_kind: Any = RunOptions.declared[name].value
    return value_kind.build(value)


def _prompts(chosen: "str | PromptSet | None") -> "PromptSet | None":
    from refinegraph.agents.prompts import PROMPT_SETS

    return PROMPT_SETS[chosen] if isinstance(chosen, str) else chosen


def _calibrator(chosen: "str | Path | ConfidenceCalibrator | None") -> "ConfidenceCalibrator":
    from refinegraph.graphs.policies.calibration import DEFAULT_CALIBRATOR, ConfidenceCalibrator

    if chosen is None:
        return DEFAULT_CALIBRATOR
    return (
        chosen
        if isinstance(chosen, ConfidenceCalibrator)
        else ConfidenceCalibrator.load(Path(chosen))
    )
