"""What a repair works with: the files, the test command, the baseline, the suspicious lines."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.fixing.baseline import Localised, localise
from refinegraph.fixing.events import BaselineBegun, BaselineTaken, FaultLocalised
from refinegraph.fixing.options import FixOptions, uses_mutations
from refinegraph.fixing.problem import repository_problem
from refinegraph.fixing.sources import Sources, read_sources
from refinegraph.fixing.suites import Suite
from refinegraph.schema import Frozen, Problem, Repository
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline, take_baseline
from refinegraph.tools.workspace.git import toplevel

_SHOWN_SUSPECTS = 3


class Workshop(NamedTuple):
    """Everything of a checkout that a run needs beside its problem."""

    suite: Suite
    sources: Sources
    baseline: Baseline
    localised: Localised


class Prepared(NamedTuple):
    """A checkout that was looked at, and the problem that it poses; None where nothing fails."""

    workshop: Workshop
    problem: Problem | None


Hear = Callable[[Frozen], None]


async def prepare(options: FixOptions, hear: Hear) -> Prepared:
    """Take the baseline of a checkout and localise the fault; no model call.

    Costs two runs of the test command; where a test fails, one more to record executed lines and
    one of the failing tests alone. The checkout is read and never written.

    Raises:
        InputError: For a path that is no folder, and a test command that is missing, cannot be run
            or runs no test.
        SandboxUnavailable: Where commands cannot be isolated.
    """
    folder = _folder(options)
    suite = Suite(options.sandbox or Sandbox(), folder, options.test)
    root = (toplevel(folder) or folder).resolve()
    sources = read_sources(root, protect=options.protect)
    baseline = await _baseline(suite, hear)
    if not baseline.failing and not options.issue.strip():
        return Prepared(Workshop(suite, sources, baseline, Localised((), None)), None)
    if not baseline.failing and uses_mutations(options):
        raise InputError(
            "no test fails, so nothing can tell which small change is right; name a model with "
            "--model, or write a test that shows what is wrong."
        )
    localised = await localise(suite, sources, baseline, issue=options.issue)
    suspects = localised.suspects[:_SHOWN_SUSPECTS]
    hear(FaultLocalised(suspects=suspects, remark=localised.remark))
    problem = repository_problem(options, sources, baseline, localised, options.issue)
    return Prepared(Workshop(suite, sources, baseline, localised), problem)


async def reopen(repository: Repository, hear: Hear, sandbox: Sandbox | None = None) -> Workshop:
    """Return the workshop of a run that was begun before.

    Raises `InputError` where the checkout is no longer what it was.
    """
    root = Path(repository.root)
    if not root.is_dir():
        raise InputError(f"the checkout {repository.root!r} is no longer there; begin a new run.")
    sources = read_sources(root, protect=repository.protect)
    if sources.digest != repository.digest:
        raise InputError(
            f"the files of {repository.root!r} are no longer what they were when the run began; "
            "begin a new one with: refinegraph fix"
        )
    suite = Suite(sandbox or Sandbox(), root / repository.folder, repository.command)
    baseline = await _baseline(suite, hear)
    return Workshop(suite, sources, baseline, Localised(repository.suspects, None))


async def _baseline(suite: Suite, hear: Hear) -> Baseline:
    hear(BaselineBegun(command=suite.command))
    baseline = await take_baseline(suite.tests)
    hear(
        BaselineTaken(
            failing=baseline.wanted,
            passing=len(baseline.passing),
            flickering=len(baseline.flickering),
            seconds=baseline.seconds,
        )
    )
    return baseline


def _folder(options: FixOptions) -> Path:
    folder = Path(options.path).expanduser()
    if not folder.is_dir():
        raise InputError(f"{str(options.path)!r} is no folder; give the folder of a checkout.")
    if not options.test.strip():
        raise InputError("no test command was given; give one, such as --test 'pytest -q'.")
    return folder.resolve()
