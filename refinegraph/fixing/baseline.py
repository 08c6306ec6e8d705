"""Where the failing tests of a checkout point, before anything is changed."""

import asyncio
from typing import NamedTuple

from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite
from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation import Spectrum, rank_suspects
from refinegraph.tools.localisation.recording import read_records
from refinegraph.tools.test_runs import Baseline

_SLOWDOWN = 12
"""How much longer tests may take while their lines are recorded; plain tracing, where there is no
coverage.py, costs about that in tight loops."""
_MOST_SUSPECTS = 400
"""Lines that are kept; beyond that, scores are those of code that every test executes."""


class Localised(NamedTuple):
    """Suspicious lines, and the lines that tests executed where that is known."""

    suspects: tuple[SuspectLine, ...]
    spectrum: Spectrum | None
    remark: str = ""
    """Why executed lines are not known; empty where they are."""


async def localise(
    suite: Suite, sources: Sources, baseline: Baseline, *, issue: str = ""
) -> Localised:
    """Return the most suspicious lines, and note whether the failing tests fail alone too.

    Costs one run of the test command where it is pytest's, to record executed lines, and one of
    the failing tests alone.
    """
    (spectrum, remark), suite.selects = await asyncio.gather(
        _record(suite, sources, baseline), _fails_alone(suite, baseline)
    )
    suspects = rank_suspects(
        sources.files,
        spectrum=spectrum,
        outputs=[outcome.traceback or outcome.error or "" for outcome in baseline.failing],
        text=issue,
        most=_MOST_SUSPECTS,
    )
    return Localised(suspects, spectrum, remark)


async def _fails_alone(suite: Suite, baseline: Baseline) -> bool:
    """Return whether the failing tests are found by name and fail without the others too."""
    if not baseline.wanted or not suite.selects:
        return False
    run = await suite.run(only=baseline.wanted)
    statuses = [run.tests[name].status if name in run.tests else None for name in baseline.wanted]
    return all(status not in (None, "passed", "not_run") for status in statuses)


async def _record(
    suite: Suite, sources: Sources, baseline: Baseline
) -> tuple[Spectrum | None, str]:
    if not suite.is_pytest:
        return None, "the command is not pytest's, so executed lines are not known"
    limit = 30 + _SLOWDOWN * baseline.seconds
    run = await suite.run(record=True, timeout=limit)
    recorded = read_records(run.records, files=sources.files.keys())
    failing, passing = set(baseline.wanted), set(baseline.passing)
    known = [
        test._replace(failed=test.test in failing)
        for test in recorded
        if test.test in failing or test.test in passing
    ]
    if not any(test.failed for test in known):
        return None, "no executed line of a failing test could be recorded"
    return Spectrum(known), ""
