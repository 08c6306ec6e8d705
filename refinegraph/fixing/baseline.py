"""Localise the fault of a checkout from its failing tests, before anything is changed."""

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation import Spectrum, rank_suspects
from refinegraph.tools.localisation.recording import read_records
from refinegraph.tools.test_runs import Baseline
from refinegraph.tools.test_runs.commands import split_command

_SLOWDOWN = 12
"""The factor by which tests may be slower while their lines are recorded. Tracing without
coverage.py costs about that much in tight loops."""
_MAX_SUSPECTS = 400
"""The number of lines to keep; less suspicious lines score like code that every test executes."""


class Localised(NamedTuple):
    """The suspicious lines, and the lines that every test executed if they are known."""

    suspects: tuple[SuspectLine, ...]
    spectrum: Spectrum | None
    remark: str = ""
    """Why the executed lines are unknown; empty if they are known."""
    flaky: tuple[str, ...] = ()
    """Tests that failed in every run of the baseline, but not when their lines were recorded."""


async def localise(
    suite: Suite, sources: Sources, baseline: Baseline, *, issue: str = ""
) -> Localised:
    """Return the most suspicious lines, and set `suite.selects` to whether tests can be run alone.

    If the test command is pytest's, this costs one run of it to record executed lines and one run
    of only the failing tests.
    """
    recorded, alone = await asyncio.gather(
        _record(suite, sources, baseline), _alone(suite, baseline)
    )
    steady = baseline.ignoring(recorded.flaky)
    suite.selects = alone is not None and _all_fail(alone, steady.failing_ids)
    # Without executed lines, what a test calls is the best hint.
    named = () if recorded.spectrum else _named_tests(suite, sources)
    suspects = rank_suspects(
        sources.files,
        spectrum=recorded.spectrum,
        outputs=[outcome.traceback or outcome.error or "" for outcome in steady.failing],
        text="\n".join((issue, *named)).strip(),
        limit=_MAX_SUSPECTS,
    )
    return Localised(suspects, recorded.spectrum, recorded.remark, recorded.flaky)


def _named_tests(suite: Suite, sources: Sources) -> list[str]:
    """Return the texts of the test scripts that the command names."""
    names = {PurePosixPath(word).name for word in split_command(suite.command)}
    return [text for path, text in sources.protected.items() if PurePosixPath(path).name in names]


async def _alone(suite: Suite, baseline: Baseline) -> SuiteRun | None:
    """Run only the failing tests, if tests can be run by name."""
    if not baseline.failing_ids or not suite.selects:
        return None
    return await suite.run(only=baseline.failing_ids)


def _all_fail(run: SuiteRun, names: Sequence[str]) -> bool:
    """Return whether there are such tests and each of them was run and failed."""
    statuses = [run.tests[name].status if name in run.tests else None for name in names]
    return bool(names) and all(status not in (None, "passed", "not_run") for status in statuses)


class _Recorded(NamedTuple):
    spectrum: Spectrum | None = None
    remark: str = ""
    flaky: tuple[str, ...] = ()


async def _record(suite: Suite, sources: Sources, baseline: Baseline) -> _Recorded:
    if not suite.is_pytest:
        return _Recorded(
            remark="the command does not run pytest, so the executed lines are unknown"
        )
    limit = 30 + _SLOWDOWN * baseline.seconds
    run = await suite.run(record=True, timeout=limit)
    flaky = tuple(
        name for name in baseline.failing_ids if name in run.tests and run.tests[name].passed
    )
    recorded = read_records(run.records, files=sources.files.keys())
    failing, passing = set(baseline.failing_ids).difference(flaky), set(baseline.passing)
    tests = [
        test._replace(failed=test.test in failing)
        for test in recorded
        if test.test in failing or test.test in passing
    ]
    if failing and not any(test.failed for test in tests):
        remark = "no executed lines of a failing test could be recorded"
        return _Recorded(remark=remark, flaky=flaky)
    return _Recorded(Spectrum(tests), flaky=flaky)
