"""Whether the tests notice when a line of graphs/ or tools/ is wrong: a sample of mutants.

    make mutants                                   # 200 mutants, seed 0: about 30 minutes
    .venv/bin/python benchmarks/mutants.py --count 50 --seed 1

cosmic-ray makes the mutants. Each is tried in a copy of the repository with the doctests of its
module and with the tests that execute its statement, as coverage says by test function: first those
of the module's own test file, then the quickest, for `SECONDS` seconds. A constant or the default
of a field or a parameter is executed by an import alone: its tests are those that execute a
line that mentions its name, or else the class or the module. A statement that no test executes is
tried with the tests of the function or module around it, which may execute it in another process,
and is `untested` where these do not notice either.

A sample is of places, so that no place counts for its many operators. Left out are changes that
no behaviour shows:

- `strict=True` of `zip`: it differs only where the caller is wrong in a way that it excludes.
- `daemon=True` of a thread: it differs only where the interpreter ends before the thread does.
- `slots=True`: it saves memory.
- the decorators `overload`, `override`, `final` and `abstractmethod`: type checkers read them.
- `==` and `!=` replaced by `is` and `is not` beside a literal: that `1 is 1` holds is an
  implementation detail, and the warning about it would count as a failing test.
- operators on `|`, which is a type nearly everywhere; such mutants do not even import.

Everything else counts, including `frozen=True` (assigning shows it), `repr=False`, limits and tuned
constants. The guests, the conformance suites and the guard of test runs are not mutated: they run
where coverage does not see them, and have attacks as their tests.

Results are kept below build/mutants: a run that was interrupted continues where it was, and a test
file is measured again only after it, or what it executes, has changed. Prints the mutants that
survived and those of statements that no test executes.
"""

import argparse
import ast
import difflib
import hashlib
import importlib
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

# Neither is typed, nor installed for the tests.
syntax: Any = importlib.import_module("cosmic_ray.ast")
mutating: Any = importlib.import_module("cosmic_ray.mutating")
plugins: Any = importlib.import_module("cosmic_ray.plugins")

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "mutants"
SOURCES = ("graphs", "tools")
LEFT_OUT = re.compile(r"tools/(?:.*/)?(?:guest|guard|conformance)/")
"""Programs that run inside a sandbox or a tested project, and the suites that attack them."""
SLOW = ("test_conformance.py", "test_documents.py", "test_humaneval.py", "test_postgres.py")
FAR = ("cancellation", "cli", "embedded", "repl", "terminal")
"""Folders of tests/ that start whole commands, the last to notice one line."""
SECONDS = 20.0
"""Of tests for one mutant: a sample of 200 then takes half an hour on two cores."""
COLLECTING = 0.2
"""Seconds that pytest takes to import a test file."""
FATES = ("killed", "survived", "untested")


@dataclass(frozen=True)
class Mutant:
    """One change of one file, of the text from `start` to `end` (line and column)."""

    path: str
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]

    @property
    def key(self) -> str:
        """Its name in the file of results."""
        return f"{self.path}:{self.start[0]} {self.operator} {self.occurrence}"


@dataclass(frozen=True)
class Result:
    """What became of a mutant, the change, the test that failed, and a digest of all tests."""

    key: str
    fate: str
    change: str
    by: str
    tests: str


@dataclass(frozen=True)
class Measured:
    """The seconds of each test function of a file, and the lines it executes, by source."""

    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]
    digests: dict[str, str]


@dataclass(frozen=True)
class Selection:
    """Test functions for a mutant; `direct` if they execute its statement by themselves."""

    tests: list[str]
    seconds: float
    direct: bool


def main() -> None:
    """Sample, try and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutate only paths that begin like this")
    options = parser.parse_args()
    workers = Workers(options.jobs, f"{options.seed}")
    tests = Tests(measured(workers))
    chosen = sample(options.count, options.seed, options.only)
    file = BUILD / f"results-{digest(sources())}-{options.seed}.jsonl"
    done = {result.key for result in read(file) if result.fate == "killed" or tests.same(result)}
    left = [mutant for mutant in chosen if mutant.key not in done]
    print(f"{len(chosen)} mutants, {len(chosen) - len(left)} of them tried before", flush=True)
    try_all(left, tests, file, workers)
    latest = {result.key: result for result in read(file)}
    report([latest[mutant.key] for mutant in chosen])


def report(results: Sequence[Result]) -> None:
    """Print what the tests did not notice, and the score."""
    for fate in ("survived", "untested"):
        for result in sorted(results, key=lambda result: result.key):
            if result.fate == fate:
                print(f"\n{fate}: {result.key}\n{result.change}")
    counts = {fate: sum(result.fate == fate for result in results) for fate in FATES}
    killed = counts["killed"] / max(1, len(results))
    print(f"\n{', '.join(f'{count} {fate}' for fate, count in counts.items())}: {killed:.1%}")


def sources(only: str = "") -> list[Path]:
    """Return the files that are mutated."""
    found = (path for name in SOURCES for path in (ROOT / name).rglob("*.py"))
    return sorted(
        path
        for path in found
        if not LEFT_OUT.match(relative(path)) and relative(path).startswith(only)
    )


def relative(path: Path) -> str:
    """Return a path as it is written in results."""
    return str(path.relative_to(ROOT))


def digest(paths: Sequence[Path]) -> str:
    """Return a short digest of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def read(file: Path) -> Iterator[Result]:
    """Yield the results so far; skip a line that was cut off."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            yield Result(**json.loads(line))
        except ValueError:
            continue


# --- mutants ---


def sample(count: int, seed: int, only: str) -> list[Mutant]:
    """Return one mutant of each of some places."""
    places: dict[tuple[str, Any], list[Mutant]] = {}
    for path in sources(only):
        for mutant in mutants_of(path):
            places.setdefault((mutant.path, (mutant.start, mutant.end)), []).append(mutant)
    rng = random.Random(seed)
    chosen = rng.sample(sorted(places), min(count, len(places)))
    return [rng.choice(places[place]) for place in chosen]


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file that behaviour may show."""
    tree = syntax.get_ast_from_path(path)
    unseen = equivalents(path.read_text())
    for name in sorted(plugins.operator_names()):
        if "_BitOr_" in name or "Variable" in name:
            continue
        operator: Any = plugins.get_operator(name)()
        places = (
            place for node in syntax.ast_nodes(tree) for place in operator.mutation_positions(node)
        )
        kind = name.removeprefix("core/")
        for occurrence, (start, end) in enumerate(places):
            if not any(kind.endswith(ending) and start in at for ending, at in unseen.items()):
                yield Mutant(relative(path), name, occurrence, tuple(start), tuple(end))


SETTINGS = {"strict": "zip", "daemon": "Thread", "slots": "dataclass"}
DECORATORS = ("overload", "override", "final", "abstractmethod")


def equivalents(source: str) -> dict[str, set[tuple[int, int]]]:
    """Return where changes begin that no behaviour shows, by the ending of their operator."""
    trues: set[tuple[int, int]] = set()
    decorators: set[tuple[int, int]] = set()
    comparisons: set[tuple[int, int]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            trues |= {
                (word.value.lineno, word.value.col_offset)
                for word in node.keywords
                if called.endswith(SETTINGS.get(word.arg or "", "no such call"))
            }
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            decorators |= {
                (word.lineno, word.col_offset - 1)
                for word in node.decorator_list
                if ast.unparse(word).endswith(DECORATORS)
            }
        elif isinstance(node, ast.Compare):
            comparisons |= _beside_literals(node)
    identities = dict.fromkeys(("_Eq_Is", "_NotEq_IsNot"), comparisons)
    return {"ReplaceTrueWithFalse": trues, "RemoveDecorator": decorators, **identities}


def _beside_literals(node: ast.Compare) -> set[tuple[int, int]]:
    operands = [node.left, *node.comparators]
    if not any(isinstance(operand, ast.Constant) for operand in operands):
        return set()
    first, last = operands[0], operands[-1]
    columns = range(first.col_offset, 200 if last.lineno > first.lineno else last.col_offset)
    return {(line, at) for line in range(first.lineno, last.lineno + 1) for at in columns}


# --- tests ---


class Tests:
    """Which test functions execute which lines."""

    def __init__(self, files: Sequence[Measured]) -> None:
        self.seconds = {name: time for file in files for name, time in file.seconds.items()}
        self.by_line: dict[str, dict[int, set[str]]] = {}
        for file in files:
            for path, tests in file.lines.items():
                by_line = self.by_line.setdefault(path, {})
                for test, lines in tests.items():
                    for line in lines:
                        by_line.setdefault(line, set()).add(test)
        self.digest = hashlib.sha256(repr(sorted(self.seconds)).encode()).hexdigest()[:12]

    def same(self, result: Result) -> bool:
        """Return whether a result is of these tests."""
        return result.tests == self.digest

    def running(self, path: str, lines: range) -> set[str]:
        """Return the test functions that execute one of some lines."""
        by_line = self.by_line.get(path, {})
        return set().union(*(by_line.get(line, ()) for line in lines))

    def select(self, mutant: Mutant) -> Selection:
        """Return the tests for a mutant, as many as the time allows."""
        source = (ROOT / mutant.path).read_text()
        statement, *around = enclosing(source, mutant.start[0])
        found, direct = self.running(mutant.path, statement), True
        if not found and (name := imported_name(source, statement)):
            found = self.mentioning(name)
        if not found:
            direct = not in_function(source, mutant.start[0])
            wider = (self.running(mutant.path, lines) for lines in around)
            found = next((tests for tests in wider if tests), set[str]())
        return self.affordable(mutant.path, found, direct)

    def mentioning(self, name: str) -> set[str]:
        """Return the tests that execute a line in which a name occurs."""
        word = re.compile(rf"\b{name}\b")
        found: set[str] = set()
        for path in map(relative, sources()):
            for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
                if word.search(line):
                    found |= self.running(path, range(number, number + 1))
        return found

    def affordable(self, path: str, tests: set[str], direct: bool) -> Selection:
        """Return a module's own tests, then the quickest, until the time is used up."""
        own = f"test_{Path(path).stem}.py::"
        chosen: list[str] = []
        spent, files = 0.0, set[str]()
        for test in sorted(tests, key=lambda test: (own not in test, self.seconds[test], test)):
            file = test.partition("::")[0]
            cost = self.seconds[test] + COLLECTING * (file not in files)
            if not chosen or spent + cost < SECONDS:
                chosen.append(test)
                files.add(file)
                spent += cost
        return Selection(chosen, spent, direct)


def enclosing(source: str, line: int) -> list[range]:
    """Return the lines of the statement at a line, then of those around it, up to the module."""
    found = [range(1, source.count("\n") + 2)]
    nodes: list[Any] = list(ast.parse(source).body)
    while nodes:
        node = nodes.pop()
        first = min([node.lineno, *(word.lineno for word in getattr(node, "decorator_list", ()))])
        if not first <= line <= (node.end_lineno or first):
            continue
        whole = range(first, (node.end_lineno or first) + 1)
        inner = [part for part in ast.walk(node) if part is not node and _is_block(part)]
        header = min([part.lineno for part in inner], default=whole.stop)
        found.append(whole)
        if line < header and inner:
            found.append(range(first, header))
        nodes = [part for part in ast.iter_child_nodes(node) if _is_block(part)]
        nodes += [case for part in ast.iter_child_nodes(node) for case in _cases(part)]
    return found[::-1]


def _is_block(node: Any) -> bool:
    return isinstance(node, ast.stmt)


def _cases(node: Any) -> list[Any]:
    return list(node.body) if isinstance(node, ast.match_case | ast.ExceptHandler) else []


def in_function(source: str, line: int) -> bool:
    """Return whether a line is of a function's body, so that an import does not execute it."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(
        isinstance(node, functions) and node.body[0].lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(source))
    )


def imported_name(source: str, lines: range) -> str:
    """Return the name that a statement of a module or a class assigns, or nothing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno == lines.start:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return "" if in_function(source, node.lineno) else ast.unparse(target)
    return ""


def measured(workers: "Workers") -> list[Measured]:
    """Return what each test file executes, measured now where it or its sources changed."""
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if is_near(path)]
    found = [found for found in workers.map(measure, files) if found is not None]
    if len(found) < len(files) // 2:
        raise SystemExit("most test files fail without any mutant; run the tests first")
    return found


def is_near(test: Path) -> bool:
    """Return whether a test file may notice a mutant within the time that one is given."""
    return test.name not in SLOW and test.parent.name not in FAR


def measure(test: Path, worker: "Worker") -> Measured | None:
    """Run one test file under coverage; None where it fails."""
    kept = BUILD / "coverage" / f"{relative(test).replace('/', '-')}.json"
    helpers = sorted(path for path in test.parent.glob("*.py") if not path.match("test_*.py"))
    if kept.exists():
        known = Measured(**json.loads(kept.read_text()))
        if known.digests == digests([relative(test), *known.lines, *map(relative, helpers)]):
            return known
    reply = worker.run([relative(test)], 600.0, measure=True)
    print(f"measured {relative(test)}", flush=True)
    if reply["failed"]:
        print(f"left out, since it fails: {relative(test)} ({reply['by']})", flush=True)
        return None
    paths = [relative(test), *reply["lines"], *map(relative, helpers)]
    found = Measured(reply["seconds"], reply["lines"], digests(paths))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(found)))
    return found


def digests(paths: Sequence[str]) -> dict[str, str]:
    """Return the digests of files; of one that is gone, nothing."""
    return {path: digest([ROOT / path]) if (ROOT / path).exists() else "" for path in paths}


# --- trying ---


class Worker:
    """A process that runs tests in a copy of the repository."""

    def __init__(self, place: Path) -> None:
        self.place = copy(place)
        words = [sys.executable, str(ROOT / "benchmarks" / "mutant_runs.py"), str(place)]
        environment = {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            ["env", *(f"{name}={value}" for name, value in environment.items()), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, tests: Sequence[str], limit: float, *, measure: bool = False) -> dict[str, Any]:
        """Run tests in a fork of the process; one that takes longer than `limit` seconds fails."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        request = {"tests": list(tests), "limit": limit, "measure": measure}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply


class Workers:
    """Several of them, each used by one thread at a time."""

    def __init__(self, jobs: int, name: str) -> None:
        self.jobs = jobs
        self._free: Queue[Worker] = Queue()
        for number in range(jobs):
            self._free.put(Worker(BUILD / f"copy-{name}-{number}"))

    def map(self, function: Any, items: Sequence[Any]) -> Iterator[Any]:
        """Yield the results of a function of an item and a worker, in order."""

        def attempt(item: Any) -> Any:
            worker = self._free.get()
            try:
                return function(item, worker)
            finally:
                self._free.put(worker)

        with ThreadPoolExecutor(self.jobs) as pool:
            yield from pool.map(attempt, items)


def copy(place: Path) -> Path:
    """Make a copy of the repository without what was built in it."""
    shutil.rmtree(place, ignore_errors=True)
    built = shutil.ignore_patterns(
        ".git", ".venv", "build", "*.egg-info", ".*_cache", ".hypothesis", "__pycache__"
    )
    shutil.copytree(ROOT, place, symlinks=True, ignore=built)
    return place


def try_all(mutants: Sequence[Mutant], tests: Tests, file: Path, workers: Workers) -> None:
    """Try mutants, a few at once; write each result as it comes."""

    def attempt(mutant: Mutant, worker: Worker) -> Result:
        return try_one(mutant, tests, worker)

    with file.open("a") as out:
        for number, result in enumerate(workers.map(attempt, mutants), 1):
            out.write(json.dumps(asdict(result)) + "\n")
            out.flush()
            print(f"{number}/{len(mutants)} {result.fate:<9} {result.key} {result.by}", flush=True)


def try_one(mutant: Mutant, tests: Tests, worker: Worker) -> Result:
    """Change the file in the copy, run the tests of the statement, change it back."""
    file = worker.place / mutant.path
    before = file.read_text()
    operator = plugins.get_operator(mutant.operator)()
    after = mutating.mutate_code(before, operator, mutant.occurrence) or before
    selection = tests.select(mutant)
    doctests = [f"refinegraph/{mutant.path}"] if ">>> " in before else []
    words = [*doctests, *selection.tests]
    reply: dict[str, Any] = {"failed": False, "by": ""}
    if words:
        file.write_text(after)
        try:
            # Thrice the time that the tests took, since the machine may be busier by now.
            reply = worker.run(words, 60.0 + 3 * selection.seconds)
        finally:
            file.write_text(before)
    unnoticed = "survived" if selection.tests and selection.direct else "untested"
    fate = "killed" if reply["failed"] else unnoticed
    return Result(mutant.key, fate, difference(before, after), reply["by"], tests.digest)


def difference(before: str, after: str) -> str:
    """Return the lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    main()
