"""Faults that are put into a package: changes of one place that some of its tests notice."""

import ast
import difflib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from repair_forks import ForkedRun, ForkedTests

from refinegraph.fixing.sources import Sources, read_sources
from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation import ExecutedLines, Line
from refinegraph.tools.localisation.recording import read_records
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations

_MOST_FAILING = 30
"""A fault that fails more tests than this breaks something that everything stands on."""
_DRAWS = 12
"""Changes that are tried before a seed is given up: about a third of them are noticed."""
_PLACES = 60
"""Lines that are tried for a place where an operator applies."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Executed = Mapping[str, frozenset[Line]]
"""The lines that every test executes."""


class Healthy(NamedTuple):
    """A package as it is."""

    name: str
    tests: ForkedTests
    sources: Sources
    executed: Executed
    """The lines of the tests that pass in two runs."""
    seconds: float
    """The processor time of a run of all tests."""

    @property
    def lines(self) -> list[Line]:
        """Every line that a test executes, in order."""
        return sorted({line for lines in self.executed.values() for line in lines})


class Fault(NamedTuple):
    """A package with a fault."""

    mutation: Mutation
    original: str
    """The file before."""
    failing: Mapping[str, str]
    """What the failing tests print, by name."""
    executed: Executed
    """The lines of all tests that passed before, in the faulty package."""

    @property
    def passing(self) -> list[str]:
        """The tests that still pass, in order."""
        return sorted(name for name in self.executed if name not in self.failing)


def measure(name: str, root: Path, arguments: Sequence[str]) -> Healthy:
    """Run the tests of a package as it is, and record what they execute."""
    tests, sources = ForkedTests(root, arguments), read_sources(root)
    tests.run(keep_bytecode=True)
    first, second = tests.run(), tests.run(record=True)
    executed = {
        test: lines
        for test, lines in executed_lines(second, sources).items()
        if first.passes(test) and second.passes(test)
    }
    return Healthy(name, tests, sources, executed, first.seconds)


def draw_fault(healthy: Healthy, seed: int) -> Fault | None:
    """Return the fault of a seed: a kind of change, then a place; None where none is noticed.

    The kind is drawn evenly, so that frequent kinds of places do not decide what is measured.
    """
    draw, lines = random.Random(f"{healthy.name}:{seed}"), healthy.lines
    for _ in range(_DRAWS):
        mutation = _draw(healthy, lines, draw)
        fault = _noticed(healthy, mutation) if mutation else None
        if fault:
            return fault
    return None


def _draw(healthy: Healthy, lines: Sequence[Line], draw: random.Random) -> Mutation | None:
    operator = draw.choice(OPERATORS)
    for _ in range(_PLACES):
        line = draw.choice(lines)
        suspect = SuspectLine(path=line.path, line=line.number, score=1.0)
        sources = {line.path: healthy.sources.files[line.path]}
        found = list(mutations(sources, [suspect], operators=[operator]))
        if found:
            return draw.choice(found)
    return None


def _noticed(healthy: Healthy, mutation: Mutation) -> Fault | None:
    """Run the tests that reach the change; return None unless some, but not too many, notice it."""
    path, original = mutation.path, healthy.sources.files[mutation.path]
    names = tests_reaching(healthy.executed, path, original, mutation.text)
    changes, limit = {path: mutation.text}, time_limit(healthy, slower=10)
    run = healthy.tests.run(changes, only=names, limit=limit, first=True)
    if run.code == 0:
        return None
    run = healthy.tests.run(changes, only=names, record=True, limit=limit)
    failing = {name: run.texts.get(name, "") for name in names if not run.passes(name)}
    if not failing or len(failing) > _MOST_FAILING or not set(names) <= set(run.statuses):
        return None
    return Fault(mutation, original, failing, _after(healthy, mutation, original, run))


def time_limit(healthy: Healthy, *, slower: float = 4) -> float:
    """Return the seconds of processor time after which a run of some tests is killed."""
    return 0.5 + slower * healthy.seconds


def _after(healthy: Healthy, mutation: Mutation, original: str, run: ForkedRun) -> Executed:
    """Return what every test executes in the faulty package.

    Tests that do not reach the change execute what they did, on lines that may have moved.
    """
    moved = moved_lines(original, mutation.text)
    again = executed_lines(run, healthy.sources)
    return {
        name: again.get(name) or frozenset(_renumbered(lines, mutation.path, moved))
        for name, lines in healthy.executed.items()
    }


def executed_lines(run: ForkedRun, sources: Sources) -> dict[str, frozenset[Line]]:
    """Return the lines of a recorded run, by test."""
    recorded = read_records(run.records, files=sources.python().keys())
    return {test.test: test.lines for test in recorded}


def spectrum_tests(executed: Executed, failing: Iterable[str]) -> list[ExecutedLines]:
    """Return the executed lines in the form that localisation reads."""
    failed = set(failing)
    return [ExecutedLines(name, name in failed, lines) for name, lines in executed.items()]


def tests_reaching(executed: Executed, path: str, before: str, after: str) -> list[str]:
    """Return the tests that a change of a file can affect.

    These are the tests that execute the function which the change lies in, or any line of the
    file if it lies in none.
    """
    lines = _reached_lines(before, after)
    return sorted(
        name
        for name, places in executed.items()
        if any(line.path == path and (lines is None or line.number in lines) for line in places)
    )


def _reached_lines(before: str, after: str) -> range | None:
    """Return the body of the innermost function around a change, or None if there is none."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    first, last = changed[0][1] + 1, max(changed[-1][2], changed[0][1] + 1)
    bodies = [
        range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        for node in ast.walk(ast.parse(before))
        if isinstance(node, _FUNCTIONS)
    ]
    around = [body for body in bodies if first in body and last in body]
    return min(around, key=len) if around else None


def moved_lines(before: str, after: str) -> dict[int, int]:
    """Return the new number of every line that two versions of a file share.

    A line that takes the place of another one counts as the same line.
    """
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return {
        old + offset + 1: new + offset + 1
        for kind, old, old_end, new, new_end in matcher.get_opcodes()
        if kind in ("equal", "replace")
        for offset in range(min(old_end - old, new_end - new))
    }


def _renumbered(lines: Iterable[Line], path: str, moved: Mapping[int, int]) -> Iterator[Line]:
    for line in lines:
        if line.path != path:
            yield line
        elif line.number in moved:
            yield Line(path, moved[line.number])
