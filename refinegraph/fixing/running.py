"""Repair a checkout: the implementation of `refinegraph.fix` and `refinegraph.afix`."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from refinegraph.fixing.options import MUTATIONS, FixOptions, uses_mutations
from refinegraph.fixing.workshop import Prepared, Workshop, prepare, reopen
from refinegraph.options import RunOptions
from refinegraph.options.arguments import takes
from refinegraph.options.solve_options import EventHandler
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
    from refinegraph.fixing.issue_tests import IssueTests
    from refinegraph.graphs.refinement import RefinementGraph

_MAX_MUTATIONS = 400
"""The largest number of patches to try without a model. Later mutations are hardly better than
random changes, and a slow suite already takes minutes for this many."""


@takes(FixOptions)
async def afix(options: FixOptions) -> RefinementResult:
    """Repair a checkout whose tests fail, and return the patch with its evidence and cost.

    The tests are run first to localise the fault; then patches are proposed and checked in copies
    of the checkout, which itself is never changed. `answer` is a patch for `git apply`; `solved` is
    true if every failing test passes with it and no other test breaks. If no test fails and there
    is no issue, `stop_reason.rule` is `nothing_fails` and there is no answer. Without a model,
    small changes at suspicious lines are tried (`model="mutations"`), which costs no model calls.

    Raises:
        InputError: The input is invalid.
        ModelError: No model answered.
        SandboxUnavailable: Commands could not be isolated as requested.
    """
    return await fix_with(options)


@takes(FixOptions)
def fix(options: FixOptions) -> RefinementResult:
    """Repair a checkout; the synchronous version of `afix`.

    It also works while an event loop is running, as in a notebook, and raises the same errors as
    `afix`.
    """
    return run_sync(fix_with(options))


async def fix_with(options: FixOptions) -> RefinementResult:
    """Repair a checkout with exactly these options; no setting is read from elsewhere."""
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
    """Repair the checkout of a problem, in a new run or in a resumed one.

    Args:
        options: The options of the run.
        problem: A problem of kind `repository`.
        workshop: The workshop from `prepare`, or None to rebuild it from the checkout, as for a
            resumed run.
        models: The models that the options name, if they have already been resolved.
        checkpointer: The LangGraph checkpointer that stores the run.
        running: Further arguments of `run_graph`: `run_id`, `on_event`, `stream`, `on_question` and
            `cache`.
    """
    from refinegraph.agents.models import run_scope
    from refinegraph.runs.solving import call_cache

    assert problem.repository is not None
    on_event: EventHandler = running.get("on_event") or _ignore
    workshop = workshop or await reopen(problem.repository, on_event)
    with ExitStack() as stack:
        if options.requests_per_minute or options.tokens_per_minute:
            stack.enter_context(run_scope(rate_limits=rate_limits_of(options)))
        return await run_graph(
            repair_graph(options, problem, workshop, models=models, checkpointer=checkpointer),
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
    """Compile the graph of a repair: that of the strategy, or a search through mutations."""
    if uses_mutations(options):
        return _mutation_graph(options, problem, workshop, checkpointer)
    from refinegraph.agents.prompts.repository import REPOSITORY
    from refinegraph.graphs.strategies import build_strategy

    models = models or resolve_models(options)
    plan = plan_of(options, kind="repository", models=models, checkpointer=checkpointer)
    issue_tests = _issue_tests(problem, workshop, models, options.seed)
    parts = _parts(problem, workshop, issue_tests)
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
        selection=Selection(candidate_id=None, reason="there was nothing to repair"),
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

    max_candidates = options.samples or _MAX_MUTATIONS
    # As many mutations as can run at once: a larger wave would continue after a proved patch.
    wave = min(max(2, os.cpu_count() or 1), max_candidates)
    stop_kind: Any = RunOptions.declared["stop"].value
    stop = as_rule(stop_kind.build(options.stop)) if options.stop else accepted()
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
            max_candidates=max_candidates,
            batch_size=wave,
        ),
        samples=wave,
        name=MUTATIONS,
        models=ModelNames(solver=MUTATIONS),
        seed=options.seed,
        checkpointer=checkpointer,
        **_parts(problem, workshop),
    )


def _issue_tests(
    problem: Problem, workshop: Workshop, models: Models, seed: int | None
) -> "IssueTests | None":
    """Return the writer of tests for the issue, if there is one and tests can be selected."""
    from refinegraph.fixing.issue_tests import IssueTests

    files = problem.repository.issue_tests if problem.repository else 0
    if not files or not workshop.suite.is_pytest:
        return None
    model = models.tester or models.solver
    return IssueTests(model, workshop.suite, workshop.sources, files=files, seed=seed)


def _parts(
    problem: Problem, workshop: Workshop, issue_tests: "IssueTests | None" = None
) -> dict[str, Any]:
    """Return the parts of a plan that read, check and select patches of this checkout."""
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
        issue_tests=issue_tests,
    )
    return {
        "checker": checker,
        "reader": patch_reader(workshop.sources, protect=protect),
        "select": best_patch(workshop.sources.python()),
    }


def _suspect_evidence() -> "Tracer":
    """Return a source of evidence that shows the Reviewer the suspicious lines."""
    from collections.abc import Sequence

    from refinegraph.schema import Candidate, VisibleTest
    from refinegraph.tools.localisation import describe_suspects

    async def evidence(problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]) -> str:
        return describe_suspects(problem.repository.suspects) if problem.repository else ""

    return evidence


def _ignore(event: object) -> None:
    return
