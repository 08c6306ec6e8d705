"""Repair a checkout: the functions behind `refinegraph.fix` and `refinegraph.afix`."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from refinegraph.fixing.options import MUTATIONS, FixOptions, uses_mutations
from refinegraph.fixing.workshop import Hear, Prepared, Workshop, prepare, reopen
from refinegraph.options import RunOptions
from refinegraph.options.arguments import takes
from refinegraph.runs.planning import (
    Models,
    ledger_of,
    plan_of,
    rate_limits_of,
    resolve_models,
)
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Problem, RefinementResult, Selection, StopReason, Usage
from refinegraph.support.blocking import run_sync

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from refinegraph.agents.protocols import Tracer
    from refinegraph.graphs.refinement import RefinementGraph

_MOST_MUTATIONS = 400
"""Patches that are tried at most without a model, so that a search ends: further down the order,
changes are as good as drawn at random, and a slow suite takes minutes for them already."""


@takes(FixOptions)
async def afix(options: FixOptions) -> RefinementResult:
    """Repair a checkout whose tests fail, and return the patch with its evidence and cost.

    The tests are run before anything is changed, suspicious lines are found, patches are proposed
    and proved in views of the checkout, which is never written. `answer` is a patch that
    `git apply` takes; `solved` is true where every failing test passes and none is lost. Where
    nothing fails and no issue is given, `stop_reason.rule` is `nothing_fails` and there is no
    answer. Without a model, small changes at suspicious lines are tried (`model="mutations"`),
    which costs no model call.

    Raises `InputError` for bad input, `ModelError` where no model answered and
    `SandboxUnavailable` where commands cannot be isolated.
    """
    return await fix_with(options)


@takes(FixOptions)
def fix(options: FixOptions) -> RefinementResult:
    """Repair a checkout; the twin of `afix` for code that is not async.

    Safe where an event loop is running, as in a notebook. Raises what `afix` raises.
    """
    return run_sync(fix_with(options))


async def fix_with(options: FixOptions) -> RefinementResult:
    """Repair a checkout with these options and no others: no setting is looked up."""
    prepared = await prepare(options, options.on_event or _ignore)
    if prepared.problem is None:
        return nothing_fails(prepared)
    if options.candidates:
        options = replace(options, samples=options.candidates)
    python: dict[str, Any] = {
        "checkpointer": options.checkpointer,
        "run_id": options.run_id,
        "on_event": options.on_event,
        "stream": options.stream,
    }
    return await repair_with(options, prepared.problem, workshop=prepared.workshop, **python)


async def repair_with(
    options: RunOptions,
    problem: Problem,
    *,
    workshop: Workshop | None = None,
    models: Models | None = None,
    checkpointer: "BaseCheckpointSaver[Any] | None" = None,
    **running: Any,
) -> RefinementResult:
    """Repair the checkout of a problem; without a workshop, that of a run begun before.

    Args:
        options: How the run is made.
        problem: A problem of kind `repository`.
        workshop: What `prepare` returned; made again from the checkout unless given.
        models: The models that the options name, where they were resolved before.
        checkpointer: Keeps the run.
        running: What `run_graph` takes besides: `run_id`, `on_event`, `stream`, `on_question`, and
            the `cache` that keeps answers.
    """
    from refinegraph.agents.models import run_scope
    from refinegraph.runs.solving import call_cache

    assert problem.repository is not None
    hear: Hear = running.get("on_event") or _ignore
    known = workshop or await reopen(problem.repository, hear)
    with ExitStack() as stack:
        if options.requests_per_minute or options.tokens_per_minute:
            stack.enter_context(run_scope(rate_limits=rate_limits_of(options)))
        return await run_graph(
            repair_graph(options, problem, known, models=models, checkpointer=checkpointer),
            problem,
            timeout=options.timeout,
            cache=running.pop("cache", None) or stack.enter_context(call_cache(options)),
            ledger=ledger_of(options),
            **running,
        )


def repair_graph(
    options: RunOptions,
    problem: Problem,
    workshop: Workshop,
    *,
    models: Models | None = None,
    checkpointer: "BaseCheckpointSaver[Any] | None" = None,
) -> "RefinementGraph":
    """Compile the graph of a repair: the strategy's own, or the search through mutations."""
    if uses_mutations(options):
        return _mutation_graph(options, problem, workshop, checkpointer)
    from refinegraph.agents.prompts.repository import REPOSITORY
    from refinegraph.graphs.strategies import build_strategy

    plan = plan_of(
        options,
        kind="repository",
        models=models or resolve_models(options),
        checkpointer=checkpointer,
    )
    parts = _parts(problem, workshop)
    parts["select"] = plan.select or parts["select"]
    plan = replace(
        plan, **parts, prompts=plan.prompts or REPOSITORY, extra_evidence=_suspect_evidence()
    )
    return build_strategy(options.strategy, plan)


def nothing_fails(prepared: Prepared) -> RefinementResult:
    """Return the result of a checkout whose tests all pass."""
    count = len(prepared.workshop.baseline.passing)
    return RefinementResult(
        problem_id=prepared.workshop.sources.root.name or "checkout",
        solved=None,
        answer=None,
        strategy="none",
        difficulty=None,
        rounds=0,
        stop_reason=StopReason(rule="nothing_fails", detail=f"all {count} tests pass"),
        selection=Selection(candidate_id=None, reason="nothing was to be repaired"),
        usage=Usage(),
        candidates=(),
    )


def _mutation_graph(
    options: RunOptions,
    problem: Problem,
    workshop: Workshop,
    checkpointer: "BaseCheckpointSaver[Any] | None",
) -> "RefinementGraph":
    from refinegraph.agents.mutation_solver import MutationSolver
    from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, settled
    from refinegraph.graphs.refinement import refinement_graph
    from refinegraph.graphs.stopping import accepted, as_rule
    from refinegraph.options import RunOptions
    from refinegraph.schema import ModelNames

    most = options.samples or _MOST_MUTATIONS
    # As many mutations as run at once: a larger wave would go on after one of them was proved.
    wave = min(max(2, os.cpu_count() or 1), most)
    chosen: Any = RunOptions.declared["stop"].value
    stop = as_rule(chosen.build(options.stop)) if options.stop else accepted()
    solver = MutationSolver(
        workshop.sources.python(),
        workshop.localised.suspects,
        samples=wave,
        seed=options.seed or 0,
    )
    return refinement_graph(
        solver=solver,
        controller=SampleUntil(
            until=settled(),
            stop=stop,
            max_candidates=most,
            batch_size=wave,
        ),
        samples=wave,
        name=MUTATIONS,
        models=ModelNames(solver=MUTATIONS),
        seed=options.seed,
        checkpointer=checkpointer,
        **_parts(problem, workshop),
    )


def _parts(problem: Problem, workshop: Workshop) -> dict[str, Any]:
    """Return what reads and what proves patches of this checkout."""
    from refinegraph.fixing.checker import suite_checker
    from refinegraph.fixing.reading import patch_reader
    from refinegraph.fixing.selecting import best_patch

    assert problem.repository is not None
    lint, protect = problem.repository.lint, problem.repository.protect
    checker = suite_checker(
        workshop.suite,
        workshop.sources,
        workshop.baseline,
        spectrum=workshop.localised.spectrum,
        lint=lint,
        protect=protect,
    )
    return {
        "checker": checker,
        "reader": patch_reader(workshop.sources, protect=protect),
        "select": best_patch(workshop.sources.python(), workshop.localised.suspects),
    }


def _suspect_evidence() -> "Tracer":
    """Return what shows the Reviewer the suspicious lines."""
    from collections.abc import Sequence

    from refinegraph.schema import Candidate, VisibleTest
    from refinegraph.tools.localisation import describe_suspects

    async def evidence(problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]) -> str:
        return describe_suspects(problem.repository.suspects) if problem.repository else ""

    return evidence


def _ignore(event: object) -> None:
    return
