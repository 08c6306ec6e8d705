"""Select the tests that may detect a mutant, from the coverage of every test function."""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mutant_making import BUILD, ROOT, Mutant, digest, relative, sources
from mutant_workers import Worker, Workers

SLOW = (
    *("test_conformance.py", "test_documents.py", "test_hostile_commands.py", "test_humaneval.py"),
    "test_postgres.py",
)
FAR = (
    *("batches", "cancellation", "cli", "cluster", "embedded", "fixing", "html", "mcp", "metrics"),
    *("models", "plugins", "repl", "rewards", "runs", "serving", "terminal"),
)
"""Folders of tests/ that start whole commands or test the layers above graphs/ and tools/, and are
the slowest to detect a change there."""
SURVEYS = (
    "test_frozen_values.py",
    "approved/test_approved.py::test_outcomes_are_those_that_were_approved[public_signatures]",
)
"""Tests in tests/ that inspect every definition without executing any function."""
SECONDS = 20.0
"""Seconds of tests per mutant: a sample of 200 then takes half an hour on two cores. The first
tests detect most mutants."""
COLLECTING = 0.2
"""Seconds that pytest takes to import a test file."""


@dataclass(frozen=True)
class Measured:
    """The seconds of every test function of a file, and the lines that it executes, by source."""

    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]
    digests: dict[str, str]


@dataclass(frozen=True)
class Selection:
    """Test functions for a mutant; `direct` if they execute its statement themselves.

    They take `seconds` together, and the slowest of them takes `longest`.
    """

    tests: list[str]
    seconds: float
    longest: float
    direct: bool


class Tests:
    """The lines that every test function executes."""

    def __init__(self, files: Sequence[Measured]) -> None:
        self.seconds = {name: time for file in files for name, time in file.seconds.items()}
        self.by_line: dict[str, dict[int, set[str]]] = {}
        self.sizes: dict[tuple[str, str], int] = {}
        self.totals: dict[str, int] = {}
        for file in files:
            for path, tests in file.lines.items():
                by_line = self.by_line.setdefault(path, {})
                for test, lines in tests.items():
                    self.sizes[path, test] = len(lines)
                    self.totals[test] = self.totals.get(test, 0) + len(lines)
                    for line in lines:
                        by_line.setdefault(line, set()).add(test)
        self.digest = hashlib.sha256(repr(sorted(self.seconds)).encode()).hexdigest()[:12]

    def running(self, path: str, lines: Iterable[int]) -> set[str]:
        """Return the test functions that execute at least one of the lines."""
        by_line = self.by_line.get(path, {})
        tests = set[str]()
        for line in lines:
            tests |= by_line.get(line, set())
        return tests

    def select(self, mutant: Mutant, source: str) -> Selection:
        """Return the tests for a mutant of a source, up to the time limit."""
        inside = function_lines(source)
        selection = self._select(mutant, source, inside)
        if mutant.start[0] in inside:
            return selection
        surveys = [f"tests/{name}" for name in SURVEYS]
        return replace(selection, tests=[*surveys, *selection.tests])

    def _select(self, mutant: Mutant, source: str, inside: set[int]) -> Selection:
        statement, *around = enclosing(source, mutant.start[0])
        if mutant.start[0] in inside:
            selected = self.running(mutant.path, statement)
            if selected:
                return self.affordable(mutant.path, selected, direct=True)
        elif name := imported_name(source, statement):
            selected = self.mentioning(name)
            if selected:
                return self.affordable(mutant.path, selected, direct=True)
        wider = (
            self.running(mutant.path, inside.intersection(lines)) for lines in (statement, *around)
        )
        selected = next((tests for tests in wider if tests), set[str]())
        return self.affordable(mutant.path, selected, direct=mutant.start[0] not in inside)

    def mentioning(self, name: str) -> set[str]:
        """Return the tests that execute a line of a function that contains a name."""
        word = re.compile(rf"\b{name}\b")
        selected: set[str] = set()
        for path in sources():
            source = path.read_text()
            if word.search(source):
                rows = enumerate(source.splitlines(), 1)
                lines = {number for number, row in rows if word.search(row)}
                selected |= self.running(relative(path), lines & function_lines(source))
        return selected

    def affordable(self, path: str, tests: set[str], *, direct: bool) -> Selection:
        """Return a module's own tests, then fast and specific ones, up to the time limit."""
        own = f"test_{Path(path).stem}.py::"
        cost_of_relevance = {
            test: self.seconds[test] / self.relevance(path, test) for test in tests
        }
        ranked = sorted(tests, key=lambda test: (own not in test, cost_of_relevance[test], test))
        chosen: list[str] = []
        spent, files = 0.0, set[str]()
        for test in ranked:
            file = test.partition("::")[0]
            cost = self.seconds[test] + COLLECTING * (file not in files)
            if not chosen or spent + cost < SECONDS:
                chosen.append(test)
                files.add(file)
                spent += cost
        longest = max((self.seconds[test] for test in chosen), default=0.0)
        return Selection(chosen, spent, longest, direct)

    def relevance(self, path: str, test: str) -> float:
        """Return the share of a test's executed lines that belong to a module."""
        return max(1, self.sizes.get((path, test), 0)) / max(1, self.totals.get(test, 0))


def enclosing(source: str, line: int) -> list[range]:
    """Return the lines of the statement at a line, then of the enclosing ones, up to the module."""
    ranges = [range(1, source.count("\n") + 2)]
    nodes: list[Any] = list(ast.parse(source).body)
    while nodes:
        node = nodes.pop()
        first = min([node.lineno, *(word.lineno for word in getattr(node, "decorator_list", ()))])
        if not first <= line <= (node.end_lineno or first):
            continue
        whole = range(first, (node.end_lineno or first) + 1)
        inner: list[Any] = [part for part in ast.walk(node) if part is not node and _is_block(part)]
        header = min([part.lineno for part in inner], default=whole.stop)
        ranges.append(whole)
        if line < header and inner:
            ranges.append(range(first, header))
        nodes = [part for part in ast.iter_child_nodes(node) if _is_block(part)]
        nodes += [case for part in ast.iter_child_nodes(node) for case in _cases(part)]
    return ranges[::-1]


def _is_block(node: Any) -> bool:
    return isinstance(node, ast.stmt)


def _cases(node: Any) -> list[Any]:
    return list(node.body) if isinstance(node, ast.match_case | ast.ExceptHandler) else []


def function_lines(source: str) -> set[int]:
    """Return the lines of function bodies, which an import does not execute."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, functions)
        for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)
    }


def imported_name(source: str, lines: range) -> str:
    """Return the name that a statement of a module or class assigns, or an empty string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno == lines.start:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return ast.unparse(target) if isinstance(target, ast.Name) else ""
    return ""


def measured(workers: Workers) -> list[Measured]:
    """Return what every test file executes, measured again if it or its sources changed."""
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if is_near(path)]
    found = [found for found in workers.map(measure, files) if found is not None]
    if len(found) < len(files):
        missing = f"{len(files) - len(found)} of {len(files)} test files are not measured yet"
        raise SystemExit(f"{missing}; the same command continues with them")
    if sum(not found.seconds for found in found) > len(files) // 2:
        raise SystemExit("most test files fail even without a mutant; run the tests first")
    return found


def is_near(test: Path) -> bool:
    """Return whether a test file is fast enough to detect a mutant within the time limit."""
    return test.name not in SLOW and test.parent.name not in FAR


def measure(test: Path, worker: Worker) -> Measured:
    """Run one test file under coverage, and leave out the tests that fail."""
    kept = BUILD / "coverage" / f"{relative(test).replace('/', '-')}.json"
    helpers = sorted(path for path in test.parent.glob("*.py") if not path.match("test_*.py"))
    if kept.exists():
        stored = Measured(**json.loads(kept.read_text()))
        if stored.digests == digests([relative(test), *stored.lines, *map(relative, helpers)]):
            return stored
    reply = worker.run([relative(test)], 600.0, measure=True)
    if "lines" not in reply:
        nothing: dict[str, Any] = {"seconds": {}, "lines": {}, "failed": [relative(test)]}
        reply = nothing
    print(f"measured {relative(test)}", flush=True)
    for name in reply["failed"]:
        print(f"left out because it fails without a mutant: {name}", flush=True)
    paths = [relative(test), *reply["lines"], *map(relative, helpers)]
    measured = Measured(reply["seconds"], reply["lines"], digests(paths))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(measured)))
    return measured


def digests(paths: Sequence[str]) -> dict[str, str]:
    """Return the digests of files; a missing file has none."""
    return {path: digest([ROOT / path]) if (ROOT / path).exists() else "" for path in paths}
