"""Whether the tests notice when a line of graphs/ or tools/ is wrong: a sample of mutants.

    make mutants                                   # 200 mutants, seed 0: about 20 minutes
    .venv/bin/python benchmarks/mutants.py --count 50 --seed 1

cosmic-ray makes the mutants; each is tried in a copy of the repository, with the doctests of its
module and the quickest tests that execute its line, as coverage says. Results are kept below
build/mutants: a run that was interrupted goes on where it was, and the coverage of a test file is
measured again only after a change. Prints the mutants that survived, and those of lines that no
test executes.
"""

import argparse
import difflib
import hashlib
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

# Neither is typed, nor installed for the tests.
coverage: Any = importlib.import_module("coverage")
syntax: Any = importlib.import_module("cosmic_ray.ast")
mutating: Any = importlib.import_module("cosmic_ray.mutating")
plugins: Any = importlib.import_module("cosmic_ray.plugins")

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "mutants"
SOURCES = ("graphs", "tools")
LEFT_OUT = ("tools/sandbox/guest", "tools/sandbox/conformance")
"""The guest runs where coverage does not see it; the conformance suite is a test itself."""
TESTS = ("tests/agents", "tests/graphs", "tests/runs", "tests/tools", "tests/sandbox", "tests")
SLOW = ("test_conformance.py", "test_humaneval.py", "test_documents.py", "test_postgres.py")
SECONDS = 12.0
"""Of tests for one mutant: 200 of them on two cores then take 20 minutes at most."""
STARTING = 3.0
"""Seconds that pytest and the imports take before the first test."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    operator: str
    occurrence: int
    line: int

    @property
    def key(self) -> str:
        """What it is known by in the file of results."""
        return f"{self.path}:{self.line} {self.operator} {self.occurrence}"


@dataclass(frozen=True)
class Result:
    """What became of a mutant: `killed`, `survived`, or `untested` where no test runs its line."""

    key: str
    fate: str
    change: str


@dataclass(frozen=True)
class Related:
    """A test file, how long it takes, and the lines that it executes by file."""

    path: str
    seconds: float
    lines: dict[str, list[int]]


def main() -> None:
    """Sample, try and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    related = measured(options.jobs)
    chosen = sample(options.count, options.seed)
    file = BUILD / f"results-{digest(sources())}-{options.seed}.jsonl"
    done = {result.key for result in read(file)}
    left = [mutant for mutant in chosen if mutant.key not in done]
    print(f"{len(chosen)} mutants, {len(chosen) - len(left)} of them tried before", flush=True)
    try_all(left, related, file, options.jobs)
    keys = {mutant.key for mutant in chosen}
    tell([result for result in read(file) if result.key in keys])


def tell(results: Sequence[Result]) -> None:
    """Print what the tests did not notice."""
    for fate in ("survived", "untested"):
        for result in sorted(results, key=lambda result: result.key):
            if result.fate == fate:
                print(f"\n{fate}: {result.key}\n{result.change}")
    counts = {fate: sum(result.fate == fate for result in results) for fate in FATES}
    print(f"\n{', '.join(f'{count} {fate}' for fate, count in counts.items())}")


FATES = ("killed", "survived", "untested")


def sources() -> list[Path]:
    """Return the files that are mutated."""
    found = (path for name in SOURCES for path in (ROOT / name).rglob("*.py"))
    return sorted(path for path in found if not relative(path).startswith(LEFT_OUT))


def relative(path: Path) -> str:
    """Return a path as it is written in results."""
    return str(path.relative_to(ROOT))


def digest(paths: Sequence[Path]) -> str:
    """Return a short digest of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def read(file: Path) -> Iterator[Result]:
    """Yield the results so far; a line that was cut off is none."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            yield Result(**json.loads(line))
        except ValueError:
            continue


def sample(count: int, seed: int) -> list[Mutant]:
    """Return mutants of different places, so that no place counts for its many operators."""
    places: dict[tuple[str, Any], list[Mutant]] = {}
    for path in sources():
        for place, mutant in mutants_of(path):
            places.setdefault((relative(path), place), []).append(mutant)
    rng = random.Random(seed)
    chosen = rng.sample(sorted(places), min(count, len(places)))
    return [rng.choice(places[place]) for place in chosen]


def mutants_of(path: Path) -> Iterator[tuple[Any, Mutant]]:
    """Yield every mutant of a file with its place."""
    tree = syntax.get_ast_from_path(path)
    for name in sorted(plugins.operator_names()):
        # `int | None` is a type nearly everywhere, and its mutants do not even import.
        if "_BitOr_" in name or "Variable" in name:
            continue
        operator: Any = plugins.get_operator(name)()
        places = (
            place for node in syntax.ast_nodes(tree) for place in operator.mutation_positions(node)
        )
        for occurrence, (start, end) in enumerate(places):
            yield (start, end), Mutant(relative(path), name, occurrence, start[0])


def measured(jobs: int) -> list[Related]:
    """Return what each test file executes, measured now where it or the sources changed."""
    files = [path for folder in TESTS for path in sorted((ROOT / folder).glob("test_*.py"))]
    files = [path for path in files if path.name not in SLOW]
    with ThreadPoolExecutor(jobs) as pool:
        return [each for each in pool.map(measure, files) if each is not None]


def measure(test: Path) -> Related | None:
    """Run one test file under coverage; None where it fails."""
    kept = BUILD / "coverage" / f"{test.stem}-{digest([test, *sources()])}.json"
    if kept.exists():
        return Related(**json.loads(kept.read_text()))
    kept.parent.mkdir(parents=True, exist_ok=True)
    data = kept.with_suffix(".data")
    cover = [f"--data-file={data}", f"--source={','.join(SOURCES)}"]
    words = [sys.executable, "-m", "coverage", "run", *cover, *pytest_words([relative(test)])]
    began = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode:
        print(f"left out, it fails: {relative(test)}", flush=True)
        return None
    found = Related(relative(test), max(0.1, seconds - STARTING), lines_in(data))
    kept.write_text(json.dumps(asdict(found)))
    data.unlink(missing_ok=True)
    return found


def lines_in(data: Path) -> dict[str, list[int]]:
    """Return the lines that were executed, by file."""
    known = coverage.CoverageData(str(data))
    known.read()
    return {
        relative(Path(name)): sorted(known.lines(name) or ()) for name in known.measured_files()
    }


def pytest_words(paths: Sequence[str]) -> list[str]:
    """Return how tests are run: the first failure is enough."""
    return ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout=60", *paths]


def try_all(mutants: Sequence[Mutant], related: Sequence[Related], file: Path, jobs: int) -> None:
    """Try mutants, a few at once, each in a copy of its own; write each result as it comes."""
    copies: Queue[Path] = Queue()
    for number in range(jobs):
        copies.put(copy(BUILD / f"copy-{number}"))

    def attempt(mutant: Mutant) -> Result:
        place = copies.get()
        try:
            return try_one(mutant, related, place)
        finally:
            copies.put(place)

    with ThreadPoolExecutor(jobs) as pool, file.open("a") as out:
        for number, result in enumerate(pool.map(attempt, mutants), 1):
            out.write(json.dumps(asdict(result)) + "\n")
            out.flush()
            print(f"{number}/{len(mutants)} {result.fate:<9} {result.key}", flush=True)


def copy(place: Path) -> Path:
    """Make a copy of the repository without what was built in it."""
    shutil.rmtree(place, ignore_errors=True)
    built = shutil.ignore_patterns(
        ".git", ".venv", "build", "*.egg-info", ".*_cache", ".hypothesis"
    )
    shutil.copytree(ROOT, place, symlinks=True, ignore=built)
    return place


def try_one(mutant: Mutant, related: Sequence[Related], place: Path) -> Result:
    """Change the file in the copy, run the tests that execute the line, change it back."""
    file = place / mutant.path
    before = file.read_text()
    after = (
        mutating.mutate_code(before, plugins.get_operator(mutant.operator)(), mutant.occurrence)
        or before
    )
    change = "\n".join(
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    )
    tests = tests_for(mutant, related)
    doctests = f"refinegraph/{mutant.path}" if ">>> " in before else None
    if not tests and not doctests:
        return Result(mutant.key, "untested", change)
    file.write_text(after)
    try:
        killed = fails([*([doctests] if doctests else []), *(test.path for test in tests)], place)
    finally:
        file.write_text(before)
    unnoticed = "survived" if tests else "untested"
    return Result(mutant.key, "killed" if killed else unnoticed, change)


def tests_for(mutant: Mutant, related: Sequence[Related]) -> list[Related]:
    """Return the quickest test files that execute the line, as many as the time allows."""
    chosen: list[Related] = []
    left = SECONDS
    for test in sorted(related, key=lambda test: test.seconds):
        runs_it = mutant.line in test.lines.get(mutant.path, ())
        if runs_it and (not chosen or test.seconds < left):
            chosen.append(test)
            left -= test.seconds
    return chosen


def fails(paths: Sequence[str], place: Path) -> bool:
    """Return whether tests fail in a copy; those that never end do."""
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *pytest_words(paths)],
            cwd=place,
            env=environment,
            capture_output=True,
            timeout=10 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


if __name__ == "__main__":
    main()
