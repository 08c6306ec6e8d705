"""Spectrum-based fault localisation: lines that failing tests execute and passing ones do not."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from refinegraph.errors import InputError


class Line(NamedTuple):
    """A line of a file."""

    path: str
    number: int
    """Counted from 1."""


class ExecutedLines(NamedTuple):
    """The lines that one test executed."""

    test: str
    failed: bool
    lines: frozenset[Line]


class Counts(NamedTuple):
    """How many failing and passing tests executed a line, and how many there are in total."""

    failed_on: int
    passed_on: int
    failed: int
    passed: int


Formula = Callable[[Counts], float]


def _ochiai(counts: Counts) -> float:
    """Ochiai (Abreu et al., 2007): the cosine between failing and executing the line."""
    executed = counts.failed_on + counts.passed_on
    product = counts.failed * executed
    return counts.failed_on / math.sqrt(product) if product else 0.0


def _tarantula(counts: Counts) -> float:
    """Tarantula (Jones and Harrold, 2005): the share of failures among shares of executions."""
    failing = counts.failed_on / counts.failed if counts.failed else 0.0
    passing = counts.passed_on / counts.passed if counts.passed else 0.0
    return failing / (failing + passing) if failing else 0.0


def _dstar(counts: Counts) -> float:
    """D* with exponent 2 (Wong et al., 2014), mapped from 0 to infinity onto 0 to 1."""
    missed = counts.failed - counts.failed_on
    against = counts.passed_on + missed
    squared = counts.failed_on**2
    return squared / (squared + against) if squared else 0.0


FORMULAS: Mapping[str, Formula] = {"ochiai": _ochiai, "dstar": _dstar, "tarantula": _tarantula}
"""Formulas by name. All of them score a line that no failing test executed as 0."""


def suspiciousness(counts: Counts, formula: str = "ochiai") -> float:
    """Return the suspiciousness of a line, from 0 to 1.

    Raises `InputError` for a formula that is not in `FORMULAS`.

    >>> suspiciousness(Counts(failed_on=2, passed_on=0, failed=2, passed=9))
    1.0
    >>> suspiciousness(Counts(failed_on=1, passed_on=9, failed=1, passed=9), "tarantula")
    0.5
    """
    if formula not in FORMULAS:
        raise InputError(f"unknown formula {formula!r}; expected one of {', '.join(FORMULAS)}.")
    return FORMULAS[formula](counts)


class Spectrum:
    """The lines that every test executed, in a repository or in a single program.

    >>> spectrum = Spectrum([
    ...     ExecutedLines("test_a", True, frozenset({Line("m.py", 1), Line("m.py", 2)})),
    ...     ExecutedLines("test_b", False, frozenset({Line("m.py", 1)})),
    ... ])
    >>> spectrum.scores()[Line("m.py", 2)]
    1.0
    """

    def __init__(self, tests: Iterable[ExecutedLines]) -> None:
        self.tests = tuple(tests)
        self._failed_on: Counter[Line] = Counter()
        self._passed_on: Counter[Line] = Counter()
        for test in self.tests:
            (self._failed_on if test.failed else self._passed_on).update(test.lines)
        self.failed = sum(test.failed for test in self.tests)
        self.passed = len(self.tests) - self.failed

    def scores(self, formula: str = "ochiai") -> dict[Line, float]:
        """Return the suspiciousness of every line that a failing test executed."""
        return {line: suspiciousness(self.counts(line), formula) for line in self._failed_on}

    def counts(self, line: Line) -> Counts:
        """Return how many failing and passing tests executed a line."""
        return Counts(self._failed_on[line], self._passed_on[line], self.failed, self.passed)

    def tests_on(self, lines: Iterable[Line]) -> list[str]:
        """Return the tests that executed any of the lines, in the order of the suite."""
        line_set = frozenset(lines)
        return [test.test for test in self.tests if not line_set.isdisjoint(test.lines)]
