"""Localise the fault of a checkout from its failing tests, before anything is changed."""

import asyncio
from pathlib import PurePosixPath
from typing import NamedTuple

from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite
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


async def localise(
    suite: Suite, sources: Sources, baseline: Baseline, *, issue: str = ""
) -> Localised:
    """Return the most suspicious lines, and set `suite.selects` to whether tests can be run alone.

    If the test command is pytest's, this costs one run of it to record executed lines and one run
    of only the failing tests.
    """
    (spectrum, remark), suite.selects = await asyncio.gather(
        _record(suite, sources, baseline), _fails_alone(suite, baseline)
    )
    # Without executed lines, what a test calls is the best hint.
    named = () if spectrum else _named_tests(suite, sources)
    suspects = rank_suspects(
        sources.files,
        spectrum=spectrum,
        outputs=[outcome.traceback or outcome.error or "" for outcome in baseline.failing],
        text="\n".join((issue, *named)).strip(),
        limit=_MAX_SUSPECTS,
    )
    return Localised(suspects, spectrum, remark)


def _named_tests(suite: Suite, sources: Sources) -> list[str]:
    """Return the texts of the test scripts that the command names."""
    names = {PurePosixPath(word).name for word in split_command(suite.command)}
    return [text for path, text in sources.protected.items() if PurePosixPath(path).name in names]


async def _fails_alone(suite: Suite, baseline: Baseline) -> bool:
    """Return whether the failing tests can be run by name and also fail without the others."""
    if not baseline.failing_ids or not suite.selects:
        return False
    run = await suite.run(only=baseline.failing_ids)
    statuses = [
        run.tests[name].status if name in run.tests else None for name in baseline.failing_ids
    ]
    return all(status not in (None, "passed", "not_run") for status in statuses)


async def _record(
    suite: Suite, sources: Sources, baseline: Baseline
) -> tuple[Spectrum | None, str]:
    if not suite.is_pytest:
        return None, "the command does not run pytest, so the executed lines are unknown"
    limit = 30 + _SLOWDOWN * baseline.seconds
    run = await suite.run(record=True, timeout=limit)
    recorded = read_records(run.records, files=sources.files.keys())
    failing, passing = set(baseline.failing_ids), set(baseline.passing)
    tests = [
        test._replace(failed=test.test in failing)
        for test in recorded
        if test.test in failing or test.test in passing
    ]
    if not any(test.failed for test in tests):
        return None, "no executed lines of a failing test could be recorded"
    return Spectrum(tests), ""
