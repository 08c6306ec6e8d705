"""How far a patch moves the execution of tests away from what it was.

A correct patch changes what failing tests execute and hardly changes what passing tests execute
(PATCH-SIM, Xiong et al., ICSE 2018, arXiv 1706.09120). A patch that merely passes the tests often
sends passing tests along other paths.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite
from refinegraph.tools.localisation import Line, Spectrum
from refinegraph.tools.localisation.recording import read_records
from refinegraph.tools.patches import apply_patch, changed_lines
from refinegraph.tools.test_runs import Baseline

_MAX_TESTS = 200
"""Tests to record for one patch: enough for a mean. A choice."""
_PATIENCE, _SLOWDOWN = 30.0, 12.0
"""Seconds, and the factor by which recorded tests may be slower, as when a fault is localised."""

Executed = Mapping[str, frozenset[Line]]
"""The executed lines by test."""
Moved = Mapping[str, Mapping[int, int]]
"""The new number of every old line that a patch keeps, by path of the changed files."""


class Drift(NamedTuple):
    """The mean distances between the executed lines of tests before and after a patch, 0 to 1."""

    passing: float
    """Of the tests that passed before; a lower value speaks for the patch."""
    failing: float
    """Of the tests that failed before."""


def drift(before: Executed, after: Executed, moved: Moved, failing: Iterable[str]) -> Drift:
    """Return the drift of the tests in `after`.

    The distance between two sets of lines is Jaccard's. Lines that the patch adds or removes are
    compared like all others.

    Args:
        before: The executed lines of at least the tests in `after`, without the patch.
        after: The executed lines with the patch.
        moved: The lines that the patch moves.
        failing: The tests that failed before.
    """
    failed = set(failing)
    distances: dict[bool, list[float]] = {True: [], False: []}
    for test, lines in after.items():
        if test in before:
            old = frozenset(_renumbered(before[test], moved))
            distances[test in failed].append(_distance(old, lines))
    return Drift(_mean(distances[False]), _mean(distances[True]))


def moved_lines(before: str, after: str) -> dict[int, int]:
    r"""Return the new number of every line that two versions of a file share.

    A line that takes the place of another one counts as the same line.

    >>> moved_lines("a\nb\n", "a\nnew\nB\n")
    {1: 1, 2: 2}
    >>> moved_lines("a\nb\n", "a\nnew\nb\n")
    {1: 1, 2: 3}
    """
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return {
        old + offset + 1: new + offset + 1
        for kind, old, old_end, new, new_end in matcher.get_opcodes()
        if kind in ("equal", "replace")
        for offset in range(min(old_end - old, new_end - new))
    }


def _renumbered(lines: Iterable[Line], moved: Moved) -> Iterator[Line]:
    """Yield lines under their new numbers; a line that the patch removes keeps a number of none."""
    for line in lines:
        numbers = moved.get(line.path)
        yield line if numbers is None else Line(line.path, numbers.get(line.number, -line.number))


def _distance(before: frozenset[Line], after: frozenset[Line]) -> float:
    union = before | after
    return 1 - len(before & after) / len(union) if union else 0.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


class measure_drift:
    """Measure the drift of patches, at the cost of one recorded run of some tests each.

    The tests are those that failed before, and those that passed and execute a line that the patch
    changes; nothing else can differ.
    """

    def __init__(
        self, suite: Suite, sources: Sources, baseline: Baseline, spectrum: Spectrum
    ) -> None:
        self.suite = suite
        self.sources = sources
        self.baseline = baseline
        self.spectrum = spectrum
        self._before = {test.test: test.lines for test in spectrum.tests}

    async def __call__(self, patch: str) -> Drift:
        """Return the drift of a patch that applies."""
        changes = apply_patch(patch, self.sources.files.get)
        limit = _PATIENCE + _SLOWDOWN * self.baseline.seconds
        run = await self.suite.run(changes, only=self._names(patch), record=True, timeout=limit)
        recorded = read_records(run.records, files={*self.sources.files, *changes})
        after = {test.test: test.lines for test in recorded}
        texts = {path: (self.sources.files.get(path) or "", text) for path, text in changes.items()}
        moved = {path: moved_lines(before, text or "") for path, (before, text) in texts.items()}
        return drift(self._before, after, moved, self.baseline.failing_ids)

    def _names(self, patch: str) -> list[str]:
        lines = changed_lines(patch)
        places = [Line(path, number) for path, numbers in lines.items() for number in numbers]
        reaching = self.spectrum.tests_on(places)
        return list(dict.fromkeys([*self.baseline.failing_ids, *reaching]))[:_MAX_TESTS]
