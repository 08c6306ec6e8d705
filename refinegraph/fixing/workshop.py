"""Prepare a repair: read the files, run the tests, localise the fault."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.fixing.baseline import Localised, localise
from refinegraph.fixing.events import BaselineBegun, BaselineTaken, FaultLocalised
from refinegraph.fixing.missing_modules import check_imports
from refinegraph.fixing.options import FixOptions, uses_mutations
from refinegraph.fixing.problem import repository_problem
from refinegraph.fixing.sources import Sources, read_sources, scripts_of
from refinegraph.fixing.suites import Suite
from refinegraph.options.solve_options import EventHandler
from refinegraph.schema import Problem, Repository
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline, take_baseline
from refinegraph.tools.workspace.git import toplevel

_SHOWN_SUSPECTS = 3
"""Suspicious lines named before the first patch: a choice that leaves the screen readable."""


class Workshop(NamedTuple):
    """Everything about a checkout, except its problem, that a repair needs."""

    suite: Suite
    sources: Sources
    baseline: Baseline
    localised: Localised


class Prepared(NamedTuple):
    """A prepared checkout and its problem, or None if there is nothing to repair."""

    workshop: Workshop
    problem: Problem | None


async def prepare(options: FixOptions, on_event: EventHandler) -> Prepared:
    """Take the baseline of a checkout and localise the fault, without model calls.

    Costs two runs of the test command. If a test fails, it costs one more run to record executed
    lines and one of only the failing tests. The checkout is never changed.

    Raises:
        InputError: The path is not a directory, the test command is missing, cannot be run or
            runs no tests, or a test that `failing` names does not fail.
        SandboxUnavailable: Commands cannot be isolated as requested.
    """
    folder = _folder(options)
    root = (toplevel(folder) or folder).resolve()
    scripts = scripts_of(options.test, folder, root)
    options = replace(options, protect=(*options.protect, *scripts))
    suite = Suite(options.sandbox or Sandbox(), folder, options.test)
    sources = read_sources(root, protect=options.protect)
    baseline = _aimed(await _baseline(suite, on_event), options, sources)
    on_event(_taken(baseline))
    if not baseline.failing and not options.issue.strip():
        return Prepared(Workshop(suite, sources, baseline, Localised((), None)), None)
    if not baseline.failing and uses_mutations(options):
        raise InputError(
            "no test fails, so small changes cannot be told apart; name a model with --model, or "
            "write a test that shows what is wrong."
        )
    localised = await localise(suite, sources, baseline, issue=options.issue)
    baseline = baseline.ignoring(localised.flaky)
    suspects = localised.suspects[:_SHOWN_SUSPECTS]
    on_event(FaultLocalised(suspects=suspects, remark=_remark(localised)))
    if not baseline.failing and not options.issue.strip():
        return Prepared(Workshop(suite, sources, baseline, localised), None)
    problem = repository_problem(options, sources, baseline, localised, options.issue)
    return Prepared(Workshop(suite, sources, baseline, localised), problem)


async def reopen(
    repository: Repository, on_event: EventHandler, sandbox: Sandbox | None = None
) -> Workshop:
    """Rebuild the workshop of an earlier run, at the cost of two runs of the test command.

    Raises `InputError` if the checkout no longer exists or its files have changed.
    """
    root = Path(repository.root)
    if not root.is_dir():
        raise InputError(f"the checkout {repository.root!r} no longer exists; start a new run.")
    sources = read_sources(root, protect=repository.protect)
    if sources.digest != repository.digest:
        raise InputError(
            f"the files of {repository.root!r} have changed since the run was started; start a new "
            "one with: refinegraph fix"
        )
    suite = Suite(sandbox or Sandbox(), root / repository.folder, repository.command)
    aims = [test.id for test in repository.failing] if repository.unrelated else []
    baseline = (await _baseline(suite, on_event)).aimed_at(aims)
    on_event(_taken(baseline))
    return Workshop(suite, sources, baseline, Localised(repository.suspects, None))


async def _baseline(suite: Suite, on_event: EventHandler) -> Baseline:
    on_event(BaselineBegun(command=suite.command))
    return await take_baseline(suite.tests)


def _aimed(baseline: Baseline, options: FixOptions, sources: Sources) -> Baseline:
    """Return the baseline with the tests that have to pass, if all of their files can be imported.

    Files of other tests may be impossible to import.
    """
    try:
        aimed = baseline.aimed_at(options.failing)
    except InputError:
        check_imports(baseline, sources, options.test)  # the likely reason why a test is not found
        raise
    check_imports(aimed, sources, options.test)
    return aimed


def _taken(baseline: Baseline) -> BaselineTaken:
    return BaselineTaken(
        failing=baseline.failing_ids,
        unrelated=len(baseline.unrelated),
        passing=len(baseline.passing),
        flaky=len(baseline.flaky),
        seconds=baseline.seconds,
    )


def _remark(localised: Localised) -> str:
    """Return what a person should know about the localisation, or an empty text."""
    flaky = localised.flaky
    some = f"{flaky[0]} passed" if len(flaky) == 1 else f"{len(flaky)} failing tests passed"
    also = f"{some} when the lines were recorded: flaky, so it no longer counts" if flaky else ""
    return "; ".join(filter(None, (localised.remark, also)))


def _folder(options: FixOptions) -> Path:
    folder = Path(options.path).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"{str(options.path)!r} is not a directory; pass the directory of a checkout."
        )
    if not options.test.strip():
        raise InputError("the test command is missing; pass one, such as --test 'pytest -q'.")
    return folder.resolve()
